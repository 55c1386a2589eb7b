using Edge.Trainer.Backbones;

namespace Edge.Trainer.Methods;

/// <summary>What a round is to train, and on what.</summary>
public sealed record TrainingOrder
{
    /// <summary>The parent's weights in, the candidate's out; undefined when the outcome is abandoned.</summary>
    public required LearnerNet Net { get; init; }

    /// <summary>The windows.</summary>
    public required TrainingPool Pool { get; init; }

    /// <summary>Pool indices of the new windows.</summary>
    public required IReadOnlyList<int> Fresh { get; init; }

    /// <summary>What can be replayed; gets the new windows as they are trained on.</summary>
    public required IReplayMemory Memory { get; init; }

    /// <summary>Whether the new windows come in the order given instead of a random one.</summary>
    public bool InStreamOrder { get; init; }

    /// <summary>Windows that are only looked at, to keep the best pass; null: the last pass is kept.</summary>
    public TrainingPool? Anchors { get; init; }

    /// <summary>Keeps where the round stands; null: nowhere, and a round that is interrupted starts over.</summary>
    public IRoundProgress? Progress { get; init; }

    /// <summary>The time that there is; null: any.</summary>
    public TimeAllowance? Time { get; init; }

    /// <summary>Called after every step with steps done, steps planned, loss.</summary>
    public Action<int, int, double> Report { get; init; } = (_, _, _) => { };

    /// <summary>Checked before every step.</summary>
    public CancellationToken Cancel { get; init; }
}
