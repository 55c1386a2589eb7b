using System.ComponentModel.DataAnnotations;

namespace Edge.Config;

/// <summary>How samples become windows.</summary>
public sealed record WindowSection
{
    /// <summary>Samples per window.</summary>
    /// <value>Default 128 (2.56 s at 50 Hz). Longer: steadier and later predictions; shorter: quicker ones that see less than a whole step. Changing it needs a
    /// new snapshot.</value>
    [Range(16, 4096)]
    [Change(ConfigChange.Snapshot)]
    public int Length { get; init; } = 128;

    /// <summary>Samples from the start of one window to the start of the next.</summary>
    /// <value>Default 64 (half overlap). Smaller: more predictions per second, each costing an inference. Equal to <c>length</c>: no overlap. Must not exceed
    /// <c>length</c>.</value>
    [Range(1, 4096)]
    [Change(ConfigChange.Pipeline)]
    public int Stride { get; init; } = 64;

    /// <summary>Windows kept in memory so that a late label still finds its window.</summary>
    /// <value>Default 1024 (4.7 MB at 9 x 128; 22 min at 50 Hz and stride 64).</value>
    [Range(16, 65_536)]
    [Change(ConfigChange.Pipeline)]
    public int RingCapacity { get; init; } = 1024;
}
