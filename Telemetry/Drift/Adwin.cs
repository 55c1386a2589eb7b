namespace Edge.Telemetry.Drift;

/// <summary>Settings of <see cref="Adwin"/>. The defaults are those of the authors' implementation in MOA.</summary>
public sealed record AdwinOptions
{
    /// <summary>Confidence of a cut, the paper's δ, in (0, 1).</summary>
    /// <value>Default 0.002. Smaller: later and fewer alarms.</value>
    public double Delta { get; init; } = 0.002;

    /// <summary>Observations between two looks for a cut.</summary>
    /// <value>Default 32, at least 1.</value>
    public int Clock { get; init; } = 32;

    /// <summary>Buckets of each size before the two oldest are merged, the paper's M.</summary>
    /// <value>Default 5, from 2 to 64.</value>
    public int MaxBuckets { get; init; } = 5;

    /// <summary>Least observations on either side of a cut.</summary>
    /// <value>Default 5, at least 1.</value>
    public int MinWindowLength { get; init; } = 5;

    /// <summary>Observations in the window before a cut is looked for.</summary>
    /// <value>Default 10, at least 1.</value>
    public int GracePeriod { get; init; } = 10;

    internal AdwinOptions Checked()
    {
        if (!(Delta > 0 && Delta < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(Delta), Delta, "Delta must be in (0, 1).");
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(Clock, 1, nameof(Clock));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxBuckets, 2, nameof(MaxBuckets));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxBuckets, 64, nameof(MaxBuckets));
        ArgumentOutOfRangeException.ThrowIfLessThan(MinWindowLength, 1, nameof(MinWindowLength));
        ArgumentOutOfRangeException.ThrowIfLessThan(GracePeriod, 1, nameof(GracePeriod));
        return this;
    }
}

/// <summary>
/// ADWIN2: A. Bifet, R. Gavaldà, "Learning from Time-Changing Data with Adaptive Windowing", SIAM Data Mining 2007, sections 3 and 4. A window of all observations since the last change, kept as an exponential
/// histogram (M buckets of each size 1, 2, 4, …); a cut into W0 and W1 is a change when |μ̂0 − μ̂1| &gt; ε = √(2/m · σ² · ln(2 ln n / δ)) + 2/(3m) · ln(2 ln n / δ) with 1/m = 1/n0 + 1/n1. Then oldest buckets go until
/// no cut is one. Deviations, both those of MOA and river: the window is looked at every <see cref="AdwinOptions.Clock"/> observations, 1/n counts only what is above the least length of a side; and after an alarm
/// the next observation starts with an empty window. Every bucket boundary is a cut, the last pair included (river up to 0.21 left that one out). 5.6 kB; amortised O(1) per observation, independence of the observations assumed.
/// </summary>
public sealed class Adwin : DriftDetector
{
    private const int RowCount = 56; // Buckets of up to 2^55 observations: longer than any stream.
    private readonly AdwinOptions _options;
    private readonly int _slots;
    private readonly double[] _totals, _squares;
    private readonly int[] _counts = new int[RowCount];
    private int _rows;
    private double _width, _total, _variance;
    private long _tick, _detections;
    private bool _alarmed;

    /// <summary>A test that has seen nothing.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    public Adwin(AdwinOptions? options = null)
    {
        _options = (options ?? new AdwinOptions()).Checked();
        _slots = _options.MaxBuckets + 1;
        (_totals, _squares) = (new double[RowCount * _slots], new double[RowCount * _slots]);
        Reset();
    }

    /// <inheritdoc/>
    public override string Name => "adwin";

    /// <summary>Observations in the window.</summary>
    public double Width => _width;

    /// <summary>Their sum.</summary>
    public double Total => _total;

    /// <summary>Their mean; 0 without any.</summary>
    public double Mean => _width > 0 ? _total / _width : 0;

    /// <summary>Sum of their squared deviations from the mean, as far as the histogram knows it.</summary>
    public double VarianceSum => _variance;

    /// <summary>Changes found since it was made.</summary>
    public long DetectionCount => _detections;

    /// <inheritdoc/>
    public override DriftState Update(double value)
    {
        RequireFinite(value);
        if (_alarmed)
        {
            Reset();
        }

        Insert(value);
        _tick++;
        if (_tick % _options.Clock != 0 || _width <= _options.GracePeriod)
        {
            return DriftState.None;
        }

        (Statistic, Threshold) = (0, 0);
        while (FindCut())
        {
            _alarmed = true;
            DropOldest();
        }

        if (_alarmed)
        {
            _detections++;
            ChangeAge = (long)_width;
        }

        return _alarmed ? DriftState.Drift : DriftState.None;
    }

    /// <inheritdoc/>
    public override void Reset()
    {
        Array.Clear(_totals);
        Array.Clear(_squares);
        Array.Clear(_counts);
        (_rows, _width, _total, _variance, _tick, _alarmed) = (1, 0, 0, 0, 0, false);
        (Statistic, Threshold, ChangeAge) = (0, 0, 0);
    }

    private protected override void Exchange(StateArchive archive)
    {
        archive.Same(_options.Delta, "delta");
        archive.Same(_options.Clock, "clock");
        archive.Same(_options.MaxBuckets, "max buckets");
        archive.Same(_options.MinWindowLength, "least length");
        archive.Same(_options.GracePeriod, "grace period");
        archive.Count(ref _rows, RowCount);
        for (int row = 0; row < _rows; row++)
        {
            archive.Count(ref _counts[row], _slots);
        }

        archive.Values(_totals.AsSpan(0, _rows * _slots));
        archive.Values(_squares.AsSpan(0, _rows * _slots));
        archive.Value(ref _width);
        archive.Value(ref _total);
        archive.Value(ref _variance);
        archive.Value(ref _tick);
        archive.Value(ref _detections);
        archive.Value(ref _alarmed);
        ExchangeFacts(archive);
    }

    private void Insert(double value)
    {
        Append(0, value, 0);
        _width++;
        if (_width > 1)
        {
            double deviation = value - (_total / (_width - 1));
            _variance += (_width - 1) * deviation * deviation / _width;
        }

        _total += value;
        for (int row = 0; _counts[row] == _slots; row++)
        {
            int place = row * _slots;
            double size = Math.ScaleB(1, row), difference = (_totals[place] - _totals[place + 1]) / size;
            Append(row + 1, _totals[place] + _totals[place + 1], _squares[place] + _squares[place + 1] + (size * difference * difference / 2));
            RemoveOldest(row, 2);
        }
    }

    private void Append(int row, double total, double squares)
    {
        _rows = Math.Max(_rows, row + 1);
        int place = (row * _slots) + _counts[row]++;
        (_totals[place], _squares[place]) = (total, squares);
    }

    private void RemoveOldest(int row, int count)
    {
        int place = row * _slots, left = _counts[row] - count;
        _totals.AsSpan(place + count, left).CopyTo(_totals.AsSpan(place));
        _squares.AsSpan(place + count, left).CopyTo(_squares.AsSpan(place));
        _counts[row] = left;
    }

    private void DropOldest()
    {
        int row = _rows - 1, place = row * _slots;
        double size = Math.ScaleB(1, row), total = _totals[place], squares = _squares[place];
        _width -= size;
        _total -= total;
        double difference = (total / size) - (_total / _width);
        _variance -= squares + (size * _width * difference * difference / (size + _width));
        RemoveOldest(row, 1);
        if (_counts[row] == 0)
        {
            _rows--;
        }
    }

    /// <summary>Goes through the cuts from the oldest; true at the first that is a change.</summary>
    private bool FindCut()
    {
        int least = _options.MinWindowLength;
        double n0 = 0, u0 = 0, confidence = Math.Log(2 * Math.Log(_width) / _options.Delta), variance = _variance / _width;
        for (int row = _rows - 1; row >= 0; row--)
        {
            double size = Math.ScaleB(1, row);
            for (int k = 0; k < _counts[row]; k++)
            {
                n0 += size;
                u0 += _totals[(row * _slots) + k];
                double n1 = _width - n0;
                if (n0 < least || n1 < least)
                {
                    continue;
                }

                double share = (1 / (n0 - least + 1)) + (1 / (n1 - least + 1));
                double distance = Math.Abs((u0 / n0) - ((_total - u0) / n1));
                double epsilon = Math.Sqrt(2 * share * variance * confidence) + (2.0 / 3 * confidence * share);
                if (!_alarmed && distance * Threshold >= Statistic * epsilon)
                {
                    (Statistic, Threshold) = (distance, epsilon);
                }

                if (distance > epsilon)
                {
                    (Statistic, Threshold) = _alarmed ? (Statistic, Threshold) : (distance, epsilon);
                    return true;
                }
            }
        }

        return false;
    }
}
