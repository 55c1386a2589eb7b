namespace Edge.Trainer.Rounds;

/// <summary>One line of JSON on the child's standard output while a round runs.</summary>
/// <param name="Round">Number of the round.</param>
/// <param name="Step">Optimiser steps done.</param>
/// <param name="StepCount">Optimiser steps planned.</param>
/// <param name="Loss">Loss of the latest step.</param>
/// <param name="Epoch">Pass over the new windows that the latest step belongs to, from 1.</param>
public sealed record RoundProgress(int Round, int Step, int StepCount, double Loss, int Epoch = 0);
