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

/// <summary>
/// One evaluation of a snapshot on the anchor set. Where a definition speaks of tasks, classes stand for them: a class is learned at the first evaluation that has anchors of it, and every evaluation is a row of the accuracy matrix.
/// </summary>
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
    double ForgettingChaudhryPoints)
{
    /// <summary>Share of all anchors that were recognised: a class counts by its anchors.</summary>
    public double OverallAccuracyPercent { get; init; }

    /// <summary>Backward transfer: mean over the classes evaluated before of (accuracy now) − (accuracy when it was learned), percentage points (Lopez-Paz and Ranzato 2017, equation 3). Negative when later learning hurt. 0 when
    /// no class was evaluated before.</summary>
    public double BwtLopezPazPoints { get; init; }

    /// <summary>Learning accuracy: mean over the classes here of the accuracy at the evaluation that was the class's first (Riemer et al. 2019).</summary>
    public double LearningAccuracyPercent { get; init; }

    /// <summary>Anytime average accuracy: mean of <see cref="AverageAccuracyPercent"/> over all evaluations so far, this one included.</summary>
    public double AnytimeAverageAccuracyPercent { get; init; }

    /// <summary>min-ACC: mean over the classes evaluated before of the lowest accuracy since the class was learned, this evaluation included (De Lange et al. 2023); null when no class was evaluated before.</summary>
    public double? MinAccDeLangePercent { get; init; }

    /// <summary>
    /// WC-ACC: the classes learned with this evaluation at their accuracy, those evaluated before at <see cref="MinAccDeLangePercent"/>, weighted by how many they are (De Lange et al. 2023). The paper learns one task at a time; here
    /// several classes may come at once, or none, and then it is min-ACC.
    /// </summary>
    public double WcAccDeLangePercent { get; init; }

    /// <summary>Alarms that began to ring with this evaluation, or ended; those that go on ringing are not told again.</summary>
    public IReadOnlyList<ForgettingAlarm> Alarms { get; init; } = [];
}

/// <summary>A class lost more than its limit, or has recovered from that.</summary>
/// <param name="Class">Name of the class.</param>
/// <param name="Rings">True: it began with this evaluation. False: it ended, the loss being at most half of the limit, or the limit no longer asked for.</param>
/// <param name="AccuracyPercent">Accuracy now, percent.</param>
/// <param name="BestPercent">Best accuracy so far, percent.</param>
/// <param name="LostPoints">Best minus now, percentage points.</param>
/// <param name="LimitPoints">The limit, percentage points.</param>
/// <param name="AnchorCount">Anchors it was measured on.</param>
/// <param name="SnapshotId">The snapshot with which it began.</param>
/// <param name="Round">The training round that made that snapshot.</param>
public sealed record ForgettingAlarm(string Class, bool Rings, double AccuracyPercent, double BestPercent, double LostPoints, double LimitPoints, int AnchorCount, string SnapshotId, int Round);
