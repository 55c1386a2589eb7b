namespace Edge.Trainer.Methods;

/// <summary>How the training of a round went.</summary>
/// <param name="StepCount">Optimiser steps taken.</param>
/// <param name="FirstEpochLoss">Mean loss over the first epoch, or over what there was of it.</param>
/// <param name="LastEpochLoss">Mean loss over the last epoch, or over what there was of it.</param>
/// <param name="AbandonedBecause">Why the weights are not worth keeping; null when they are.</param>
public sealed record TrainingOutcome(int StepCount, double FirstEpochLoss, double LastEpochLoss, string? AbandonedBecause)
{
    /// <summary>Of <see cref="EndedEarly"/>: one step more might have taken too long.</summary>
    public const string TimeBudget = "time budget";

    /// <summary>Of <see cref="EndedEarly"/>: no gain on the anchor set for too long.</summary>
    public const string AnchorSet = "anchor set";

    /// <summary>What ended the training before its last step; null: nothing did.</summary>
    public string? EndedEarly { get; init; }

    /// <summary>The pass whose weights were kept, from 1; null where the anchor set was not looked at: the last.</summary>
    public int? KeptEpoch { get; init; }

    /// <summary>Share of the anchors that the nearest class mean told apart with the kept weights, percent; null where they were not looked at.</summary>
    public double? AnchorPercent { get; init; }

    /// <summary>Step after which an earlier attempt was interrupted and this one went on; null: it started over.</summary>
    public int? ResumedAtStep { get; init; }

    /// <summary>Rows that went through the backbone at a time; the whole batch where there were fewer.</summary>
    public int MicroBatchSize { get; init; }

    /// <summary>Numbers that the backbone computed with, <c>float32</c> or <c>bfloat16</c>.</summary>
    public string Precision { get; init; } = "float32";
}
