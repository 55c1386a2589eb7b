namespace Edge.Telemetry.Drift;

/// <summary>The two-sample test of Kolmogorov and Smirnov, with the exact distribution under the null: P. J. Kim, R. I. Jennrich, "Tables of the exact sampling distribution of the two-sample Kolmogorov-Smirnov criterion", 1973.</summary>
public static class KolmogorovSmirnov
{
    /// <summary>Largest distance between the two empirical distribution functions, 0 to 1.</summary>
    /// <param name="first">Sorted, ascending.</param>
    /// <param name="second">Likewise.</param>
    public static double Distance(ReadOnlySpan<double> first, ReadOnlySpan<double> second)
    {
        int i = 0, j = 0;
        long largest = 0;
        while (i < first.Length && j < second.Length)
        {
            double value = Math.Min(first[i], second[j]);
            while (i < first.Length && first[i] == value)
            {
                i++;
            }

            while (j < second.Length && second[j] == value)
            {
                j++;
            }

            largest = Math.Max(largest, Math.Abs(((long)i * second.Length) - ((long)j * first.Length)));
        }

        return first.Length == 0 || second.Length == 0 ? 0 : largest / ((double)first.Length * second.Length);
    }

    /// <summary>
    /// Probability of a distance of at least <paramref name="distance"/> between two samples of one continuous distribution; exact, O(firstCount × secondCount). With ties it is an upper bound. A walk through the merged
    /// sample steps to either side with the odds of what is left; the answer is the chance that it leaves the band, all terms positive, so that tiny probabilities keep their digits.
    /// </summary>
    /// <param name="firstCount">Values of the first sample, at least 1.</param>
    /// <param name="secondCount">Values of the second, at least 1.</param>
    /// <param name="distance">0 to 1.</param>
    public static double Probability(int firstCount, int secondCount, double distance)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(firstCount, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(secondCount, 1);
        long product = (long)firstCount * secondCount, band = (long)Math.Ceiling((distance * product) - 1e-7);
        double[] chances = new double[secondCount + 1];
        double outside = 0;
        for (int i = 0; i <= firstCount; i++)
        {
            double carried = 0;
            for (int j = 0; j <= secondCount; j++)
            {
                // chances[j] holds what comes from (i − 1, j), carried what comes from (i, j − 1).
                double here = (i == 0 && j == 0 ? 1 : 0) + (i > 0 ? chances[j] : 0) + carried;
                carried = 0;
                chances[j] = 0;
                if (here == 0)
                {
                    continue;
                }

                if (Math.Abs(((long)i * secondCount) - ((long)j * firstCount)) >= band)
                {
                    outside += here;
                    continue;
                }

                double left = firstCount - i + secondCount - j;
                if (left > 0)
                {
                    chances[j] = here * ((firstCount - i) / left);
                    carried = here * ((secondCount - j) / left);
                }
            }
        }

        return Math.Min(1, outside);
    }

    /// <summary>
    /// The same for samples too large for <see cref="Probability"/>: that of one sample of n against its own distribution, n = firstCount · secondCount / (firstCount + secondCount) rounded (Stephens 1970; "asymp" in SciPy).
    /// O(n³ distance²), by G. Marsaglia, W. W. Tsang, J. Wang, "Evaluating Kolmogorov's Distribution", 2003; the matrix's power is taken from a vector, one factor of n!/nⁿ with each step, so that nothing overflows.
    /// </summary>
    /// <param name="firstCount">Values of the first sample, at least 1.</param>
    /// <param name="secondCount">Values of the second, at least 1; n at most 1500, beyond which a step would be too small for a double.</param>
    /// <param name="distance">0 to 1.</param>
    public static double AsymptoticProbability(int firstCount, int secondCount, double distance)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(firstCount, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(secondCount, 1);
        int n = Math.Max(1, (int)Math.Round((double)firstCount * secondCount / ((double)firstCount + secondCount)));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(n, 1500, "firstCount · secondCount / (firstCount + secondCount)");
        int k = (int)(n * distance) + 1, size = (2 * k) - 1;
        double[,] matrix = Matrix(size, k - (n * distance));
        double[] row = new double[size], next = new double[size];
        row[k - 1] = 1;
        for (int step = 1; step <= n; step++)
        {
            for (int j = 0; j < size; j++)
            {
                next[j] = 0;
                for (int i = Math.Max(0, j - 1); i < size; i++)
                {
                    next[j] += row[i] * matrix[i, j] * step / n;
                }
            }

            (row, next) = (next, row);
        }

        return Math.Clamp(1 - row[k - 1], 0, 1);
    }

    /// <summary>Least distance whose <see cref="Probability"/> is at most <paramref name="level"/>; above 1 when the samples are too small for any to be.</summary>
    public static double CriticalDistance(int firstCount, int secondCount, double level)
    {
        long product = (long)firstCount * secondCount, low = 0, high = product + 1; // In units of 1 / product; low fails, high holds.
        while (high - low > 1)
        {
            long middle = (low + high) / 2;
            (low, high) = Probability(firstCount, secondCount, middle / (double)product) <= level ? (low, middle) : (middle, high);
        }

        return high / (double)product;
    }

    /// <summary>The matrix H of Marsaglia et al., section 2.</summary>
    private static double[,] Matrix(int size, double h)
    {
        double[,] matrix = new double[size, size];
        for (int i = 0; i < size; i++)
        {
            for (int j = 0; j <= Math.Min(i + 1, size - 1); j++)
            {
                double element = 1 - (j == 0 ? Math.Pow(h, i + 1) : 0) - (i == size - 1 ? Math.Pow(h, size - j) : 0);
                element += j == 0 && i == size - 1 && 2 * h > 1 ? Math.Pow((2 * h) - 1, size) : 0;
                for (int divisor = 2; divisor <= i - j + 1; divisor++)
                {
                    element /= divisor;
                }

                matrix[i, j] = element;
            }
        }

        return matrix;
    }
}
