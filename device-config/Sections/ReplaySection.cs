using System.ComponentModel.DataAnnotations;

namespace Edge.Config;

/// <summary>What the device remembers of the past.</summary>
public sealed record ReplaySection
{
    /// <summary>Most examples kept for replay, over all classes.</summary>
    /// <value>Default 306: with <c>anchorCapacity</c> 60 together 366, 5 % of UCI HAR's training split. Smaller: more is forgotten; larger: more disk, and
    /// rounds see each example less often.</value>
    [Range(2, 1_000_000)]
    public int Capacity { get; init; } = 306;

    /// <summary>Most labelled windows held out to judge snapshots, over all classes. They are never trained on.</summary>
    /// <value>Default 60. Below ten per class one flipped anchor outweighs a real gain; each anchor is an example that is not trained on.</value>
    [Range(2, 1_000_000)]
    public int AnchorCapacity { get; init; } = 60;

    /// <summary>Share of time blocks whose labelled windows are held out, 0.01 to 0.5.</summary>
    /// <value>Default 0.15. Near 0.01 the anchor set fills very slowly and no candidate is judged before; at 0.5 half of all labels train nothing.</value>
    [Range(0.01, 0.5)]
    public double AnchorShare { get; init; } = 0.15;

    /// <summary>Length of such a block, seconds of stream time. Neighbouring windows are near-copies, so whole blocks are held out.</summary>
    /// <value>Default 10. Shorter than a window: held-out windows overlap trained ones and the gate is fooled; very long: whole classes fall into one
    /// block.</value>
    [Range(0.1, 3600)]
    public double AnchorBlockSeconds { get; init; } = 10;

    /// <summary>Most labelled windows that wait for the next training round, beside the replay buffer.</summary>
    /// <value>Default 512. When full the oldest is let go (counted), or, at sensor speed 0, the stream waits.</value>
    [Range(2, 1_000_000)]
    public int FreshCapacity { get; init; } = 512;

    /// <summary>A batch of examples is made durable when it holds this many …</summary>
    /// <value>Default 64. Larger: less flash wear, later acknowledgement.</value>
    [Range(1, 4096)]
    public int CommitBatchSize { get; init; } = 64;

    /// <summary>… or when its first example has waited this long, milliseconds.</summary>
    /// <value>Default 250. Larger: less flash wear, and more acknowledgements outstanding when power fails.</value>
    [Range(1, 60_000)]
    public int CommitDelayMs { get; init; } = 250;

    /// <summary>How often a copy of the store's file is made while it changes, minutes. A damaged file is restored from the newest copy.</summary>
    /// <value>Default 60. Each copy writes the whole file once; smaller: more wear of a flash medium, less lost when a whole file is unreadable.</value>
    [Range(1, 100_000)]
    public int CopyMinutes { get; init; } = 60;

    /// <summary>Copies kept.</summary>
    /// <value>Default 2. 0: none are made, and of a damaged file only what can still be read is left.</value>
    [Range(0, 100)]
    public int KeepCopies { get; init; } = 2;

    /// <summary>Seed of the reservoir's draws and of the choice of held-out time blocks.</summary>
    /// <value>Default 1. Any other is as good; one seed makes a run repeatable.</value>
    [Range(0, int.MaxValue)]
    public int Seed { get; init; } = 1;
}
