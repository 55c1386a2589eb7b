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
/// ICML 2022, for discrete contexts) is compared with a threshold that <see cref="RunLength"/> derives from the reference. O(dimension) and no allocation per observation; the one that completes the reference costs some
/// milliseconds. After an alarm a new reference is learnt. Not thread-safe.
/// </summary>
public sealed class MeanShift
{
    private readonly ShiftOptions _options;
    private readonly ShiftNorm _norm;
    private readonly int _dimension;
    private readonly RunLength _runLength;
    private readonly float[] _reference, _means, _scale, _ring, _sum, _lap, _work;
    private readonly byte[] _groups;
    private readonly int[] _groupCounts;
    private int _learned, _place, _seen;
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
        _reference = new float[_options.ReferenceCount * dimension];
        _groups = new byte[_options.ReferenceCount];
        _groupCounts = new int[_options.GroupCount];
        _means = new float[(_options.GroupCount + 1) * dimension]; // The last: of everything.
        _ring = new float[_options.WindowCount * dimension];
        (_scale, _sum, _lap, _work) = (new float[dimension], new float[dimension], new float[dimension], new float[dimension]);
        _runLength = new RunLength(_options.WindowCount);
        Reset();
    }

    /// <summary>Settings.</summary>
    public ShiftOptions Options => _options;

    /// <summary>Whether the reference is complete.</summary>
    public bool Watches => _learned == _options.ReferenceCount;

    /// <summary>Euclidean: squared distance of the means. Largest: the largest shift of a dimension, in standard deviations that an observation of it has in the reference.</summary>
    public double Statistic { get; private set; }

    /// <summary>At this it is a drift; 0 while the reference is learnt.</summary>
    public double Threshold { get; private set; }

    /// <summary>Observations since the most likely change, known after an alarm.</summary>
    public long ChangeAge { get; private set; }

    /// <summary>The dimension that moved most, 0-based.</summary>
    public int LargestIndex { get; private set; }

    /// <summary>How far the mean of a dimension is from its reference, in its own unit (Euclidean: as it was given). 0 while the reference is learnt.</summary>
    public double MovedBy(int index) => _seen == 0 || _scale[index] == 0 ? 0 : _sum[index] / _scale[index] / Math.Min(_seen, _options.WindowCount);

    /// <summary>The same by magnitude, in standard deviations that an observation of it has in the reference.</summary>
    public double Deviations(int index) => _seen == 0 ? 0 : Math.Abs(_sum[index]) / Math.Min(_seen, _options.WindowCount);

    /// <summary>Mean of a dimension over the whole reference; 0 while it is learnt.</summary>
    public double ReferenceMean(int index) => _means[(_options.GroupCount * _dimension) + index];

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
            row.CopyTo(_reference.AsSpan(_learned * _dimension));
            _groups[_learned++] = group < 0 ? byte.MaxValue : (byte)group;
            if (Watches)
            {
                Calibrate();
            }

            return DriftState.None;
        }

        Slide(row, group);
        if (_seen < _options.WindowCount)
        {
            return DriftState.None;
        }

        double size = FloatRows.Size(_sum, _norm, out _);
        Statistic = size / (_norm == ShiftNorm.Euclidean ? (double)_options.WindowCount * _options.WindowCount : _options.WindowCount);
        _alarmed = size >= _rawThreshold;
        if (_alarmed)
        {
            FindChange();
        }

        return _alarmed ? DriftState.Drift : DriftState.None;
    }

    /// <summary>Forgets everything, the reference too.</summary>
    public void Reset()
    {
        (_learned, _alarmed, _rawThreshold) = (0, false, 0);
        (Threshold, ChangeAge, LargestIndex) = (0, 0, 0);
        Forget();
    }

    internal void Exchange(StateArchive archive)
    {
        _options.Exchange(archive);
        archive.Same(_dimension, "dimension");
        archive.Same((int)_norm, "norm");
        archive.Count(ref _learned, _options.ReferenceCount);
        if (Watches)
        {
            archive.Values(_groupCounts.AsSpan());
            archive.Values(_means.AsSpan());
            archive.Values(_scale.AsSpan());
            archive.Values(_ring.AsSpan());
            archive.Values(_sum.AsSpan());
            archive.Values(_lap.AsSpan());
            archive.Count(ref _place, _options.WindowCount - 1);
            archive.Count(ref _seen, _options.WindowCount);
        }
        else
        {
            archive.Values(_reference.AsSpan(0, _learned * _dimension));
            archive.Values(_groups.AsSpan(0, _learned));
        }

        archive.Value(ref _rawThreshold);
        archive.Value(ref _alarmed);
        (double statistic, double threshold, long age, int largest) = (Statistic, Threshold, ChangeAge, LargestIndex);
        archive.Value(ref statistic);
        archive.Value(ref threshold);
        archive.Value(ref age);
        archive.Count(ref largest, _dimension - 1);
        (Statistic, Threshold, ChangeAge, LargestIndex) = (statistic, threshold, age, largest);
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
        ReadOnlySpan<float> mean = MeanOf(group);
        for (int i = 0; i < slot.Length; i++)
        {
            slot[i] = (row[i] - mean[i]) * _scale[i];
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

    /// <summary>Mean of the group's reference; of everything where the group has too few to say.</summary>
    private ReadOnlySpan<float> MeanOf(int group)
    {
        bool known = group >= 0 && group < _options.GroupCount && _groupCounts[group] >= 2 * _options.BlockCount;
        return _means.AsSpan((known ? group : _options.GroupCount) * _dimension, _dimension);
    }

    private void Calibrate()
    {
        Array.Clear(_means);
        Array.Clear(_groupCounts);
        for (int i = 0; i < _learned; i++)
        {
            FloatRows.Add(_means.AsSpan(_options.GroupCount * _dimension, _dimension), RowOf(i));
            if (_groups[i] < _options.GroupCount)
            {
                _groupCounts[_groups[i]]++;
                FloatRows.Add(_means.AsSpan(_groups[i] * _dimension, _dimension), RowOf(i));
            }
        }

        for (int g = 0; g <= _options.GroupCount; g++)
        {
            int count = g == _options.GroupCount ? _learned : Math.Max(1, _groupCounts[g]);
            for (int i = 0; i < _dimension; i++)
            {
                _means[(g * _dimension) + i] /= count;
            }
        }

        // From here on the reference holds differences. A mean that follows its own few rows makes them too small: as many as one block are counted as used up by it.
        Array.Clear(_work);
        for (int i = 0; i < _learned; i++)
        {
            ReadOnlySpan<float> mean = MeanOf(_groups[i]);
            bool own = _groups[i] < _options.GroupCount && _groupCounts[_groups[i]] >= 2 * _options.BlockCount;
            double count = own ? _groupCounts[_groups[i]] : _learned;
            float used = (float)Math.Sqrt(count / (count - _options.BlockCount));
            Span<float> row = RowOf(i);
            for (int k = 0; k < _dimension; k++)
            {
                row[k] = (row[k] - mean[k]) * used;
                _work[k] += row[k] * row[k];
            }
        }

        for (int k = 0; k < _dimension; k++)
        {
            double deviation = Math.Sqrt(_work[k] / _learned);
            _scale[k] = _norm == ShiftNorm.Euclidean ? 1 : deviation > 1e-9 ? (float)(1 / deviation) : 0;
        }

        if (_norm != ShiftNorm.Euclidean)
        {
            for (int i = 0; i < _reference.Length; i++)
            {
                _reference[i] *= _scale[i % _dimension];
            }
        }

        // The window errs, and so does the reference that it is compared with. And the reference knows its own spread from as many independent pieces as it has blocks: the normal quantile, whose square is about
        // 2 ln(run time / window), becomes Student's by the first term of its expansion (R. A. Fisher, E. A. Cornish, Technometrics 2 (1960)): t = z (1 + (z² + 1) / 4ν).
        double window = _options.WindowCount, pieces = ((double)_options.ReferenceCount / _options.BlockCount) - 1;
        double margin = Math.Sqrt(1 + (window / _options.ReferenceCount)) * (1 + (((2 * Math.Log(_options.ExpectedRunTime / window)) + 1) / (4 * pieces)));
        _rawThreshold = _runLength.Threshold(_options, _norm, _reference, _work) * (_norm == ShiftNorm.Euclidean ? margin * margin : margin);
        Threshold = _norm == ShiftNorm.Euclidean ? _rawThreshold / (window * window) : _rawThreshold / window;
        Forget();
    }

    private Span<float> RowOf(int index) => _reference.AsSpan(index * _dimension, _dimension);

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
