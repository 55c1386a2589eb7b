using System.Numerics.Tensors;

namespace Edge.Trainer.ReadOuts;

/// <summary>Whether one read-out is right clearly more often than another on the same windows: the sign test over the windows on which they differ (Dixon and Mood 1946), one-sided 5 % by the normal approximation. On few windows the exact level is another: three against none pass (12.5 %), and four against none and six against one (6.3 %).</summary>
public static class PairedSigns
{
    private const double ClearDeviations = 1.65;

    /// <summary>Whether <paramref name="candidate"/> is clearly better than <paramref name="safest"/>.</summary>
    /// <param name="candidate">[n, classes] scores.</param>
    /// <param name="safest">[n, classes] scores of the same windows.</param>
    /// <param name="labels">[n] class indices.</param>
    public static bool IsClearlyBetter(ReadOnlySpan<float> candidate, ReadOnlySpan<float> safest, IReadOnlyList<int> labels)
    {
        int classCount = labels.Count == 0 ? 0 : safest.Length / labels.Count, gained = 0, lost = 0;
        for (int i = 0; i < labels.Count; i++)
        {
            bool right = TensorPrimitives.IndexOfMax(candidate.Slice(i * classCount, classCount)) == labels[i], before = TensorPrimitives.IndexOfMax(safest.Slice(i * classCount, classCount)) == labels[i];
            if (right && !before) gained++;
            if (before && !right) lost++;
        }

        return gained > lost && gained - lost >= ClearDeviations * Math.Sqrt(gained + lost);
    }
}
