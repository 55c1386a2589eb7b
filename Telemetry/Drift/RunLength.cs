namespace Edge.Telemetry.Drift;

/// <summary>
/// Threshold for an expected run time between false alarms, by simulation from the reference itself. Blocks of neighbouring rows, drawn with replacement (the stationary bootstrap: D. N. Politis, J. P. Romano, JASA 89 (1994)),
/// make streams that are as dependent as the real one; a window slides over each for one more window length, and the largest statistic of the slide is kept. With q = window / run time the threshold is the 1 − q quantile
/// of those maxima. Beyond the largest twentieth the tail is taken for exponential with their mean excess (J. Pickands, Annals of Statistics 3 (1975)), which is on the safe side for sums. The slides can be made a few at a
/// time, between observations: the threshold is the same to the bit.
/// </summary>
internal sealed class RunLength
{
    private const int SlideCount = 2000;
    private const double TailShare = 0.05;
    private readonly ShiftOptions _options;
    private readonly ShiftNorm _norm;
    private readonly double[] _maxima = new double[SlideCount];
    private readonly int[] _rows;
    private SplitMix _random;
    private int _slides;

    /// <summary>A simulation that has not begun.</summary>
    /// <param name="options">Window, block, run time and seed.</param>
    /// <param name="norm">Statistic of a sum over the window.</param>
    public RunLength(ShiftOptions options, ShiftNorm norm)
    {
        (_options, _norm) = (options, norm);
        _rows = new int[2 * options.WindowCount];
        Begin();
    }

    /// <summary>Whether all slides are made.</summary>
    public bool IsDone => _slides == SlideCount;

    /// <summary>Begins anew, for another reference.</summary>
    public void Begin() => (_random, _slides) = (new SplitMix((ulong)_options.Seed), 0);

    /// <summary>Makes a share of the slides that are left.</summary>
    /// <param name="parts">How many more such calls there will be, this one included; 1: all that are left.</param>
    /// <param name="reference">[reference count, dimension] residuals, row-major; the same in every call.</param>
    /// <param name="sum">[dimension], room to work in.</param>
    public void Simulate(int parts, ReadOnlySpan<float> reference, Span<float> sum)
    {
        int dimension = sum.Length, window = _options.WindowCount;
        for (int end = _slides + ((SlideCount - _slides + parts - 1) / parts); _slides < end; _slides++)
        {
            DrawRows();
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
                    largest = Math.Max(largest, FloatRows.Size(sum, _norm, out _));
                }
            }

            _maxima[_slides] = largest;
        }
    }

    /// <summary>The threshold, once <see cref="IsDone"/>: asked for once, since it sorts what it was made from.</summary>
    public double Threshold()
    {
        double share = _options.WindowCount / _options.ExpectedRunTime;
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

    /// <summary>What is simulated so far; it goes on to the bit.</summary>
    internal void Exchange(StateArchive archive)
    {
        archive.Value(ref _random.State);
        archive.Count(ref _slides, SlideCount);
        archive.Values(_maxima.AsSpan(0, _slides));
    }

    private void DrawRows()
    {
        for (int i = 0; i < _rows.Length; i++)
        {
            // Blocks of geometric length with the mean asked for: the stationary bootstrap, without seams at fixed places.
            _rows[i] = i == 0 || _random.Next(_options.BlockCount) == 0 ? _random.Next(_options.ReferenceCount) : (_rows[i - 1] + 1) % _options.ReferenceCount;
        }
    }
}
