namespace Edge.Telemetry.Drift.Watching;

/// <summary>
/// Whether the distances of a class look different, by <see cref="PerClassKs"/> over the means of blocks of windows of that class, one observation a block: the test takes observations for independent, which neighbouring windows
/// are not. A class's reference is as many blocks as the reference has, of its own windows; compared with it are the latest blocks, as many as two windows have, or more where fewer could not be rare enough for the run time.
/// A block is one test, of one class; Boole's inequality over all of them bounds the false alarms, whatever classes come. After an alarm that class's reference is learnt anew. No allocation per window. Not thread-safe.
/// </summary>
internal sealed class PerClassTest
{
    private readonly ShiftOptions _options;
    private readonly PerClassKs _test;
    private readonly double[] _sums;
    private readonly int[] _counts;
    private readonly long[] _begun, _starts, _blocks; // Of each class: the window that began its block, those that began its latest ones, how many blocks it had.
    private readonly int _recentCount;
    private long _windows;

    /// <summary>A test that has seen nothing.</summary>
    /// <param name="options">Reference, window, block and run time, all in windows; the groups are the classes.</param>
    public PerClassTest(ShiftOptions options)
    {
        _options = options;
        int classes = options.GroupCount, referenceCount = Math.Max(2, options.ReferenceCount / options.BlockCount);
        double runTime = Math.Max(2, options.ExpectedRunTime / options.BlockCount);
        _recentCount = Math.Max(2, 2 * options.WindowCount / options.BlockCount);
        while (KolmogorovSmirnov.Probability(referenceCount, _recentCount, 1) > 1 / runTime)
        {
            _recentCount++;
        }

        _test = new PerClassKs(classes, new PerClassKsOptions { ReferenceCount = referenceCount, RecentCount = _recentCount, ExpectedRunTime = runTime });
        (_sums, _counts, _begun, _blocks, _starts) = (new double[classes], new int[classes], new long[classes], new long[classes], new long[classes * _recentCount]);
    }

    /// <summary>Distance of the class that is farthest from its reference, 0 to 1.</summary>
    public double Statistic => _test.Farthest is >= 0 and var farthest ? _test.Distance(farthest) : 0;

    /// <summary>At this it rings.</summary>
    public double Threshold => _test.Threshold;

    /// <summary>Windows since the first of the blocks that were compared, of any class: the test does not say where among them it changed. Known after an alarm.</summary>
    public long ChangeAge { get; private set; }

    /// <summary>Takes the distance of one window.</summary>
    /// <param name="value">A finite number.</param>
    /// <param name="classIndex">Its class, 0-based; −1, of none, only lets time pass.</param>
    /// <returns>Drift when the latest blocks of this class are not as its reference.</returns>
    public DriftState Update(double value, int classIndex)
    {
        _windows++;
        if (classIndex < 0)
        {
            return DriftState.None;
        }

        _begun[classIndex] = _counts[classIndex] == 0 ? _windows : _begun[classIndex];
        _sums[classIndex] += value;
        if (++_counts[classIndex] < _options.BlockCount)
        {
            return DriftState.None;
        }

        double mean = _sums[classIndex] / _options.BlockCount;
        Span<long> starts = _starts.AsSpan(classIndex * _recentCount, _recentCount);
        starts[(int)(_blocks[classIndex]++ % _recentCount)] = _begun[classIndex];
        (_sums[classIndex], _counts[classIndex]) = (0, 0);
        DriftState state = _test.Update(mean, classIndex);
        if (state == DriftState.Drift)
        {
            ChangeAge = _windows - starts[(int)(_blocks[classIndex] % _recentCount)] + 1;
        }

        return state;
    }

    /// <summary>Forgets everything, the references too.</summary>
    public void Reset()
    {
        Array.Clear(_sums);
        Array.Clear(_counts);
        Array.Clear(_begun);
        Array.Clear(_starts);
        Array.Clear(_blocks);
        (_windows, ChangeAge) = (0, 0);
        _test.Reset();
    }

    internal void Exchange(StateArchive archive)
    {
        _options.Exchange(archive);
        archive.Values(_sums.AsSpan());
        for (int c = 0; c < _counts.Length; c++)
        {
            archive.Count(ref _counts[c], _options.BlockCount - 1);
        }

        archive.Values(_begun.AsSpan());
        archive.Values(_starts.AsSpan());
        archive.Values(_blocks.AsSpan());
        archive.Value(ref _windows);
        long age = ChangeAge;
        archive.Value(ref age);
        ChangeAge = age;
        _test.Exchange(archive);
    }
}
