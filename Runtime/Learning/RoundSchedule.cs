using Edge.Runtime.Updates;
using Edge.Storage;

namespace Edge.Runtime.Learning;

/// <summary>When a training round is due: enough new examples to learn from, and enough anchors to judge by.</summary>
public sealed class RoundSchedule(LiveConfig live, ReplayBuffer buffer, SnapshotStore snapshots)
{
    /// <summary>The example stage has stored new examples.</summary>
    public const string Examples = "examples";

    /// <summary>The drift monitor rang.</summary>
    public const string Drift = "drift";

    private const int EagerFactor = 4;

    /// <summary>New examples that make a round due. An untrained device, and one whose input has drifted, does not wait for all of <c>training.roundExamples</c>: a quarter will do.</summary>
    public int NeededFor(string reason)
    {
        var config = live.Current;
        bool eager = reason == Drift || snapshots.Current is not { Round: > 0 };
        return eager ? Math.Max(2, config.Training.RoundExamples / EagerFactor) : config.Training.RoundExamples;
    }

    /// <summary>Whether a round is due for that reason.</summary>
    public bool IsDue(string reason)
    {
        var (counts, config) = (buffer.Counts, live.Current);
        return config.Training.Enabled && config.Promotion.PinnedSnapshot.Length == 0 && counts.FreshCount >= NeededFor(reason) && counts.AnchorCount >= config.Promotion.MinAnchors;
    }
}
