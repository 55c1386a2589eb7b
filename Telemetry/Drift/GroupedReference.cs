namespace Edge.Telemetry.Drift;

/// <summary>
/// The observations that <see cref="MeanShift"/> compares with: the first ones, each of a group or of none. When all are there, <see cref="Centre"/> makes of them the mean of each group and the differences to it, from which
/// the threshold is simulated.
/// </summary>
internal sealed class GroupedReference
{
    private readonly ShiftOptions _options;
    private readonly int _dimension;
    private readonly float[] _rows, _means, _scale;
    private readonly byte[] _groups;
    private readonly int[] _groupCounts;
    private int _count;

    /// <summary>Without an observation.</summary>
    public GroupedReference(int dimension, ShiftOptions options)
    {
        (_options, _dimension) = (options, dimension);
        _rows = new float[options.ReferenceCount * dimension];
        _groups = new byte[options.ReferenceCount];
        _groupCounts = new int[options.GroupCount];
        _means = new float[(options.GroupCount + 1) * dimension]; // The last: of everything.
        _scale = new float[dimension];
    }

    /// <summary>Observations so far.</summary>
    public int Count => _count;

    /// <summary>Whether all are there.</summary>
    public bool IsComplete => _count == _options.ReferenceCount;

    /// <summary>[reference count, dimension] row-major: observations, after <see cref="Centre"/> residuals.</summary>
    public Span<float> Rows => _rows;

    /// <summary>[dimension] what a difference is multiplied with; 1 in the Euclidean norm, else 1 / standard deviation, or 0 where the reference has none.</summary>
    public ReadOnlySpan<float> Scale => _scale;

    /// <summary>[dimension] mean of everything.</summary>
    public ReadOnlySpan<float> Mean => _means.AsSpan(_options.GroupCount * _dimension, _dimension);

    /// <summary>Takes one.</summary>
    public void Add(ReadOnlySpan<float> row, int group)
    {
        row.CopyTo(RowOf(_count));
        _groups[_count++] = group < 0 ? byte.MaxValue : (byte)group;
    }

    /// <summary>Lets all go.</summary>
    public void Clear() => _count = 0;

    /// <summary>[dimension] mean of a group; of everything where the group has too few to say.</summary>
    public ReadOnlySpan<float> MeanOf(int group) => IsKnown(group) ? _means.AsSpan(group * _dimension, _dimension) : Mean;

    /// <summary>Makes means, scale and residuals of what is there.</summary>
    /// <param name="norm">Euclidean: nothing is scaled.</param>
    /// <param name="work">[dimension], room to work in.</param>
    public void Centre(ShiftNorm norm, Span<float> work)
    {
        Array.Clear(_means);
        Array.Clear(_groupCounts);
        for (int i = 0; i < _count; i++)
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
            int count = g == _options.GroupCount ? _count : Math.Max(1, _groupCounts[g]);
            for (int i = 0; i < _dimension; i++)
            {
                _means[(g * _dimension) + i] /= count;
            }
        }

        // A mean that follows its own few rows makes them too small: as many as one block are counted as used up by it.
        work.Clear();
        for (int i = 0; i < _count; i++)
        {
            ReadOnlySpan<float> mean = MeanOf(_groups[i]);
            double count = IsKnown(_groups[i]) ? _groupCounts[_groups[i]] : _count;
            float used = (float)Math.Sqrt(count / (count - _options.BlockCount));
            Span<float> row = RowOf(i);
            for (int k = 0; k < row.Length; k++)
            {
                row[k] = (row[k] - mean[k]) * used;
                work[k] += row[k] * row[k];
            }
        }

        for (int k = 0; k < _dimension; k++)
        {
            double deviation = Math.Sqrt(work[k] / _count);
            _scale[k] = norm == ShiftNorm.Euclidean ? 1 : deviation > 1e-9 ? (float)(1 / deviation) : 0;
        }

        for (int i = 0; norm != ShiftNorm.Euclidean && i < _rows.Length; i++)
        {
            _rows[i] *= _scale[i % _dimension];
        }
    }

    /// <summary>Observations until they are complete, after that what was made of them; not the residuals.</summary>
    internal void Exchange(StateArchive archive)
    {
        archive.Count(ref _count, _options.ReferenceCount);
        if (IsComplete)
        {
            archive.Values(_groupCounts.AsSpan());
            archive.Values(_means.AsSpan());
            archive.Values(_scale.AsSpan());
        }
        else
        {
            archive.Values(_rows.AsSpan(0, _count * _dimension));
            archive.Values(_groups.AsSpan(0, _count));
        }
    }

    private Span<float> RowOf(int index) => _rows.AsSpan(index * _dimension, _dimension);

    private bool IsKnown(int group) => group >= 0 && group < _options.GroupCount && _groupCounts[group] >= 2 * _options.BlockCount;
}
