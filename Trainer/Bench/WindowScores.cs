using System.Numerics.Tensors;
using Edge.Trainer.ReadOuts;

namespace Edge.Trainer.Bench;

/// <summary>Scores of many windows at once: [windows, classes], row-major.</summary>
internal static class WindowScores
{
    /// <summary>Scores every feature vector in [n, D].</summary>
    public static float[] Of(IReadOut readOut, ReadOnlySpan<float> features)
    {
        int count = features.Length / readOut.FeatureLength, classes = readOut.Classes.Count;
        float[] scores = new float[count * classes];
        for (int i = 0; i < count; i++) readOut.Score(features.Slice(i * readOut.FeatureLength, readOut.FeatureLength), scores.AsSpan(i * classes, classes));
        return scores;
    }

    /// <summary>The class with the highest score of each window.</summary>
    public static int[] Best(float[] scores, int classes)
    {
        int[] best = new int[scores.Length / classes];
        for (int i = 0; i < best.Length; i++) best[i] = TensorPrimitives.IndexOfMax(scores.AsSpan(i * classes, classes));
        return best;
    }
}
