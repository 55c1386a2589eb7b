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
