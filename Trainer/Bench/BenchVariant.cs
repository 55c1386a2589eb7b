using Edge.Config;
using Edge.Storage;

namespace Edge.Trainer.Bench;

/// <summary>
/// What the benchmark can try of a method and no configuration has: in a method's text behind <c>bench.</c>, for example <c>edge:bench.firstSession=true,bench.viewWeight=0.3</c>. Where nothing is said a learner is what its
/// name says. <see cref="Pretrain"/> and <see cref="Retention"/> are of the trained branch and its memory; the rest is of the frozen branch and without effect where there is none.
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

    /// <summary>λ of the frozen ridge in examples, above 0, instead of the one that does best on the remembered windows left out one by one; 30 is the service's. Null: chosen.</summary>
    public double? Lambda { get; init; }

    /// <summary>
    /// Whether channels 0 to 2, 3 to 5 and so on are x, y and z of one sensor where the data set does not name its channels. False: windows of such a set are not turned, whatever a view says, since what is turned must be axes of one space.
    /// </summary>
    public bool ConsecutiveAxes { get; init; }

    /// <summary>What such a copy may differ by; turned only about axes that are known (<see cref="ConsecutiveAxes"/>).</summary>
    public AugmentationSection View { get; init; } = new() { RotationDegrees = 20 };

    /// <summary>Which windows the trained branch learns from without their labels before the first round (<see cref="Methods.ContrastivePretraining"/>). Null: none.</summary>
    public UnlabelledWindows? Pretrain { get; init; }

    /// <summary>Passes over them, from 1.</summary>
    public int PretrainEpochs { get; init; } = 10;

    /// <summary>What their views may differ by: more than a labelled window's, or telling windows apart is too easy (Chen et al. 2020, section 3.2).</summary>
    public AugmentationSection PretrainView { get; init; } = new() { RotationDegrees = 20, Crop = 0.8, Scaling = 0.2, Jitter = 0.1 };

    /// <summary>Replayed windows per step, 1 to 4096, whatever suits the method: <c>er</c>, <c>erAce</c>, <c>derpp</c> and <c>pcr</c> take 32 by themselves. Null: what the method does.</summary>
    public int? ReplayBatchSize { get; init; }

    /// <summary>Whether every window comes with an augmented view, as in <c>supconReplay</c>; for <c>er</c> and <c>erAce</c> alone, whose losses take any rows. Null: what the method does.</summary>
    public bool? Views { get; init; }

    /// <summary>Whether the outcome of a round is the moving average of the weights, as in <c>supconReplay</c>. Null: what the method does.</summary>
    public bool? Average { get; init; }

    /// <summary>What of the labelled windows is remembered, of all classes together. Null: what the protocol says, a quota of each class or the class-balanced reservoir.</summary>
    public RetentionKind? Retention { get; init; }
}

/// <summary>What a device has met before the first label.</summary>
public enum UnlabelledWindows
{
    /// <summary>The windows of the stream's first step: what comes first when the sensor is switched on.</summary>
    First,

    /// <summary>All training windows: an upper bound that no device has.</summary>
    All,
}
