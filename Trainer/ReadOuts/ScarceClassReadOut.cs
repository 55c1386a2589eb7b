using Edge.Storage;

namespace Edge.Trainer.ReadOuts;

/// <summary>
/// Lets prototypes speak for classes of which too few examples are known. A regression on one-hot targets scores such a class low whatever the window; a prototype is right at once. The two are not on one scale, so nothing is
/// added up: among the established classes the main read-out chooses, and a scarce class takes over when its prototype is nearer than the prototype of the class chosen.
/// <para>
/// Measured on the training subjects of UCI HAR (15 to learn from, 6 to look at, 1249 features of the frozen bank, five class orders, the last class left to k windows, five draws each), accuracy on the new class and points lost on the old
/// ones: k = 2: 73 and 1.5; k = 5: 89 and 0.7. The prototypes are those of <see cref="DiscriminantSolver"/> at λ = <see cref="MetricShrinkage"/> · n.
/// </para>
/// </summary>
public sealed class ScarceClassReadOut : IReadOut
{
    /// <summary>A class of which the statistics weigh less than this is left to its prototype, whatever the others weigh.</summary>
    public const int EstablishedFrom = 3;

    /// <summary>A class is also left to its prototype while it weighs less than this share of the largest one, which would outvote it, and less than <see cref="SurelyEstablishedFrom"/>.</summary>
    public const double OutvotedShare = 0.1;

    /// <summary>From this weight on a class is never scarce.</summary>
    public const int SurelyEstablishedFrom = 30;

    /// <summary>λ / n of the prototypes' metric, by the same measurement with k = 5: 86 at 1.5, 89 at 4, with 0.65 and 0.72 points lost on the old classes; 0.5 is some ten points lower.</summary>
    public const double MetricShrinkage = 4;

    /// <summary>Share of remembered windows of established classes that a scarce class may take over: the points that a new class may cost the old ones.</summary>
    private const double TakenOverShare = 0.01;

    private const double ScarceShare = 0.5;
    private readonly IReadOut main, prototypes;
    private readonly bool[] isScarce;
    private readonly bool hasEstablished;
    private readonly float[] nearness;

    /// <summary>Composes the two; not to be shared between threads, for it has a buffer.</summary>
    /// <param name="main">Chooses among established classes.</param>
    /// <param name="prototypes">Higher is nearer; the same classes in the same order, over the same features.</param>
    /// <param name="scarceClasses">Classes that only prototypes speak for; when all are, prototypes alone decide.</param>
    public ScarceClassReadOut(IReadOut main, IReadOut prototypes, IReadOnlyCollection<string> scarceClasses)
    {
        if (!main.Classes.SequenceEqual(prototypes.Classes)) throw new ArgumentException("prototypes and main read-out must have the same classes in the same order", nameof(prototypes));
        (this.main, this.prototypes) = (main, prototypes);
        isScarce = [.. main.Classes.Select(scarceClasses.Contains)];
        hasEstablished = isScarce.Contains(false);
        nearness = new float[isScarce.Length];
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Classes => main.Classes;

    /// <inheritdoc/>
    public int FeatureLength => main.FeatureLength;

    /// <summary>The classes that are left to their prototypes.</summary>
    /// <param name="classes">Classes to look at.</param>
    /// <param name="statistics">What is known.</param>
    /// <param name="outvotedShare">Share of the largest class below which one is scarce, unless it is surely established.</param>
    public static IReadOnlyCollection<string> ScarceAmong(IReadOnlyList<string> classes, ClassStatistics statistics, double outvotedShare = OutvotedShare)
    {
        double largest = classes.Max(name => statistics.Of(name)?.Mass ?? 0), established = Math.Max(EstablishedFrom, Math.Min(SurelyEstablishedFrom, outvotedShare * largest));
        return [.. classes.Where(name => statistics.Of(name) is { Mass: > 0 } moments && moments.Mass < established)];
    }

    /// <summary>
    /// The classes that a ridge is fitted without: less than half as large as the largest and below <see cref="SurelyEstablishedFrom"/>, while that leaves two to the ridge; else those by <see cref="OutvotedShare"/>.
    /// </summary>
    /// <remarks>
    /// Measured through the service on six held-out people of the training split of UCI HAR, each class in turn new beside five of 60 examples: with ten labels the ridge has 69 % of the new class, the prototypes 82 %, where five
    /// labels have 78 %; the old classes lose 0.1 and 1.6 points. One draw of the labels.
    /// </remarks>
    /// <param name="classes">Classes to look at.</param>
    /// <param name="statistics">What is known.</param>
    public static IReadOnlyCollection<string> LeftToPrototypes(IReadOnlyList<string> classes, ClassStatistics statistics)
    {
        var scarce = ScarceAmong(classes, statistics, ScarceShare);
        return classes.Count(name => statistics.Of(name) is { Mass: > 0 }) - scarce.Count >= 2 ? scarce : ScarceAmong(classes, statistics);
    }

    /// <summary>The main read-out, with the discriminant's prototypes for the classes that need them; <paramref name="main"/> itself when none does.</summary>
    /// <param name="main">Over the features of <paramref name="statistics"/>.</param>
    /// <param name="statistics">What is known.</param>
    public static IReadOut Around(IReadOut main, ClassStatistics statistics)
    {
        var scarce = ScarceAmong(main.Classes, statistics);
        if (scarce.Count == 0) return main;
        return new ScarceClassReadOut(main, Prototypes(statistics, main.Classes), scarce);
    }

    /// <summary>
    /// The same, held back by what is remembered: a scarce class must be ahead by so much that it takes over at most 1 % of the remembered windows of established classes that the main read-out has right.
    /// </summary>
    /// <param name="main">Over the features of <paramref name="statistics"/>.</param>
    /// <param name="statistics">What is known.</param>
    /// <param name="remembered">[m, D] features of remembered windows.</param>
    /// <param name="labels">[m] their classes, indices into those of <paramref name="main"/>.</param>
    /// <param name="scarceClasses">Who is left to its prototype; null: by <see cref="ScarceAmong"/>.</param>
    public static IReadOut Around(LinearReadOut main, ClassStatistics statistics, ReadOnlySpan<float> remembered, IReadOnlyList<int> labels, IReadOnlyCollection<string>? scarceClasses = null)
    {
        var scarce = scarceClasses ?? ScarceAmong(main.Classes, statistics);
        if (scarce.Count == 0) return main;
        return new ScarceClassReadOut(main, HeldBack(Prototypes(statistics, main.Classes), main, scarce, remembered, [.. labels.Select(label => main.Classes[label])]), scarce);
    }

    /// <summary>The discriminant's prototypes at <see cref="MetricShrinkage"/>.</summary>
    /// <exception cref="ArgumentException">None of the classes was counted.</exception>
    public static LinearReadOut Prototypes(ClassStatistics statistics, IReadOnlyList<string> classes)
    {
        var discriminant = new DiscriminantSolver(statistics, classes);
        return discriminant.Solve(MetricShrinkage * discriminant.Mass);
    }

    /// <summary>The prototypes with the scarce classes held back so far that each takes over at most 1 % of the remembered windows of established classes that the main read-out has right.</summary>
    /// <param name="prototypes">Higher is nearer.</param>
    /// <param name="main">Over the same features; it may know established classes alone.</param>
    /// <param name="scarceClasses">Which classes are held back.</param>
    /// <param name="remembered">[m, D] features of remembered windows.</param>
    /// <param name="labels">[m] names of their classes; windows of classes that <paramref name="main"/> does not know say nothing.</param>
    public static LinearReadOut HeldBack(LinearReadOut prototypes, LinearReadOut main, IReadOnlyCollection<string> scarceClasses, ReadOnlySpan<float> remembered, IReadOnlyList<string> labels)
    {
        float[] bias = [.. prototypes.Bias], scores = new float[main.Classes.Count], nearness = new float[bias.Length];
        bool[] isScarce = [.. prototypes.Classes.Select(scarceClasses.Contains)];
        var indices = prototypes.Classes.Select((name, index) => (name, index)).ToDictionary(pair => pair.name, pair => pair.index, StringComparer.Ordinal);
        var leads = isScarce.Select(_ => new List<float>()).ToArray();
        for (int i = 0; i < labels.Count; i++)
        {
            var window = remembered.Slice(i * main.FeatureLength, main.FeatureLength);
            main.Score(window, scores);
            if (scarceClasses.Contains(labels[i]) || main.Classes[System.Numerics.Tensors.TensorPrimitives.IndexOfMax<float>(scores)] != labels[i]) continue;
            prototypes.Score(window, nearness);
            for (int c = 0; c < bias.Length; c++)
            {
                if (isScarce[c]) leads[c].Add(nearness[c] - nearness[indices[labels[i]]]);
            }
        }

        for (int c = 0; c < bias.Length; c++)
        {
            if (leads[c].Count == 0) continue;
            leads[c].Sort();
            bias[c] -= Math.Max(0, leads[c][^(1 + (int)(TakenOverShare * leads[c].Count))]);
        }

        return new LinearReadOut(prototypes.Weights, bias, prototypes.Classes);
    }

    /// <summary>Scores of established classes are the main read-out's; that of a scarce one is the winner's, plus a margin in (−1, 1) whose sign says whether it takes over.</summary>
    /// <inheritdoc/>
    public void Score(ReadOnlySpan<float> features, Span<float> scores)
    {
        prototypes.Score(features, nearness);
        if (!hasEstablished)
        {
            nearness.CopyTo(scores);
            return;
        }

        main.Score(features, scores);
        int winner = -1;
        for (int c = 0; c < isScarce.Length; c++)
            if (!isScarce[c] && (winner < 0 || scores[c] > scores[winner]))
                winner = c;
        for (int c = 0; c < isScarce.Length; c++)
        {
            if (!isScarce[c]) continue;
            float lead = nearness[c] - nearness[winner];
            scores[c] = scores[winner] + lead / (1 + Math.Abs(lead));
        }
    }
}
