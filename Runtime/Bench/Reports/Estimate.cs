using MathNet.Numerics.Distributions;

namespace Edge.Runtime.Bench.Reports;

/// <summary>A mean over seeds with its uncertainty.</summary>
/// <param name="Mean">Arithmetic mean.</param>
/// <param name="HalfWidth">Half the width of the 95 % interval by Student's t with n - 1 degrees of freedom: t(0.975) s / sqrt(n), s with n - 1. Null for a single value: one seed has no interval.</param>
/// <param name="Values">The values, in the order of the seeds.</param>
public sealed record Estimate(double Mean, double? HalfWidth, IReadOnlyList<double> Values)
{
    private const double UpperQuantile = 0.975;

    /// <summary>The estimate from at least one value; null from none.</summary>
    public static Estimate? Of(IEnumerable<double> values)
    {
        double[] all = [.. values];
        if (all.Length == 0) return null;
        double mean = all.Average();
        if (all.Length == 1) return new Estimate(mean, null, all);
        double deviation = Math.Sqrt(all.Sum(v => (v - mean) * (v - mean)) / (all.Length - 1));
        return new Estimate(mean, StudentT.InvCDF(0, 1, all.Length - 1, UpperQuantile) * deviation / Math.Sqrt(all.Length), all);
    }

    /// <summary>Mean ± half width, for example <c>91.2 ± 0.8</c>.</summary>
    /// <param name="estimate">What to write; null gives a dash.</param>
    /// <param name="decimals">Digits after the point.</param>
    public static string Text(Estimate? estimate, int decimals = 1)
    {
        if (estimate is null) return "–";
        string mean = Rounded(estimate.Mean, decimals);
        return estimate.HalfWidth is { } half ? $"{mean} ± {Rounded(half, decimals)}" : mean;
    }

    /// <summary>A number with a fixed count of digits and no negative zero.</summary>
    private static string Rounded(double value, int decimals)
    {
        string text = value.ToString($"F{decimals}");
        return text.StartsWith('-') && text.AsSpan(1).IndexOfAnyExcept('0', '.') < 0 ? text[1..] : text;
    }
}
