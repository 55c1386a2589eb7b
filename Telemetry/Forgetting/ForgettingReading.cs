namespace Edge.Telemetry.Forgetting;

/// <summary>Accuracy of one class on the anchor set.</summary>
/// <param name="AccuracyPercent">Share of its anchors that were recognised, percent.</param>
/// <param name="AnchorCount">Number of its anchors, at least 1.</param>
public readonly record struct AnchorAccuracy(double AccuracyPercent, int AnchorCount);

/// <summary>How much of one class is left.</summary>
/// <param name="Class">Name of the class.</param>
/// <param name="AccuracyPercent">Accuracy now, percent.</param>
/// <param name="BestPercent">Best accuracy so far, this evaluation included, percent.</param>
/// <param name="ForgettingPoints">Best so far minus now, percentage points, at least 0.</param>
/// <param name="AnchorCount">Anchors it was measured on.</param>
public sealed record ClassForgetting(string Class, double AccuracyPercent, double BestPercent, double ForgettingPoints, int AnchorCount);

/// <summary>One evaluation of a snapshot on the anchor set.</summary>
/// <param name="SnapshotId">The snapshot.</param>
/// <param name="Round">The training round that made it; 0 for the first.</param>
/// <param name="PerClass">One entry per class that has anchors, in order of first appearance.</param>
/// <param name="AverageAccuracyPercent">Mean of the class accuracies: every class counts the same, however many anchors it has.</param>
/// <param name="ForgettingChaudhryPoints">
/// Mean over the classes evaluated before of (best earlier accuracy) − (accuracy now), percentage points: Chaudhry's definition with classes for tasks and
/// evaluations
/// for rows. This evaluation is not in the maximum, so it is negative when classes are better than ever. 0 when no class was evaluated before.
/// </param>
public sealed record ForgettingReading(
    string SnapshotId,
    int Round,
    IReadOnlyList<ClassForgetting> PerClass,
    double AverageAccuracyPercent,
    double ForgettingChaudhryPoints);
