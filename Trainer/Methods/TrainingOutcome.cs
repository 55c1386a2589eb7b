namespace Edge.Trainer.Methods;

/// <summary>How the training of a round went.</summary>
/// <param name="StepCount">Optimiser steps taken.</param>
/// <param name="FirstEpochLoss">Mean loss over the first epoch, or over what there was of it.</param>
/// <param name="LastEpochLoss">Mean loss over the last epoch, or over what there was of it.</param>
/// <param name="AbandonedBecause">Why the weights are not worth keeping; null when they are.</param>
public sealed record TrainingOutcome(int StepCount, double FirstEpochLoss, double LastEpochLoss, string? AbandonedBecause);
