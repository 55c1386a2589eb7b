using System.Numerics.Tensors;
using Edge.Storage;

namespace Edge.Trainer.ReadOuts;

/// <summary>
/// How far a feature vector lies from the nearest of the known classes: s(x) = min_c ‖L⁻¹ B' D (x − μ_c)‖² / rank. D standardises the features; B are the <see cref="Rank"/> directions in which the known classes, all of the same mass, vary
/// most; LL' is the scatter within classes along them, pooled over the classes and shrunk. It is the Mahalanobis distance of Lee et al. 2018 (section 2.1; one scatter for all classes) less the directions of little variance. Immutable; safe
/// from any thread.
/// </summary>
/// <remarks>
/// The small directions are left out because people differ from one another there: on held-out people of UCI HAR's training split the whole distance finds more of what is new and is wrong about up to nine in ten windows of known classes
/// (Runtime/README.md has the table).
/// </remarks>
public sealed class PrincipalMetric
{
    /// <summary>Share of the mean variance within classes that is added to the pooled scatter.</summary>
    private const double Shrinkage = 0.15;

    private readonly float[] projection, means;

    private PrincipalMetric(IReadOnlyList<string> classes, int rank, float[] projection, float[] means) => (Classes, Rank, this.projection, this.means) = (classes, rank, projection, means);

    /// <summary>The classes that are known here.</summary>
    public IReadOnlyList<string> Classes { get; }

    /// <summary>Number of directions.</summary>
    public int Rank { get; }

    /// <summary>Fits it to what was counted. D² · rank · 13 multiplications for D features.</summary>
    /// <param name="statistics">Of the features; only read.</param>
    /// <param name="classes">Classes that were counted, one or more.</param>
    /// <param name="rank">Wanted directions; fewer where fewer features vary.</param>
    /// <returns>Null where nothing varies.</returns>
    public static PrincipalMetric? Fit(ClassStatistics statistics, IReadOnlyList<string> classes, int rank)
    {
        int length = statistics.FeatureLength;
        double[] scale = RidgeDesign.From(statistics, classes, new RidgeOptions()).InverseScale;
        rank = Math.Min(rank, scale.Count(value => value > 0));
        if (rank == 0) return null;

        var total = new PackedSymmetric(length);
        double[] mean = new double[length], within = new double[length];
        double[][] classMeans = [.. classes.Select(name => MeanOf(statistics.Of(name)!))];
        for (int c = 0; c < classes.Count; c++)
        {
            var moments = statistics.Of(classes[c])!;
            TensorPrimitives.MultiplyAdd(classMeans[c], 1.0 / classes.Count, mean, mean);
            total.Add(moments.Gram, 1 / (moments.Mass * classes.Count));
            for (int i = 0; i < length; i++) within[i] += (moments.Gram[i, i] / moments.Mass - classMeans[c][i] * classMeans[c][i]) * scale[i] * scale[i] / classes.Count;
        }

        total.AddOuter(mean, -1);
        total.ScaleBoth(scale);
        double[][] directions = PrincipalDirections.Of(total, rank);
        foreach (double[] direction in directions) TensorPrimitives.Multiply(direction, scale, direction);

        double[][,] scatters = [.. classes.Select((name, c) => Along(directions, statistics.Of(name)!, classMeans[c]))];
        double[,] pooled = new double[rank, rank];
        foreach (double[,] scatter in scatters)
            for (int i = 0; i < rank; i++)
                for (int j = 0; j < rank; j++) pooled[i, j] += scatter[i, j] / classes.Count;
        double shrunk = Shrinkage * Math.Max(within.Average(), 1e-9);
        for (int i = 0; i < rank; i++) pooled[i, i] += shrunk;

        double[,] whitening = InverseFactor(pooled);
        float[] projection = new float[rank * length], means = new float[classes.Count * rank];
        double[] row = new double[length];
        for (int i = 0; i < rank; i++)
        {
            row.AsSpan().Clear();
            for (int j = 0; j <= i; j++) TensorPrimitives.MultiplyAdd(directions[j], whitening[i, j], row, row);
            for (int c = 0; c < classes.Count; c++) means[c * rank + i] = (float)TensorPrimitives.Dot<double>(row, classMeans[c]);
            TensorPrimitives.ConvertTruncating<double, float>(row, projection.AsSpan(i * length, length));
        }

        return new PrincipalMetric([.. classes], rank, projection, means);
    }

    /// <summary>s(x): about 1 for a typical window of a known class, more the stranger it is. Allocates nothing.</summary>
    /// <param name="features">[D] float32.</param>
    public float NoveltyOf(ReadOnlySpan<float> features)
    {
        Span<float> at = stackalloc float[Rank];
        for (int i = 0; i < Rank; i++) at[i] = TensorPrimitives.Dot(projection.AsSpan(i * features.Length, features.Length), features);
        float nearest = float.PositiveInfinity;
        for (int c = 0; c < Classes.Count; c++) nearest = Math.Min(nearest, TensorPrimitives.Distance(at, means.AsSpan(c * Rank, Rank)));
        return nearest * nearest / Rank;
    }

    private static double[] MeanOf(ClassMoments moments)
    {
        double[] mean = [.. moments.Sum];
        TensorPrimitives.Divide(mean, moments.Mass, mean);
        return mean;
    }

    /// <summary>Scatter of a class along the directions: [rank, rank].</summary>
    private static double[,] Along(double[][] directions, ClassMoments moments, double[] mean)
    {
        double[,] scatter = new double[directions.Length, directions.Length];
        double[] product = new double[mean.Length];
        for (int i = 0; i < directions.Length; i++)
        {
            moments.Gram.Multiply(directions[i], product);
            TensorPrimitives.Divide(product, moments.Mass, product);
            TensorPrimitives.MultiplyAdd(mean, -TensorPrimitives.Dot<double>(directions[i], mean), product, product);
            for (int j = 0; j < directions.Length; j++) scatter[i, j] = TensorPrimitives.Dot<double>(directions[j], product);
        }

        return scatter;
    }

    /// <summary>L⁻¹ of A = LL'.</summary>
    private static double[,] InverseFactor(double[,] matrix)
    {
        int order = matrix.GetLength(0);
        double[,] factor = new double[order, order], inverse = new double[order, order];
        for (int i = 0; i < order; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                double sum = matrix[i, j];
                for (int k = 0; k < j; k++) sum -= factor[i, k] * factor[j, k];
                factor[i, j] = i == j ? Math.Sqrt(Math.Max(sum, 1e-12)) : sum / factor[j, j];
            }

            inverse[i, i] = 1 / factor[i, i];
            for (int j = 0; j < i; j++)
            {
                double sum = 0;
                for (int k = j; k < i; k++) sum -= factor[i, k] * inverse[k, j];
                inverse[i, j] = sum / factor[i, i];
            }
        }

        return inverse;
    }
}
