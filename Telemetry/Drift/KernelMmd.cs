namespace Edge.Telemetry.Drift;

/// <summary>MMD² of two samples with the Gaussian kernel, exact: A. Gretton et al., "A Kernel Two-Sample Test", JMLR 13 (2012), equations 3 and 5. O(n²): for reports and as the measure of <see cref="EmbeddingMmd"/>.</summary>
public static class KernelMmd
{
    /// <summary>The biased estimate, at least 0: means over all pairs.</summary>
    /// <param name="first">[count, length] row-major.</param>
    /// <param name="second">[count, length] row-major.</param>
    /// <param name="length">Numbers of a row.</param>
    /// <param name="sigma">σ of exp(−‖x − y‖² / 2σ²).</param>
    public static double Biased(ReadOnlySpan<float> first, ReadOnlySpan<float> second, int length, double sigma)
    {
        double n = first.Length / length, m = second.Length / length;
        return (Sum(first, first, length, sigma) / (n * n)) + (Sum(second, second, length, sigma) / (m * m)) - (2 * Sum(first, second, length, sigma) / (n * m));
    }

    /// <summary>The unbiased estimate, which may be below 0: a row is not paired with itself. At least two rows each.</summary>
    /// <inheritdoc cref="Biased"/>
    public static double Unbiased(ReadOnlySpan<float> first, ReadOnlySpan<float> second, int length, double sigma)
    {
        double n = first.Length / length, m = second.Length / length;
        return ((Sum(first, first, length, sigma) - n) / (n * (n - 1))) + ((Sum(second, second, length, sigma) - m) / (m * (m - 1))) - (2 * Sum(first, second, length, sigma) / (n * m));
    }

    private static double Sum(ReadOnlySpan<float> first, ReadOnlySpan<float> second, int length, double sigma)
    {
        double sum = 0;
        for (int i = 0; i < first.Length; i += length)
        {
            for (int j = 0; j < second.Length; j += length)
            {
                double squared = 0;
                for (int k = 0; k < length; k++)
                {
                    double difference = first[i + k] - second[j + k];
                    squared += difference * difference;
                }

                sum += Math.Exp(-squared / (2 * sigma * sigma));
            }
        }

        return sum;
    }
}
