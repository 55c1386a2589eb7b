using Edge.Storage;
using Edge.Trainer.ReadOuts;

namespace Edge.Runtime.Inference;

/// <summary>Calibrates novelty on the anchors: over the frozen features of everything labelled where the snapshot has a frozen branch, else over the distance to the prototypes.</summary>
public static class NoveltyExam
{
    /// <summary>Calibrates.</summary>
    /// <param name="anchors">The anchors in the snapshot's eyes.</param>
    /// <param name="prototypes">Prototypes of the same snapshot.</param>
    /// <param name="statistics">Of the frozen features, the anchors not among them; null without a frozen branch.</param>
    /// <param name="classes">All classes, in the order of the graph's outputs.</param>
    /// <param name="falseAlarmPercent"><c>inference.unknownFalseAlarmPercent</c>.</param>
    /// <returns>Null where the anchors are too few, or nothing is asked for.</returns>
    public static NoveltyCalibration? Of(EncodedWindows anchors, PrototypeMatrix prototypes, ClassStatistics? statistics, IReadOnlyList<string> classes, double falseAlarmPercent)
    {
        if (falseAlarmPercent <= 0 || anchors.Classes.Count == 0) return null;
        var covered = Covered(prototypes, statistics, classes);
        int[] rows = [.. Enumerable.Range(0, anchors.Classes.Count).Where(i => covered.Contains(anchors.Classes[i]))];
        if (!NoveltyCalibration.CanBe(rows.Length, falseAlarmPercent)) return null;
        var metric = statistics is null ? null : PrincipalMetric.Fit(statistics, [.. classes.Where(covered.Contains)], NoveltyCalibration.Rank);
        if (statistics is not null && metric is null) return null;
        float[] scores = [.. rows.Select(i => metric?.NoveltyOf(anchors.FrozenOf(i)) ?? 1 - NearestOf(anchors, i, prototypes))];
        return NoveltyCalibration.Of(metric, scores, falseAlarmPercent, classes, covered);
    }

    /// <summary>The classes of which enough is known; the others are left to the fixed threshold, so that a class told by five labels is not "unknown" until the next calibration.</summary>
    private static HashSet<string> Covered(PrototypeMatrix prototypes, ClassStatistics? statistics, IReadOnlyList<string> classes)
    {
        if (statistics is null) return [.. classes.Where((_, c) => prototypes.ClassBias[c] == 0)];
        var scarce = ScarceClassReadOut.LeftToPrototypes(classes, statistics);
        return [.. classes.Where(name => statistics.Of(name) is { Mass: > 0 } && !scarce.Contains(name))];
    }

    private static float NearestOf(EncodedWindows windows, int index, PrototypeMatrix prototypes)
    {
        var embedding = windows.EmbeddingOf(index);
        float nearest = float.NegativeInfinity;
        for (int c = 0; c < prototypes.ClassBias.Length; c++)
            nearest = Math.Max(nearest, System.Numerics.Tensors.TensorPrimitives.Dot(prototypes.Values.AsSpan(c * embedding.Length, embedding.Length), embedding) + prototypes.ClassBias[c]);
        return nearest;
    }
}
