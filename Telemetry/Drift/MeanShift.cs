namespace Edge.Telemetry.Drift;

/// <summary>How far apart two mean vectors are.</summary>
public enum ShiftNorm
{
    /// <summary>Sum of squared differences.</summary>
    Euclidean,

    /// <summary>Largest difference of a dimension, each in units of its own usual variation: it names the dimension that moved.</summary>
    Largest,

    /// <summary>The same, rises only.</summary>
    LargestRise,
}

/// <summary>
/// Whether the mean of the latest observations of a vector has left that of a reference. The first <see cref="ShiftOptions.ReferenceCount"/> observations are the reference; from then on the mean of a sliding window of
/// differences to it (to the part of the same group where groups are given, so that a change of what is usual is not taken for a change of how it looks; O. Cobb, A. Van Looveren, "Context-Aware Drift Detection",
/// ICML 2022, for discrete contexts) is compared with a threshold that <see cref="RunLength"/> derives from the reference. That simulation is spread over the observations that fill the first window, in equal parts: its
/// threshold is there when there is first something to compare with it, so that nothing is judged later, or otherwise, than if it were made at once, and no observation pays for all of it. O(dimension) and no allocation per
/// observation. After an alarm a new reference is learnt. Not thread-safe.
/// </summary>
public sealed class MeanShift
{
    private const double Unknown = -1; // Of the raw threshold while it is simulated; no threshold is negative.
    private readonly ShiftOptions _options;
    private readonly ShiftNorm _norm;
    private readonly int _dimension;
    private readonly RunLength _runLength;
    private readonly GroupedReference _reference;
    private readonly float[] _ring, _sum, _lap, _work;
    private int _place, _seen;
    private double _rawThreshold;
    private bool _alarmed;

    /// <summary>A test that has seen nothing.</summary>
    /// <param name="dimension">Numbers of an observation, at least 1.</param>
    /// <param name="norm">What is compared.</param>
    /// <param name="options">Settings.</param>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of range.</exception>
    public MeanShift(int dimension, ShiftNorm norm, ShiftOptions? options = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(dimension, 1);
        _options = (options ?? new ShiftOptions()).Checked();
        (_dimension, _norm) = (dimension, norm);
        _reference = new GroupedReference(dimension, _options);
        _ring = new float[_options.WindowCount * dimension];
        (_sum, _lap, _work) = (new float[dimension], new float[dimension], new float[dimension]);
        _runLength = new RunLength(_options, norm);
        Reset();
    }

    /// <summary>Settings.</summary>
    public ShiftOptions Options => _options;

    /// <summary>Whether the reference is complete.</summary>
    public bool Watches => _reference.IsComplete;

    /// <summary>Observations in the reference so far.</summary>
    internal int LearnedCount => _reference.Count;

    private bool Simulates => _rawThreshold == Unknown;

    /// <summary>Euclidean: squared distance of the means. Largest: the largest shift of a dimension, in standard deviations that an observation of it has in the reference.</summary>
    public double Statistic { get; private set; }

    /// <summary>At this it is a drift; 0 until there is a whole window after the reference.</summary>
    public double Threshold { get; private set; }

    /// <summary>Observations since the most likely change, known after an alarm.</summary>
    public long ChangeAge { get; private set; }

    /// <summary>The dimension that moved most, 0-based.</summary>
    public int LargestIndex { get; private set; }

    /// <summary>How far the mean of a dimension is from its reference, in its own unit (Euclidean: as it was given). 0 while the reference is learnt.</summary>
    public double MovedBy(int index) => _seen == 0 || _reference.Scale[index] == 0 ? 0 : _sum[index] / _reference.Scale[index] / Math.Min(_seen, _options.WindowCount);

    /// <summary>The same by magnitude, in standard deviations that an observation of it has in the reference.</summary>
    public double Deviations(int index) => _seen == 0 ? 0 : Math.Abs(_sum[index]) / Math.Min(_seen, _options.WindowCount);

    /// <summary>Mean of a dimension over the whole reference; 0 while it is learnt.</summary>
    public double ReferenceMean(int index) => _reference.Mean[index];

    /// <summary>Takes one observation.</summary>
    /// <param name="row">[dimension] finite numbers.</param>
    /// <param name="group">Its group, 0-based; −1: of none, compared with the whole reference.</param>
    /// <exception cref="ArgumentException">Another dimension, or no such group.</exception>
    public DriftState Update(ReadOnlySpan<float> row, int group = -1)
    {
        if (row.Length != _dimension || group < -1 || group >= _options.GroupCount)
        {
            throw new ArgumentException($"{row.Length} numbers of group {group}; expected {_dimension} of −1 to {_options.GroupCount - 1}", nameof(row));
        }

        if (_alarmed)
        {
            Reset();
        }

        if (!Watches)
        {
            _reference.Add(row, group);
            if (Watches)
            {
                _reference.Centre(_norm, _work);
                Forget();
                _runLength.Begin();
                _rawThreshold = Unknown;
            }

            return DriftState.None;
        }

        Slide(row, group);
        if (Simulates)
        {
            Calibrate();
        }

        if (_seen < _options.WindowCount)
        {
            return DriftState.None;
        }

        double size = FloatRows.Size(_sum, _norm, out _);
        Statistic = size / (_norm == ShiftNorm.Euclidean ? (double)_options.WindowCount * _options.WindowCount : _options.WindowCount);
        _alarmed = size >= _rawThreshold && size > 0; // A reference that never moved has a threshold of 0, which a stream that still does not move has not passed.
        if (_alarmed)
        {
            FindChange();
        }

        return _alarmed ? DriftState.Drift : DriftState.None;
    }

    /// <summary>Forgets everything, the reference too.</summary>
    public void Reset()
    {
        _reference.Clear();
        (_alarmed, _rawThreshold) = (false, 0);
        (Threshold, ChangeAge, LargestIndex) = (0, 0, 0);
        Forget();
    }

    internal void Exchange(StateArchive archive)
    {
        _options.Exchange(archive);
        archive.Same(_dimension, "dimension");
        archive.Same((int)_norm, "norm");
        _reference.Exchange(archive);
        if (Watches)
        {
            archive.Values(_ring.AsSpan());
            archive.Values(_sum.AsSpan());
            archive.Values(_lap.AsSpan());
            archive.Count(ref _place, _options.WindowCount - 1);
            archive.Count(ref _seen, _options.WindowCount);
        }

        archive.Value(ref _rawThreshold);
        archive.Value(ref _alarmed);
        (double statistic, double threshold, long age, int largest) = (Statistic, Threshold, ChangeAge, LargestIndex);
        archive.Value(ref statistic);
        archive.Value(ref threshold);
        archive.Value(ref age);
        archive.Count(ref largest, _dimension - 1);
        (Statistic, Threshold, ChangeAge, LargestIndex) = (statistic, threshold, age, largest);
        if (Simulates)
        {
            archive.Values(_reference.Rows);
            _runLength.Exchange(archive);
        }
    }

    private void Forget()
    {
        Array.Clear(_ring);
        Array.Clear(_sum);
        Array.Clear(_lap);
        (_place, _seen, Statistic) = (0, 0, 0);
    }

    private void Slide(ReadOnlySpan<float> row, int group)
    {
        Span<float> slot = _ring.AsSpan(_place * _dimension, _dimension);
        FloatRows.Subtract(_sum, slot);
        ReadOnlySpan<float> mean = _reference.MeanOf(group), scale = _reference.Scale;
        for (int i = 0; i < slot.Length; i++)
        {
            slot[i] = (row[i] - mean[i]) * scale[i];
        }

        FloatRows.Add(_sum, slot);
        FloatRows.Add(_lap, slot);
        _seen = Math.Min(_seen + 1, _options.WindowCount);
        _place = (_place + 1) % _options.WindowCount;
        if (_place == 0)
        {
            // What the lap added up is the exact sum: rounding errors do not outlive a lap.
            _lap.CopyTo(_sum.AsSpan());
            Array.Clear(_lap);
        }
    }

    /// <summary>One part of the simulation; with the observation that fills the window the last.</summary>
    private void Calibrate()
    {
        _runLength.Simulate(_options.WindowCount - _seen + 1, _reference.Rows, _work);
        if (!_runLength.IsDone)
        {
            return;
        }

        // The window errs, and so does the reference that it is compared with. And the reference knows its own spread from as many independent pieces as it has blocks: the normal quantile, whose square is about
        // 2 ln(run time / window), becomes Student's by the first term of its expansion (R. A. Fisher, E. A. Cornish, Technometrics 2 (1960)): t = z (1 + (z² + 1) / 4ν).
        double window = _options.WindowCount, pieces = ((double)_options.ReferenceCount / _options.BlockCount) - 1;
        double margin = Math.Sqrt(1 + (window / _options.ReferenceCount)) * (1 + (((2 * Math.Log(_options.ExpectedRunTime / window)) + 1) / (4 * pieces)));
        _rawThreshold = _runLength.Threshold() * (_norm == ShiftNorm.Euclidean ? margin * margin : margin);
        Threshold = _norm == ShiftNorm.Euclidean ? _rawThreshold / (window * window) : _rawThreshold / window;
    }

    /// <summary>The most likely change within the window is where what came after it lies farthest off for its length.</summary>
    private void FindChange()
    {
        FloatRows.Size(_sum, _norm, out int index);
        LargestIndex = index;
        Array.Clear(_work);
        double best = -1;
        for (int age = 1; age <= _options.WindowCount; age++)
        {
            int place = (_place - age + _options.WindowCount) % _options.WindowCount;
            FloatRows.Add(_work, _ring.AsSpan(place * _dimension, _dimension));
            double size = _norm == ShiftNorm.Euclidean ? FloatRows.SquaredNorm(_work) : (double)_work[index] * _work[index];
            if (size / age > best)
            {
                (best, ChangeAge) = (size / age, age);
            }
        }
    }
}
