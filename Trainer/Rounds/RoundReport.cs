namespace Edge.Trainer.Rounds;

/// <summary>How a round ended, <c>report.json</c> beside the candidate.</summary>
public sealed record RoundReport
{
    /// <summary>Version of this document.</summary>
    public int Schema { get; init; } = 1;

    /// <summary>Number of the round.</summary>
    public required int Round { get; init; }

    /// <summary>True when there is a candidate; false when the round gave up (<see cref="AbandonedBecause"/>).</summary>
    public required bool HasCandidate { get; init; }

    /// <summary>Why there is none: NaN in the loss, for example. Null when there is one.</summary>
    public string? AbandonedBecause { get; init; }

    /// <summary>Why the weights began anew instead of going on from the parent's; null: they went on, or there was no parent.</summary>
    public string? BeganAnewBecause { get; init; }

    /// <summary>What ended the training before its last step: <c>time budget</c> or <c>anchor set</c>; null: nothing did.</summary>
    public string? EndedEarly { get; init; }

    /// <summary>The pass whose weights were kept, from 1; null: the last, the anchor set was not looked at.</summary>
    public int? KeptEpoch { get; init; }

    /// <summary>Share of the anchors that the nearest class mean told apart with the kept weights, percent; null where they were not looked at.</summary>
    public double? AnchorPercent { get; init; }

    /// <summary>Step after which an earlier attempt was interrupted and this one went on; null: it began at the first.</summary>
    public int? ResumedAtStep { get; init; }

    /// <summary>Where it was computed: <c>cpu</c> or <c>cuda</c>.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Numbers that the backbone computed with: <c>float32</c> or <c>bfloat16</c>.</summary>
    public string Precision { get; init; } = "float32";

    /// <summary>Rows that went through the backbone at a time at most; 0: it was not trained.</summary>
    public int MicroBatchSize { get; init; }

    /// <summary>Optimiser steps taken.</summary>
    public int StepCount { get; init; }

    /// <summary>Mean loss over the first epoch.</summary>
    public double FirstEpochLoss { get; init; }

    /// <summary>Mean loss over the last epoch.</summary>
    public double LastEpochLoss { get; init; }

    /// <summary>New windows trained on.</summary>
    public int FreshCount { get; init; }

    /// <summary>Windows that could be replayed.</summary>
    public int ReplayCount { get; init; }

    /// <summary>Length of the candidate's embedding.</summary>
    public int EmbeddingLength { get; init; }

    /// <summary>Wall time of the round, seconds, without the start of the process.</summary>
    public double Seconds { get; init; }

    /// <summary>Peak resident memory of the child, MiB.</summary>
    public double PeakRssMiB { get; init; }
}
