using System.Numerics.Tensors;
using Edge.Storage;

namespace Edge.Trainer.ReadOuts;

/// <summary>
/// Leave-one-out scores of a ridge read-out in closed form (PRESS, Allen 1974): without example i its score would be (s − h y) / (1 − h) with h = w (1/n + z'(Z'WZ + λI)⁻¹ z), the first term only with an intercept.
/// The examples may be all or some of those in the statistics: what a device kept of many. Exact under a fixed design, that is, with the scale of the features and the weights of the classes left as they are.
/// So λ can be chosen without holding anything out.
/// </summary>
public static class LeaveOneOut
{
    private const int Chunk = 32; // right-hand sides that share one pass over the factor

    /// <summary>Scores that each example would get if it alone had not been counted.</summary>
    /// <param name="solver">Of statistics that count every one of the examples with mass 1.</param>
    /// <param name="lambda">λ > 0.</param>
    /// <param name="features">[m, D] float32, row-major.</param>
    /// <param name="labels">[m] index into the solver's classes.</param>
    /// <returns>[m, C] float64, row-major.</returns>
    public static double[] Scores(RidgeSolver solver, double lambda, ReadOnlySpan<float> features, IReadOnlyList<int> labels)
    {
        int length = solver.FeatureLength, classCount = solver.Design.Classes.Count;
        if (features.Length != (long)labels.Count * length) throw new ArgumentException($"{labels.Count} labels need [{labels.Count}, {length}] features, not {features.Length} values", nameof(features));
        var solution = solver.Solve(lambda);
        var factor = solver.Factored(lambda);
        double[] scores = new double[labels.Count * classCount], block = new double[Chunk * length], wide = new double[length];
        for (int first = 0; first < labels.Count; first += Chunk)
        {
            int count = Math.Min(Chunk, labels.Count - first);
            for (int k = 0; k < count; k++) solver.Transform(features.Slice((first + k) * length, length), block.AsSpan(k * length, length));
            factor.SolveLower(block.AsSpan(0, count * length));
            for (int k = 0; k < count; k++)
            {
                int i = first + k;
                double weight = solver.Design.ClassWeights[labels[i]];
                double leverage = weight * (TensorPrimitives.SumOfSquares<double>(block.AsSpan(k * length, length)) + (solver.Design.HasIntercept ? 1 / solver.Mass : 0));
                TensorPrimitives.ConvertTruncating(features.Slice(i * length, length), wide);
                for (int c = 0; c < classCount; c++)
                {
                    double score = TensorPrimitives.Dot<double>(solution.Weights.AsSpan(c * length, length), wide) + solution.Bias[c];
                    scores[i * classCount + c] = solution.Bias[c] == PrototypeMatrix.AbsentBias ? score : (score - leverage * (c == labels[i] ? 1 : 0)) / Math.Max(1 - leverage, 1e-9);
                }
            }
        }

        return scores;
    }

    /// <summary>The λ with the smallest class-balanced mean square of the leave-one-out residuals; of equals the largest, which trusts the data least.</summary>
    /// <param name="solver">As in <see cref="Scores"/>.</param>
    /// <param name="lambdas">Candidates, at least one.</param>
    /// <param name="features">[m, D] float32, row-major, m ≥ 1.</param>
    /// <param name="labels">[m] index into the solver's classes.</param>
    public static double ChooseLambda(RidgeSolver solver, IReadOnlyList<double> lambdas, ReadOnlySpan<float> features, IReadOnlyList<int> labels)
    {
        double best = double.NaN, least = double.PositiveInfinity;
        foreach (double lambda in lambdas.OrderDescending())
        {
            double press = BalancedSquare(Scores(solver, lambda, features, labels), labels, solver.Design);
            if (press < least) (best, least) = (lambda, press);
        }

        return best;
    }

    private static double BalancedSquare(double[] scores, IReadOnlyList<int> labels, RidgeDesign design)
    {
        int classCount = design.Classes.Count;
        double[] sums = new double[classCount];
        int[] counts = new int[classCount];
        for (int i = 0; i < labels.Count; i++)
        {
            counts[labels[i]]++;
            for (int c = 0; c < classCount; c++)
            {
                if (design.ClassWeights[c] == 0) continue;
                double residual = (c == labels[i] ? 1 : 0) - scores[i * classCount + c];
                sums[labels[i]] += residual * residual;
            }
        }

        return Enumerable.Range(0, classCount).Where(c => counts[c] > 0).Average(c => sums[c] / counts[c]);
    }
}
