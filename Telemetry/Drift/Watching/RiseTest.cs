namespace Edge.Telemetry.Drift.Watching;

/// <summary>
/// Whether a number of each window has risen for good within the classes, by a test that a person chooses (<see cref="Adwin"/>, <see cref="Kswin"/>). Both tests take observations for independent, which neighbouring windows
/// are not, and for those of one distribution, which classes do not have. So the first windows are a reference that gives each class its mean, and the test sees the mean difference to it of a block of windows, one observation a
/// block. Of what it finds only a rise is told; after that a new reference is learnt. No allocation per window. Not thread-safe.
/// </summary>
internal sealed class RiseTest
{
    /// <summary>The tests that there are.</summary>
    public static readonly IReadOnlyList<string> TestNames = ["adwin", "kswin"];

    private const int RecentCount = 64;
    private readonly ShiftOptions _options;
    private readonly double[] _values, _means, _recent = new double[RecentCount];
    private readonly byte[] _groups;
    private readonly int[] _counts;
    private DriftDetector _test;
    private int _learned, _inBlock;
    private double _blockSum, _total, _scale;
    private long _blocks;
    private bool _alarmed;

    /// <summary>A test that has seen nothing.</summary>
    /// <param name="testName">One of <see cref="TestNames"/>.</param>
    /// <param name="options">Reference, block and groups; the seed is for the drawing of KSWIN.</param>
    public RiseTest(string testName, ShiftOptions options)
    {
        _options = options;
        _values = new double[options.ReferenceCount];
        _groups = new byte[options.ReferenceCount];
        (_means, _counts) = (new double[options.GroupCount + 1], new int[options.GroupCount + 1]); // The last: of everything.
        _test = Make(testName);
    }

    /// <summary>Name of the test.</summary>
    public string TestName => _test.Name;

    /// <summary>The test's statistic at the latest block.</summary>
    public double Statistic => _test.Statistic;

    /// <summary>At this it rings; 0 before there is a threshold.</summary>
    public double Threshold => _test.Threshold;

    /// <summary><see cref="Statistic"/> as a share of <see cref="Threshold"/>.</summary>
    public double Score => _test.Score;

    /// <summary>Windows since the suspected change, known after an alarm.</summary>
    public long ChangeAge { get; private set; }

    /// <summary>Whether the reference is complete.</summary>
    public bool Watches => _learned == _values.Length;

    /// <summary>Goes on with another test. It begins with the next block; what the classes' means are it need not learn again.</summary>
    public void Use(string testName)
    {
        if (testName != TestName)
        {
            _test = Make(testName);
            Forget();
        }
    }

    /// <summary>Takes the number of one window.</summary>
    /// <param name="value">A finite number.</param>
    /// <param name="group">The window's class, 0-based; −1: of none.</param>
    /// <returns>Drift where it has risen; else none.</returns>
    public DriftState Update(double value, int group)
    {
        if (_alarmed)
        {
            Reset();
        }

        if (Watches)
        {
            return Take(value - MeanOf(group));
        }

        _values[_learned] = value;
        _groups[_learned++] = group < 0 ? byte.MaxValue : (byte)group;
        if (Watches)
        {
            Learn();
        }

        return DriftState.None;
    }

    /// <summary>Forgets everything, the reference too.</summary>
    public void Reset()
    {
        (_learned, _alarmed, ChangeAge) = (0, false, 0);
        _test.Reset();
        Forget();
    }

    internal void Exchange(StateArchive archive)
    {
        _options.Exchange(archive);
        archive.Same(TestNames.ToList().IndexOf(TestName), "test");
        archive.Count(ref _learned, _values.Length);
        archive.Values(_values.AsSpan(0, Watches ? 0 : _learned));
        archive.Values(_groups.AsSpan(0, Watches ? 0 : _learned));
        archive.Values(_means.AsSpan());
        archive.Values(_counts.AsSpan());
        archive.Values(_recent.AsSpan());
        archive.Count(ref _inBlock, _options.BlockCount);
        archive.Value(ref _scale);
        archive.Value(ref _blockSum);
        archive.Value(ref _total);
        archive.Value(ref _blocks);
        archive.Value(ref _alarmed);
        _test.ExchangeState(archive);
    }

    // One window of blocks is 960 windows at blocks of 16; at level 1e-4 of the exact test 15 against 15 ring when 12 of them lie apart.
    private DriftDetector Make(string testName) => testName switch
    {
        "adwin" => new Adwin(new AdwinOptions { Clock = 1 }),
        "kswin" => new Kswin(new KswinOptions { Alpha = 1e-4, WindowSize = 60, StatSize = 15, Seed = _options.Seed }),
        _ => throw new ArgumentException($"there is no test '{testName}'; expected {string.Join(", ", TestNames)}", nameof(testName)),
    };

    private void Learn()
    {
        Array.Clear(_means);
        Array.Clear(_counts);
        for (int i = 0; i < _learned; i++)
        {
            Count(_options.GroupCount, _values[i]);
            if (_groups[i] < _options.GroupCount)
            {
                Count(_groups[i], _values[i]);
            }
        }

        // In units of the deviation that a block's mean has in the reference: ADWIN's bound is made for numbers whose range is about 1.
        double squares = 0, sum = 0;
        for (int i = 0; i < _learned; i++)
        {
            sum += _values[i] - MeanOf(_groups[i]);
            if ((i + 1) % _options.BlockCount == 0)
            {
                squares += sum * sum;
                sum = 0;
            }
        }

        double deviation = Math.Sqrt(squares / Math.Max(1, _learned / _options.BlockCount)) / _options.BlockCount;
        _scale = deviation > 1e-9 ? 1 / deviation : 0;
        for (int i = 0; i < _learned; i++)
        {
            Take(_values[i] - MeanOf(_groups[i]));
        }

        _alarmed = false; // A reference that is not of one piece is the reference all the same.

        void Count(int group, double value) => _means[group] += (value - _means[group]) / ++_counts[group];
    }

    private double MeanOf(int group)
    {
        bool known = group >= 0 && group < _options.GroupCount && _counts[group] >= 2 * _options.BlockCount;
        return _means[known ? group : _options.GroupCount];
    }

    private DriftState Take(double difference)
    {
        _blockSum += difference;
        if (++_inBlock < _options.BlockCount)
        {
            return DriftState.None;
        }

        double mean = _blockSum / _inBlock * _scale;
        (_blockSum, _inBlock) = (0, 0);
        _recent[_blocks++ % RecentCount] = mean;
        _total += mean;
        if (_test.Update(mean) != DriftState.Drift)
        {
            return DriftState.None;
        }

        (long age, double rise) = MostLikelyChange();
        _alarmed = rise > 0;
        ChangeAge = age * _options.BlockCount;
        if (!_alarmed)
        {
            Forget(); // It fell: the test starts anew by itself.
        }

        return _alarmed ? DriftState.Drift : DriftState.None;
    }

    /// <summary>The cut among the latest blocks that parts them best from all before, and by how much the mean is higher after it. ADWIN drops no more of the old than it must, KSWIN looks at a fixed number: neither says when it changed.</summary>
    private (long Age, double Rise) MostLikelyChange()
    {
        (long age, double rise, double best) = (1, 0, -1);
        double after = 0;
        for (long newer = 1; newer <= Math.Min(RecentCount, _blocks - 1); newer++)
        {
            after += _recent[(_blocks - newer) % RecentCount];
            double older = _blocks - newer, difference = (after / newer) - ((_total - after) / older), weight = newer * older / _blocks * difference * difference;
            if (weight > best)
            {
                (age, rise, best) = (newer, difference, weight);
            }
        }

        return (age, rise);
    }

    private void Forget() => (_blockSum, _inBlock, _total, _blocks) = (0, 0, 0, 0);
}
