using System.ComponentModel.DataAnnotations;

namespace Edge.Config;

/// <summary>When a candidate snapshot replaces the running one: it must be at least as good on the anchor set.</summary>
public sealed record PromotionSection
{
    /// <summary>How many points the candidate's accuracy on the anchor set may lie below the running snapshot's.</summary>
    /// <value>Default 0.5. Negative: it must be better by that much. 100: accuracy never refuses a candidate.</value>
    [Range(-100, 100)]
    [Change(ConfigChange.Live)]
    public double MaxAccuracyDropPoints { get; init; } = 0.5;

    /// <summary>How many points the worst class may lose.</summary>
    /// <value>Default 25: with ten anchors a class one flip is ten points, so a smaller limit would judge noise. 100: never refuses.</value>
    [Range(0, 100)]
    [Change(ConfigChange.Live)]
    public double MaxClassDropPoints { get; init; } = 25;

    /// <summary>Anchors below which no candidate is judged, so no round is started.</summary>
    /// <value>Default 6. Must not exceed <c>replay.anchorCapacity</c>. Higher: the first snapshot comes later and is judged better.</value>
    [Range(1, 100_000)]
    [Change(ConfigChange.Live)]
    public int MinAnchors { get; init; } = 6;

    /// <summary>Largest difference between the trainer's and the exported graph's embeddings of the same windows, as a share of the largest magnitude among them.</summary>
    /// <value>Default 0.00001. Below 1e-6 rounding alone refuses candidates; above 0.01 a wrong export may pass.</value>
    [Range(1e-7, 1)]
    [Change(ConfigChange.Live)]
    public double MaxParityError { get; init; } = 1e-5;

    /// <summary>Snapshots kept on disk, the running one included.</summary>
    /// <value>Default 5. 2: the running one and the one to go back to.</value>
    [Range(2, 1000)]
    [Change(ConfigChange.Pipeline)]
    public int KeepSnapshots { get; init; } = 5;

    /// <summary>Most disk that they may take together, MiB.</summary>
    /// <value>Default 256; a snapshot of the default backbone takes a few MiB. The running one and the one to go back to stay whatever they take.</value>
    [Range(1, 1_000_000)]
    [Change(ConfigChange.Pipeline)]
    public int KeepSnapshotsMiB { get; init; } = 256;

    /// <summary>Id of the snapshot that is to run, and no other: no round is started and none that is offered is taken while it is set.</summary>
    /// <value>Empty (default): the newest that was promoted. An id that the device does not hold is refused over the air. When it is emptied again the device goes on from the snapshot that was pinned; when the pin
    /// fails on trial, the one before runs again.</value>
    [Change(ConfigChange.Pipeline)]
    [StringLength(64)]
    public string PinnedSnapshot { get; init; } = "";
}
