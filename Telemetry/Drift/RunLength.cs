namespace Edge.Telemetry.Drift;

/// <summary>
/// Threshold for an expected run time between false alarms, by simulation from the reference itself. Blocks of neighbouring rows, drawn with replacement (the stationary bootstrap: D. N. Politis, J. P. Romano, JASA 89 (1994)),
/// make streams that are as dependent as the real one; a window slides over each for one more window length, and the largest statistic of the slide is kept. With q = window / run time the threshold is the 1 − q quantile
/// of those maxima. Beyond the largest twentieth the tail is taken for exponential with their mean excess (J. Pickands, Annals of Statistics 3 (1975)), which is on the safe side for sums.
/// </summary>
internal sealed class RunLength
{
    private const int SlideCount = 2000;
    private const double TailShare = 0.05;
    private readonly double[] _maxima = new double[SlideCount];
    private readonly int[] _rows;

    /// <summary>Room for windows of that length.</summary>
    public RunLength(int windowCount) => _rows = new int[2 * windowCount];

    /// <summary>The threshold.</summary>
    /// <param name="options">Window, block, run time and seed.</param>
    /// <param name="norm">Statistic of a sum over the window.</param>
    /// <param name="reference">[reference count, dimension] residuals, row-major.</param>
    /// <param name="sum">[dimension], room to work in.</param>
    public double Threshold(ShiftOptions options, ShiftNorm norm, ReadOnlySpan<float> reference, Span<float> sum)
    {
        int dimension = sum.Length, window = options.WindowCount;
        SplitMix random = new((ulong)options.Seed);
        for (int slide = 0; slide < SlideCount; slide++)
        {
            DrawRows(ref random, options);
            sum.Clear();
            double largest = 0;
            for (int i = 0; i < _rows.Length; i++)
            {
                FloatRows.Add(sum, reference.Slice(_rows[i] * dimension, dimension));
                if (i >= window)
                {
                    FloatRows.Subtract(sum, reference.Slice(_rows[i - window] * dimension, dimension));
                }

                if (i >= window - 1)
                {
                    largest = Math.Max(largest, FloatRows.Size(sum, norm, out _));
                }
            }

            _maxima[slide] = largest;
        }

        return Quantile(window / options.ExpectedRunTime);
    }

    private void DrawRows(ref SplitMix random, ShiftOptions options)
    {
        for (int i = 0; i < _rows.Length; i++)
        {
            // Blocks of geometric length with the mean asked for: the stationary bootstrap, without seams at fixed places.
            _rows[i] = i == 0 || random.Next(options.BlockCount) == 0 ? random.Next(options.ReferenceCount) : (_rows[i - 1] + 1) % options.ReferenceCount;
        }
    }

    private double Quantile(double share)
    {
        _maxima.AsSpan().Sort();
        int tail = (int)(TailShare * SlideCount);
        if (share >= TailShare)
        {
            return _maxima[Math.Clamp((int)((1 - share) * SlideCount), 0, SlideCount - 1)];
        }

        double start = _maxima[^(tail + 1)], excess = 0;
        foreach (double maximum in _maxima.AsSpan(SlideCount - tail))
        {
            excess += (maximum - start) / tail;
        }

        return start + (excess * Math.Log(TailShare / share));
    }
}
