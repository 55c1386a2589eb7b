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

    /// <summary>A configuration is on trial that changes how rounds are trained.</summary>
    public const string Trial = "trial";

    private const int EagerFactor = 4, LeastFresh = 2;
    private volatile bool driftWaits, trialWaits;

    /// <summary>A drift has found no round that could start. Until one starts, a quarter of <c>training.roundExamples</c> is enough, whoever asks.</summary>
    public void NoteDrift() => driftWaits = true;

    /// <summary>A round starts; the next one waits for all examples again, unless this one does not get to its beginning and <see cref="NoteDrift"/> says so.</summary>
    /// <returns>Whether a drift had waited for it.</returns>
    public bool NoteStart()
    {
        bool waited = driftWaits;
        (driftWaits, trialWaits) = (false, false);
        return waited;
    }

    /// <summary>A configuration on trial is to be shown by a round: until one starts, or <see cref="NoteTrialOver"/>, what is kept for replay makes one due, whoever asks.</summary>
    public void NoteTrial() => trialWaits = true;

    /// <summary>The trial is over; the next round waits for new examples again.</summary>
    public void NoteTrialOver() => trialWaits = false;

    /// <summary>New examples that make a round due. An untrained device, and one whose input has drifted, does not wait for all of <c>training.roundExamples</c>: a quarter will do. A trial does not wait for any where a quarter is kept
    /// for replay: two new ones will do.</summary>
    public int NeededFor(string reason)
    {
        var config = live.Current;
        bool eager = reason == Drift || driftWaits || snapshots.Current is not { Round: > 0 };
        int few = Math.Max(LeastFresh, config.Training.RoundExamples / EagerFactor);
        if ((reason == Trial || trialWaits) && buffer.Counts.ReplayCount >= few) return LeastFresh;
        return eager ? few : config.Training.RoundExamples;
    }

    /// <summary>Whether a round is due for that reason.</summary>
    public bool IsDue(string reason)
    {
        var (counts, config) = (buffer.Counts, live.Current);
        return config.Training.Enabled && config.Promotion.PinnedSnapshot.Length == 0 && counts.FreshCount >= NeededFor(reason) && counts.AnchorCount >= PromotionGate.Of(live).MinAnchors;
    }

    /// <summary>All that keeps a round for that reason from starting, for a person; empty when it is due.</summary>
    public string WhyNotDue(string reason)
    {
        var (counts, config, needed, anchors) = (buffer.Counts, live.Current, NeededFor(reason), PromotionGate.Of(live).MinAnchors);
        string[] why =
        [
            .. config.Training.Enabled ? [] : new[] { "training.enabled is false" },
            .. config.Promotion.PinnedSnapshot.Length == 0 ? [] : new[] { $"promotion.pinnedSnapshot is {config.Promotion.PinnedSnapshot}" },
            .. counts.FreshCount >= needed ? [] : new[] { $"{counts.FreshCount} of the {needed} labelled windows that a round needs now (training.roundExamples is {config.Training.RoundExamples})" },
            .. counts.AnchorCount >= anchors ? [] : new[] { $"{counts.AnchorCount} of the {anchors} anchors of promotion.minAnchors" },
        ];
        return string.Join("; ", why);
    }
}
