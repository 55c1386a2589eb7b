using Edge.Storage;
using Edge.Trainer.ReadOuts;

namespace Edge.Trainer.Tests.ReadOuts;

/// <summary>How far a window lies from the known classes along the directions in which they vary.</summary>
public class PrincipalMetricTests
{
    [Fact]
    public void With_as_many_directions_as_features_it_is_the_distance_that_elimination_finds()
    {
        const int Length = 5;
        var examples = Examples(Length, perClass: 40, seed: 1);
        var metric = PrincipalMetric.Fit(Count(examples, Length), ["a", "b"], Length)!;
        Assert.Equal(Length, metric.Rank);
        foreach (var (_, features) in Examples(Length, perClass: 10, seed: 2)) Assert.Equal(Reference(examples, Length, features), metric.NoveltyOf(features), Reference(examples, Length, features) * 1e-3);
    }

    [Fact]
    public void A_window_like_those_known_is_near_one_and_one_beyond_them_is_far()
    {
        var examples = Examples(40, perClass: 200, seed: 3);
        var metric = PrincipalMetric.Fit(Count(examples, 40), ["a", "b"], 8)!;
        Assert.InRange(Examples(40, perClass: 200, seed: 3).Average(e => metric.NoveltyOf(e.Features)), 0.7, 1.1); // Shrunk: a little below.
        float[] between = [.. Enumerable.Range(0, 40).Select(i => (examples[0].Features[i] + examples[^1].Features[i]) / 2)];
        float[] beyond = [.. examples[^1].Features.Select(x => 3 * x)];
        Assert.True(metric.NoveltyOf(between) > 3, $"{metric.NoveltyOf(between)}");
        Assert.True(metric.NoveltyOf(beyond) > 10, $"{metric.NoveltyOf(beyond)}");
    }

    [Fact]
    public void The_same_statistics_give_the_same_metric()
    {
        var examples = Examples(20, perClass: 30, seed: 4);
        PrincipalMetric one = PrincipalMetric.Fit(Count(examples, 20), ["a", "b"], 6)!, other = PrincipalMetric.Fit(Count(examples, 20), ["a", "b"], 6)!;
        foreach (var (_, features) in examples) Assert.Equal(one.NoveltyOf(features), other.NoveltyOf(features));
    }

    [Fact]
    public void Where_nothing_varies_there_is_none()
    {
        var statistics = new ClassStatistics("bank", 3);
        for (int i = 0; i < 10; i++) statistics.Add("a", [1f, 2f, 3f]);
        Assert.Null(PrincipalMetric.Fit(statistics, ["a"], 2));
    }

    [Fact]
    public void A_window_is_measured_without_allocating()
    {
        var examples = Examples(40, perClass: 20, seed: 5);
        var metric = PrincipalMetric.Fit(Count(examples, 40), ["a", "b"], 8)!;
        metric.NoveltyOf(examples[0].Features);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++) metric.NoveltyOf(examples[0].Features);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Directions_are_orthonormal_and_span_those_of_largest_variance()
    {
        var matrix = new PackedSymmetric(12);
        double[] axis = new double[12];
        for (int i = 0; i < 12; i++)
        {
            axis.AsSpan().Clear();
            axis[i] = 1;
            matrix.AddOuter(axis, i is 3 or 7 or 9 ? 100 + i : 1);
        }

        double[][] directions = PrincipalDirections.Of(matrix, 3);
        for (int i = 0; i < 3; i++)
        {
            for (int j = 0; j < 3; j++) Assert.Equal(i == j ? 1 : 0, directions[i].Zip(directions[j], (a, b) => a * b).Sum(), 1e-9);
            Assert.Equal(1, new[] { 3, 7, 9 }.Sum(k => directions[i][k] * directions[i][k]), 1e-9);
        }
    }

    private static ClassStatistics Count(IEnumerable<(string Class, float[] Features)> examples, int length)
    {
        var statistics = new ClassStatistics("bank", length);
        foreach (var (name, features) in examples) statistics.Add(name, features);
        return statistics;
    }

    /// <summary>Two classes that vary alike about different means.</summary>
    private static List<(string Class, float[] Features)> Examples(int length, int perClass, int seed)
    {
        var random = new Random(seed);
        return
        [
            .. new[] { ("a", -4.0), ("b", 4.0) }.SelectMany(c => Enumerable.Range(0, perClass).Select(_ =>
                (c.Item1, Enumerable.Range(0, length).Select(i => (float)((1 + i % 3) * (c.Item2 + random.NextDouble() + random.NextDouble() + random.NextDouble() - 1.5))).ToArray()))),
        ];
    }

    /// <summary>min_c (x − μ_c)' (W + 0.15 w I)⁻¹ (x − μ_c) / D over standardised features, W the pooled scatter within classes and w its mean diagonal, by Gaussian elimination.</summary>
    private static double Reference(IReadOnlyList<(string Class, float[] Features)> examples, int length, float[] x)
    {
        double[] mean = [.. Enumerable.Range(0, length).Select(i => examples.Average(e => (double)e.Features[i]))];
        double[] scale = [.. Enumerable.Range(0, length).Select(i => Math.Sqrt(examples.Average(e => Math.Pow(e.Features[i] - mean[i], 2))))];
        var groups = examples.GroupBy(e => e.Class).Select(g => (Mean: Enumerable.Range(0, length).Select(i => g.Average(e => (double)e.Features[i])).ToArray(), Rows: g.Select(e => e.Features).ToList())).ToList();
        double[,] within = new double[length, length];
        foreach (var (m, rows) in groups)
            foreach (float[] row in rows)
                for (int i = 0; i < length; i++)
                    for (int j = 0; j < length; j++) within[i, j] += (row[i] - m[i]) / scale[i] * (row[j] - m[j]) / scale[j] / rows.Count / groups.Count;
        double shrunk = 0.15 * Enumerable.Range(0, length).Average(i => within[i, i]);
        for (int i = 0; i < length; i++) within[i, i] += shrunk;
        return groups.Min(g => Quadratic(within, [.. x.Select((value, i) => (value - g.Mean[i]) / scale[i])])) / length;
    }

    private static double Quadratic(double[,] matrix, double[] x)
    {
        int n = x.Length;
        double[,] system = (double[,])matrix.Clone();
        double[] right = [.. x];
        for (int pivot = 0; pivot < n; pivot++)
            for (int i = 0; i < n; i++)
            {
                if (i == pivot) continue;
                double factor = system[i, pivot] / system[pivot, pivot];
                for (int j = 0; j < n; j++) system[i, j] -= factor * system[pivot, j];
                right[i] -= factor * right[pivot];
            }

        return Enumerable.Range(0, n).Sum(i => x[i] * right[i] / system[i, i]);
    }
}
