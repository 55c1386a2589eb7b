using System.Numerics.Tensors;

namespace Edge.Telemetry.Forgetting;

/// <summary>How far the prototype of a class, the mean of its embeddings, lies from where another snapshot has it, over the same anchors.</summary>
/// <param name="Class">Name of the class.</param>
/// <param name="PrototypeDriftL2">‖μ now − μ then‖, Euclidean; embeddings have norm 1, so 0 to 2.</param>
/// <param name="PrototypeDriftCosine">1 − cosine of the two, 0 to 2; null where one of them is 0.</param>
public sealed record PrototypeDrift(string Class, double PrototypeDriftL2, double? PrototypeDriftCosine);

/// <summary>How far a snapshot's representation of the anchors has moved from an earlier snapshot's.</summary>
/// <param name="SnapshotId">The earlier snapshot.</param>
/// <param name="WindowCount">Anchors that were encoded by both.</param>
/// <param name="LinearCka">0 to 1; 1: the same but for rotation and scale (Kornblith et al. 2019).</param>
/// <param name="PerClass">One entry per class among them; empty where the embeddings have other lengths.</param>
public sealed record RepresentationShift(string SnapshotId, int WindowCount, double LinearCka, IReadOnlyList<PrototypeDrift> PerClass)
{
    /// <summary>Compares two encodings of the same windows.</summary>
    /// <param name="snapshotId">The earlier snapshot.</param>
    /// <param name="classes">[n] class of each window.</param>
    /// <param name="now">[n, d] embeddings by the running snapshot, row-major.</param>
    /// <param name="nowLength">d.</param>
    /// <param name="then">[n, e] embeddings by the earlier one.</param>
    /// <param name="thenLength">e.</param>
    public static RepresentationShift Of(string snapshotId, IReadOnlyList<string> classes, ReadOnlySpan<float> now, int nowLength, ReadOnlySpan<float> then, int thenLength)
    {
        ArgumentNullException.ThrowIfNull(classes);
        double cka = Forgetting.LinearCka.Of(now, nowLength, then, thenLength);
        if (nowLength != thenLength) return new RepresentationShift(snapshotId, classes.Count, cka, []);
        List<PrototypeDrift> drifts = [];
        foreach (string name in classes.Distinct(StringComparer.Ordinal))
        {
            double[] a = Prototype(classes, name, now, nowLength), b = Prototype(classes, name, then, thenLength);
            double norms = TensorPrimitives.Norm<double>(a) * TensorPrimitives.Norm<double>(b);
            drifts.Add(new PrototypeDrift(name, TensorPrimitives.Distance<double>(a, b), norms > 0 ? Math.Clamp(1 - TensorPrimitives.Dot<double>(a, b) / norms, 0, 2) : null));
        }

        return new RepresentationShift(snapshotId, classes.Count, cka, drifts);
    }

    private static double[] Prototype(IReadOnlyList<string> classes, string name, ReadOnlySpan<float> embeddings, int length)
    {
        double[] mean = new double[length];
        int count = 0;
        for (int i = 0; i < classes.Count; i++)
        {
            if (classes[i] != name) continue;
            count++;
            for (int d = 0; d < length; d++) mean[d] += embeddings[i * length + d];
        }

        TensorPrimitives.Divide(mean, count, mean);
        return mean;
    }
}
