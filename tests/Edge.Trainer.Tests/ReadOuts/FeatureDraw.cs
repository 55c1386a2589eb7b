using Edge.Storage;

namespace Edge.Trainer.Tests.ReadOuts;

/// <summary>Seeded classes of correlated Gaussian features with unequal scales and offsets, and one feature that is constant.</summary>
internal sealed class FeatureDraw
{
    public const int Length = 30, ClassCount = 4, Constant = 17;

    private readonly List<(string Class, float[] Features)> examples = [];

    public FeatureDraw(int count, int seed)
    {
        var random = new Random(seed);
        double[][] means = [.. Enumerable.Range(0, ClassCount).Select(_ => Normals(random))];
        double[][] mixing = [.. Enumerable.Range(0, Length).Select(_ => Normals(random))];
        for (int n = 0; n < count; n++)
        {
            int c = random.Next(10) switch { < 6 => 0, < 8 => 1, 8 => 2, _ => 3 };
            double[] noise = Normals(random);
            float[] features = new float[Length];
            for (int i = 0; i < Length; i++) features[i] = i == Constant ? 3.3f : (float)(Math.Pow(10, i % 5 - 2) * (i + means[c][i] + mixing[i].Zip(noise, (a, b) => a * b).Sum() / 5));
            examples.Add(($"c{c}", features));
        }
    }

    public static IReadOnlyList<string> Classes { get; } = ["c0", "c1", "c2", "c3"];

    public IReadOnlyList<(string Class, float[] Features)> Examples => examples;

    public static ClassStatistics Count(IEnumerable<(string Class, float[] Features)> examples)
    {
        var statistics = new ClassStatistics("bank", Length);
        foreach (var (name, features) in examples) statistics.Add(name, features);
        return statistics;
    }

    /// <summary>Weighted ridge by Gaussian elimination on the design [scaled x, 1], the intercept without a penalty: another way to the same solution. Returns [C, D + 1] in raw units, the intercept last.</summary>
    public static double[,] Reference(IReadOnlyList<(string Class, float[] Features)> examples, double[] scale, Func<string, double> weight, double lambda, bool hasIntercept = true)
    {
        int order = Length + 1;
        double[,] system = new double[order, order + ClassCount];
        double[] center = [.. Enumerable.Range(0, Length).Select(i => hasIntercept ? examples.Average(e => (double)e.Features[i]) : 0)]; // any shift will do
        foreach (var (name, features) in examples)
        {
            double[] row = [.. features.Select((x, i) => (x - center[i]) * scale[i]), hasIntercept ? 1 : 0];
            for (int i = 0; i < order; i++)
            {
                for (int j = 0; j < order; j++) system[i, j] += weight(name) * row[i] * row[j];
                system[i, order + Classes.ToList().IndexOf(name)] += weight(name) * row[i];
            }
        }

        for (int i = 0; i < Length; i++) system[i, i] += lambda;
        if (!hasIntercept) system[Length, Length] = 1;
        for (int pivot = 0; pivot < order; pivot++)
            for (int i = 0; i < order; i++)
            {
                if (i == pivot) continue;
                double factor = system[i, pivot] / system[pivot, pivot];
                for (int j = pivot; j < order + ClassCount; j++) system[i, j] -= factor * system[pivot, j];
            }

        double[,] weights = new double[ClassCount, order];
        for (int c = 0; c < ClassCount; c++)
        {
            weights[c, Length] = system[Length, order + c] / system[Length, Length];
            for (int i = 0; i < Length; i++)
            {
                weights[c, i] = system[i, order + c] / system[i, i] * scale[i];
                weights[c, Length] -= weights[c, i] * center[i];
            }
        }

        return weights;
    }

    private static double[] Normals(Random random) => [.. Enumerable.Range(0, Length).Select(_ => Normal(random))];

    public static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
