using Edge.Config;

namespace Edge.Trainer.Bench;

/// <summary>
/// What the benchmark can try of a method's frozen branch and no configuration has: in a method's text behind <c>bench.</c>, for example <c>edge:bench.firstSession=true,bench.viewWeight=0.3</c>. Where nothing is said a learner is what its
/// name says. Without a frozen branch it is without effect.
/// </summary>
public sealed record BenchVariant
{
    /// <summary>
    /// Whether what all layers of the trained network see, as it is after the first round, is appended to the frozen features for good: the features adapt once and stay exact from then on.
    /// McDonnell et al. 2023, "RanPAC: Random Projections and Pre-trained Models for Continual Learning", section 4 (first-session adaptation). Deviations: appended to the bank instead of projected at random; no pre-trained model.
    /// Null: what the method does: <c>edge</c> does it with feature vectors.
    /// </summary>
    public bool? FirstSession { get; init; }

    /// <summary>Whether the windows held out for anchors are counted in the frozen branch once the read-out has been chosen without them. Null: as <see cref="FirstSession"/>.</summary>
    public bool? CountAnchors { get; init; }

    /// <summary>
    /// What one augmented copy of every window weighs in the statistics of the frozen branch: 0 (none) to 1 (as much as a window). Null: what the method does, 0.3 in <c>edge</c> where windows have time, else 0.
    /// </summary>
    public double? ViewWeight { get; init; }

    /// <summary>What such a copy may differ by.</summary>
    public AugmentationSection View { get; init; } = new() { RotationDegrees = 20 };
}
