namespace Edge.Storage.Tests;

/// <summary>Whether counts per position fit a uniform draw of <c>kept</c> out of all positions without replacement, repeated <c>runs</c> times.</summary>
internal static class ChiSquare
{
    /// <summary>Two-sided at p = 0.001 each, by Wilson and Hilferty's approximation of the quantile (1931).</summary>
    public static void AssertUniform(int[] counts, int runs, int kept)
    {
        int positions = counts.Length, freedom = positions - 1;
        double share = kept / (double)positions, expected = runs * share;
        Assert.Equal(runs * kept, counts.Sum());
        double statistic = counts.Sum(count => (count - expected) * (count - expected)) / (expected * (1 - share)) * freedom / positions;
        Assert.InRange(statistic, Quantile(-3.0902), Quantile(3.0902));

        double Quantile(double z) => freedom * Math.Pow(1 - 2.0 / (9 * freedom) + z * Math.Sqrt(2.0 / (9 * freedom)), 3);
    }
}
