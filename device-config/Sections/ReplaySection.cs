using System.ComponentModel.DataAnnotations;

namespace Edge.Config;

/// <summary>What the device remembers of the past.</summary>
public sealed record ReplaySection
{
    /// <summary>Most examples kept for replay, over all classes.</summary>
    /// <value>Default 306: with <c>anchorCapacity</c> 60 together 366, 5 % of UCI HAR's training split. Smaller: more is forgotten; larger: more disk, and
    /// rounds see each example less often.</value>
    [Range(2, 1_000_000)]
    [Change(ConfigChange.Pipeline)]
    public int Capacity { get; init; } = 306;

    /// <summary>Most room that their values may take, KiB; what is reached first binds, this or <c>capacity</c>. Anchors and what waits for a round do not count, nor what the file adds (some 100 bytes each, and half-filled pages).</summary>
    /// <value>Default 0: no limit of its own. A window of 9 x 128 takes 4.5 KiB as float32, 2.25 as float16, 2.32 as int16.</value>
    [Range(0, int.MaxValue)]
    [Change(ConfigChange.Pipeline)]
    public int CapacityKiB { get; init; }

    /// <summary>Which examples are kept when there is no room. When it is changed, what is kept stays as far as it fits.</summary>
    /// <value><c>classBalanced</c> (default): classes as evenly as they come, each a uniform sample of what was seen of it. <c>reservoir</c>: a uniform sample of everything; a rare class may vanish. <c>ring</c>: the newest of each class.
    /// <c>herding</c>: per class those whose mean is nearest to the mean of the class (iCaRL); an offer costs the square of what is kept of a class: 0.13 ms at 50, 5 ms at 1000. <c>segmented</c>: a share for each of up to 8 stretches of
    /// time, and in it for each class, so that the time before a drift is remembered.</value>
    [AllowedValues("classBalanced", "reservoir", "ring", "herding", "segmented")]
    [Change(ConfigChange.Pipeline)]
    public string Policy { get; init; } = "classBalanced";

    /// <summary>Shortest stretch of time that <c>segmented</c> tells apart, seconds of stream time; older ones are joined.</summary>
    /// <value>Default 3600. Shorter: the recent past is kept in more detail, and a segment may hold few labels; longer: what happens within one is not told apart.</value>
    [Range(1, 31_536_000)]
    [Change(ConfigChange.Pipeline)]
    public double SegmentSeconds { get; init; } = 3600;

    /// <summary>How new windows are stored; old ones stay as they are.</summary>
    /// <value><c>float32</c> (default): as they are. <c>float16</c>: half the room, error at most 1/2048 of the value. <c>int16</c>: half the room, error at most 1/131,000 of the channel's range in the window. A window that the kind cannot
    /// hold (not finite, or beyond 65,504 in float16) is stored as float32.</value>
    [AllowedValues("float32", "float16", "int16")]
    [Change(ConfigChange.Pipeline)]
    public string Payload { get; init; } = "float32";

    /// <summary>Most labelled windows held out to judge snapshots, over all classes. They are never trained on.</summary>
    /// <value>Default 60. Below ten per class one flipped anchor outweighs a real gain; each anchor is an example that is not trained on.</value>
    [Range(2, 1_000_000)]
    [Change(ConfigChange.Pipeline)]
    public int AnchorCapacity { get; init; } = 60;

    /// <summary>Share of time blocks whose labelled windows are held out, 0.01 to 0.5.</summary>
    /// <value>Default 0.15. Near 0.01 the anchor set fills very slowly and no candidate is judged before; at 0.5 half of all labels train nothing.</value>
    [Range(0.01, 0.5)]
    [Change(ConfigChange.Pipeline)]
    public double AnchorShare { get; init; } = 0.15;

    /// <summary>Length of such a block, seconds of stream time. Neighbouring windows are near-copies, so whole blocks are held out.</summary>
    /// <value>Default 10. A window that is only partly in such a block is neither held out nor trained on: the shorter the blocks, the more labels that costs (6.5 % with windows
    /// of 2.56 s and the default; less than two windows counts as two); very long: whole classes fall into one block.</value>
    [Range(0.1, 3600)]
    [Change(ConfigChange.Pipeline)]
    public double AnchorBlockSeconds { get; init; } = 10;

    /// <summary>Most labelled windows that wait for the next training round, beside the replay buffer.</summary>
    /// <value>Default 512. When full the oldest is let go (counted), or, at sensor speed 0, the stream waits.</value>
    [Range(2, 1_000_000)]
    [Change(ConfigChange.Pipeline)]
    public int FreshCapacity { get; init; } = 512;

    /// <summary>A batch of examples is made durable when it holds this many …</summary>
    /// <value>Default 64. Larger: less flash wear, later acknowledgement.</value>
    [Range(1, 4096)]
    [Change(ConfigChange.Live)]
    public int CommitBatchSize { get; init; } = 64;

    /// <summary>… or when its first example has waited this long, milliseconds.</summary>
    /// <value>Default 250. Larger: less flash wear, and more acknowledgements outstanding when power fails.</value>
    [Range(1, 60_000)]
    [Change(ConfigChange.Live)]
    public int CommitDelayMs { get; init; } = 250;

    /// <summary>How often a copy of the store's file is made while it changes, minutes. A damaged file is restored from the newest copy.</summary>
    /// <value>Default 60. Each copy writes the whole file once; smaller: more wear of a flash medium, less lost when a whole file is unreadable.</value>
    [Range(1, 100_000)]
    [Change(ConfigChange.Pipeline)]
    public int CopyMinutes { get; init; } = 60;

    /// <summary>Copies kept.</summary>
    /// <value>Default 2. 0: none are made, and of a damaged file only what can still be read is left.</value>
    [Range(0, 100)]
    [Change(ConfigChange.Pipeline)]
    public int KeepCopies { get; init; } = 2;

    /// <summary>Seed of the reservoir's draws and of the choice of held-out time blocks.</summary>
    /// <value>Default 1. Any other is as good; one seed makes a run repeatable.</value>
    [Range(0, int.MaxValue)]
    [Change(ConfigChange.Pipeline)]
    public int Seed { get; init; } = 1;
}
