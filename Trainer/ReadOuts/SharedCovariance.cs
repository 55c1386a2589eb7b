using System.Numerics.Tensors;
using Edge.Storage;

namespace Edge.Trainer.ReadOuts;

/// <summary>
/// Prototypes under one covariance: score_c(x) = μ_c' P x − ½ μ_c' P μ_c + ½ d / n_c with P = ((1 − γ) Σ + γ I)⁻¹ over standardised features, Σ the covariance within the classes, pooled. A class enters by its mean
/// alone, so a handful of labelled windows makes one (Hayes and Kanan 2020, "Lifelong Machine Learning with Deep Streaming Linear Discriminant Analysis", section 3), where ridge would let the large classes
/// outvote it.
/// </summary>
/// <remarks>
/// The last term is not in the paper: a mean of n windows is off by noise whose expectation lengthens μ' P μ by d / n, d = tr(P Σ), and so makes a new class look farther away than it is. Without the term five windows of
/// a class recognise 51 % of it, with it 90 % (UCI HAR, held-out subjects of the training split, mean over the six classes, γ 0.3).
/// </remarks>
public static class SharedCovariance
{
    private const double Shrinkage = 0.3; // Held-out subjects of UCI HAR's training split, five windows: 78 % at 0.02, 84 % at 0.1, 90 % at 0.3.

    /// <summary>The read-out of statistics as they are now.</summary>
    /// <param name="statistics">Of at least one of the classes; a class with two windows or more helps to estimate the covariance.</param>
    /// <param name="classes">[C] names in the order of the scores; one that was not counted is never chosen.</param>
    /// <exception cref="ArgumentException">None of the classes has two windows.</exception>
    public static LinearReadOut Solve(ClassStatistics statistics, IReadOnlyList<string> classes)
    {
        int length = statistics.FeatureLength;
        var (covariance, inverseScale) = Within(statistics, classes);
        covariance.ScaleBoth(inverseScale);
        covariance.Scale(1 - Shrinkage);
        var factor = new PackedCholesky(length);
        factor.Decompose(covariance, Shrinkage);
        double freedom = Freedom(factor, inverseScale);

        double[] weights = new double[classes.Count * length];
        float[] bias = new float[classes.Count];
        double[] mean = new double[length];
        for (int c = 0; c < classes.Count; c++)
        {
            if (statistics.Of(classes[c]) is not { Mass: > 0 } moments)
            {
                bias[c] = PrototypeMatrix.AbsentBias;
                continue;
            }

            var row = weights.AsSpan(c * length, length);
            TensorPrimitives.Divide(moments.Sum, moments.Mass, mean);
            TensorPrimitives.Multiply(mean, inverseScale, mean);
            mean.CopyTo(row);
            factor.Solve(row);
            bias[c] = (float)(-0.5 * TensorPrimitives.Dot<double>(row, mean) + 0.5 * freedom / moments.Mass);
            TensorPrimitives.Multiply(row, inverseScale, row);
        }

        float[] narrow = new float[weights.Length];
        TensorPrimitives.ConvertTruncating<double, float>(weights, narrow);
        return new LinearReadOut(narrow, bias, classes);
    }

    /// <summary>Σ in raw units, and 1 / deviation of each feature within the classes (0 where it is constant).</summary>
    private static (PackedSymmetric Covariance, double[] InverseScale) Within(ClassStatistics statistics, IReadOnlyList<string> classes)
    {
        var covariance = new PackedSymmetric(statistics.FeatureLength);
        double freedom = 0;
        foreach (string name in classes)
        {
            if (statistics.Of(name) is not { Mass: > 1 } moments) continue;
            covariance.Add(moments.Gram);
            covariance.AddOuter(moments.Sum, -1 / moments.Mass);
            freedom += moments.Mass - 1;
        }

        if (freedom <= 0) throw new ArgumentException($"none of the {classes.Count} classes has two examples", nameof(statistics));
        covariance.Scale(1 / freedom);
        double[] inverseScale = new double[statistics.FeatureLength];
        for (int i = 0; i < inverseScale.Length; i++) inverseScale[i] = covariance[i, i] > 1e-12 ? 1 / Math.Sqrt(covariance[i, i]) : 0;
        return (covariance, inverseScale);
    }

    /// <summary>tr(P Σ) = (D − γ tr P) / (1 − γ) over the features that vary.</summary>
    private static double Freedom(PackedCholesky factor, double[] inverseScale)
    {
        double trace = 0;
        int varying = 0;
        double[] unit = new double[inverseScale.Length];
        for (int i = 0; i < inverseScale.Length; i++)
        {
            if (inverseScale[i] == 0) continue;
            varying++;
            unit.AsSpan().Clear();
            unit[i] = 1;
            factor.SolveLower(unit);
            trace += TensorPrimitives.SumOfSquares<double>(unit);
        }

        return (varying - Shrinkage * trace) / (1 - Shrinkage);
    }
}
