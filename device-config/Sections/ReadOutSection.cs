using System.ComponentModel.DataAnnotations;

namespace Edge.Config;

/// <summary>How classes are read out of what the snapshot computes from a window.</summary>
public sealed record ReadOutSection
{
    /// <summary>Which read-out decides.</summary>
    /// <value><c>auto</c> (default): whichever does best on the anchor set, chosen anew with every round. <c>prototypes</c>: nearest class mean of the trained embedding. <c>frozenRidge</c>: exact ridge on the
    /// frozen features. <c>fused</c>: both, the share of the trained branch chosen on the anchor set. Classes with fewer than three examples are always read out by prototypes, and so is everything where
    /// the snapshot has no frozen branch.</value>
    [AllowedValues("auto", "prototypes", "frozenRidge", "fused")]
    [Change(ConfigChange.Pipeline)]
    public string Kind { get; init; } = "auto";

    /// <summary>Random, never trained features that are computed beside the trained backbone; the nearest size from below that the window allows.</summary>
    /// <value>Default 737 (13 MB of memory for six classes; it grows with the square, and linearly with the classes). 0: no frozen branch, prototypes only. A change takes effect with the next promoted
    /// snapshot; what was counted of the old features is then made anew from what the replay buffer holds.</value>
    [Range(0, 8192)]
    [Change(ConfigChange.Pipeline)]
    public int FrozenFeatures { get; init; } = 737;

    /// <summary>Seed of the frozen features.</summary>
    /// <value>Default 1. Any other is as good; a change has the effect of a changed <c>frozenFeatures</c>.</value>
    [Range(0, int.MaxValue)]
    [Change(ConfigChange.Pipeline)]
    public int FrozenSeed { get; init; } = 1;

    /// <summary>What everything counted of the frozen features weighs from the moment on at which a confirmed drift starts a round: for classes that change their meaning, so that what comes next weighs more.</summary>
    /// <value>Default 1: nothing is discounted, which is right where the input drifts and classes keep their meaning (RESULTS.md of the trainer: on gas sensors that age, a discount did not help). 0.5: the past counts half, a quarter after a second
    /// drift; near 0 it is as good as forgotten, and classes that are not labelled again are read out by their few last examples.</value>
    [Range(0.001, 1)]
    [Change(ConfigChange.Live)]
    public double DriftDiscount { get; init; } = 1;
}
