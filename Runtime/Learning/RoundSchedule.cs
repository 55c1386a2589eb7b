using Edge.Runtime.Updates;
using Edge.Storage;

namespace Edge.Runtime.Learning;

/// <summary>When a training round is due: enough new examples to learn from, and enough anchors to judge by. Safe from any thread.</summary>
public sealed class RoundSchedule(LiveConfig live, ReplayBuffer buffer, SnapshotStore snapshots)
{
    /// <summary>The example stage has stored new examples.</summary>
    public const string Examples = "examples";

    /// <summary>The drift monitor rang.</summary>
    public const string Drift = "drift";

    private const int EagerFactor = 4;
    private volatile bool driftWaits;

    /// <summary>A drift has found no round that could start. Until one starts, a quarter of <c>training.roundExamples</c> is enough, whoever asks.</summary>
    public void NoteDrift() => driftWaits = true;

    /// <summary>A round starts; the next one waits for all examples again.</summary>
    /// <returns>Whether a drift had waited for it.</returns>
    public bool NoteStart()
    {
        bool waited = driftWaits;
        driftWaits = false;
        return waited;
    }

    /// <summary>New examples that make a round due. An untrained device, and one whose input has drifted, does not wait for all of <c>training.roundExamples</c>: a quarter will do.</summary>
    public int NeededFor(string reason)
    {
        var config = live.Current;
        bool eager = reason == Drift || driftWaits || snapshots.Current is not { Round: > 0 };
        return eager ? Math.Max(2, config.Training.RoundExamples / EagerFactor) : config.Training.RoundExamples;
    }

    /// <summary>Whether a round is due for that reason.</summary>
    public bool IsDue(string reason)
    {
        var (counts, config) = (buffer.Counts, live.Current);
        return config.Training.Enabled && config.Promotion.PinnedSnapshot.Length == 0 && counts.FreshCount >= NeededFor(reason) && counts.AnchorCount >= config.Promotion.MinAnchors;
    }

    /// <summary>All that keeps a round for that reason from starting, for a person; empty when it is due.</summary>
    public string WhyNotDue(string reason)
    {
        var (counts, config, needed) = (buffer.Counts, live.Current, NeededFor(reason));
        string[] why =
        [
            .. config.Training.Enabled ? [] : new[] { "training.enabled is false" },
            .. config.Promotion.PinnedSnapshot.Length == 0 ? [] : new[] { $"promotion.pinnedSnapshot is {config.Promotion.PinnedSnapshot}" },
            .. counts.FreshCount >= needed ? [] : new[] { $"{counts.FreshCount} of the {needed} labelled windows that a round needs now (training.roundExamples is {config.Training.RoundExamples})" },
            .. counts.AnchorCount >= config.Promotion.MinAnchors ? [] : new[] { $"{counts.AnchorCount} of the {config.Promotion.MinAnchors} anchors of promotion.minAnchors" },
        ];
        return string.Join("; ", why);
    }
}
