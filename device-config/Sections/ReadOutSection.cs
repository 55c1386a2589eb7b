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

    /// <summary>What an augmented copy of every labelled window weighs in the statistics of the frozen features, where the window itself weighs 1: the sensor as it may sit and measure another day, before it does.</summary>
    /// <value>Default 0: no copies. 0.3 is what the benchmark's <c>edge</c> has: on gains and turns that a device had not met yet it was right far more often, and no less once they were learnt (RESULTS.md of the trainer). Every label
    /// costs one more run of the network then. At 1 what was never recorded counts as much as what was. Copies are of labels from the change on, and of those that are counted anew.</value>
    [Range(0, 1)]
    [Change(ConfigChange.Pipeline)]
    public double CopyWeight { get; init; }

    /// <summary>Standard deviation of the gain around 1 that a copy has, drawn for each channel.</summary>
    /// <value>Default 0.1. 0: none; above 0.3 gains near zero come up, which silence a channel.</value>
    [Range(0, 1)]
    [Change(ConfigChange.Pipeline)]
    public double CopyScaling { get; init; } = 0.1;

    /// <summary>Largest angle by which a copy is turned in space, degrees, about an axis of any direction; the channels that are axes are those of <c>training.augmentation.triaxialGroups</c> at the start.</summary>
    /// <value>Default 20, a badly refitted strap. 0: none; above 45 gravity no longer tells postures apart.</value>
    [Range(0, 180)]
    [Change(ConfigChange.Pipeline)]
    public double CopyRotationDegrees { get; init; } = 20;

    /// <summary>What everything counted of the frozen features weighs from the moment on at which a confirmed drift starts a round: for classes that change their meaning, so that what comes next weighs more.</summary>
    /// <value>Default 1: nothing is discounted, which is right where the input drifts and classes keep their meaning (RESULTS.md of the trainer: on gas sensors that age, a discount did not help). 0.5: the past counts half, a quarter after a second
    /// drift; near 0 it is as good as forgotten, and classes that are not labelled again are read out by their few last examples.</value>
    [Range(0.001, 1)]
    [Change(ConfigChange.Live)]
    public double DriftDiscount { get; init; } = 1;
}
