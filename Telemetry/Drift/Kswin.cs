namespace Edge.Telemetry.Drift;

/// <summary>Settings of <see cref="Kswin"/>.</summary>
public sealed record KswinOptions
{
    /// <summary>Level of the test, in (0, 1). It is made at every observation: false alarms come far more often than one in 1/α runs.</summary>
    /// <value>Default 0.005, the paper's; 0.0001 for a quiet watch.</value>
    public double Alpha { get; init; } = 0.005;

    /// <summary>Observations in the sliding window.</summary>
    /// <value>Default 100.</value>
    public int WindowSize { get; init; } = 100;

    /// <summary>Latest of them that are compared with as many drawn from the rest.</summary>
    /// <value>Default 30, at least 2 and at most half the window.</value>
    public int StatSize { get; init; } = 30;

    /// <summary>Seed of the drawing.</summary>
    /// <value>Default 1.</value>
    public int Seed { get; init; } = 1;

    internal KswinOptions Checked()
    {
        if (!(Alpha > 0 && Alpha < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(Alpha), Alpha, "Alpha must be in (0, 1).");
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(StatSize, 2, nameof(StatSize));
        ArgumentOutOfRangeException.ThrowIfLessThan(WindowSize, 2 * StatSize, nameof(WindowSize));
        return this;
    }
}

/// <summary>
/// KSWIN: C. Raab, M. Heusinger, F.-M. Schleif, "Reactive Soft Prototype Computing for Concept Drift Streams", Neurocomputing 416 (2020), section 3.2. The latest r observations against r drawn without replacement from
/// the older part of a sliding window, by the two-sample test of Kolmogorov and Smirnov; exact probability instead of the paper's asymptotic bound, and, as river has it, only a distance above 0.1 counts. After an alarm the
/// window is empty. <see cref="IDriftDetector.Statistic"/> is the distance of the distributions, 0 to 1.
/// </summary>
public sealed class Kswin : DriftDetector
{
    private const double LeastDistance = 0.1;
    private readonly KswinOptions _options;
    private readonly double[] _window, _recent, _drawn;
    private readonly int[] _places;
    private readonly double _critical;
    private int _next, _count;
    private SplitMix _random;
    private bool _alarmed;

    /// <summary>A test that has seen nothing.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    public Kswin(KswinOptions? options = null)
    {
        _options = (options ?? new KswinOptions()).Checked();
        (_window, _recent, _drawn) = (new double[_options.WindowSize], new double[_options.StatSize], new double[_options.StatSize]);
        _places = new int[_options.WindowSize - _options.StatSize];
        _critical = KolmogorovSmirnov.CriticalDistance(_options.StatSize, _options.StatSize, _options.Alpha);
        Reset();
    }

    /// <inheritdoc/>
    public override string Name => "kswin";

    /// <inheritdoc/>
    public override DriftState Update(double value)
    {
        RequireFinite(value);
        if (_alarmed)
        {
            Reset();
        }

        _window[_next] = value;
        _next = (_next + 1) % _window.Length;
        _count = Math.Min(_count + 1, _window.Length);
        if (_count < _window.Length)
        {
            return DriftState.None;
        }

        int older = _places.Length; // _next is the oldest.
        for (int i = 0; i < _recent.Length; i++)
        {
            _recent[i] = _window[(_next + older + i) % _window.Length];
        }

        for (int i = 0; i < older; i++)
        {
            _places[i] = i;
        }

        for (int i = 0; i < _drawn.Length; i++)
        {
            int chosen = i + _random.Next(older - i);
            (_places[i], _places[chosen]) = (_places[chosen], _places[i]);
            _drawn[i] = _window[(_next + _places[i]) % _window.Length];
        }

        _recent.AsSpan().Sort();
        _drawn.AsSpan().Sort();
        (Statistic, Threshold) = (KolmogorovSmirnov.Distance(_drawn, _recent), Math.Max(_critical, LeastDistance));
        _alarmed = Statistic >= _critical && Statistic > LeastDistance;
        ChangeAge = _recent.Length;
        return _alarmed ? DriftState.Drift : DriftState.None;
    }

    /// <inheritdoc/>
    public override void Reset()
    {
        Array.Clear(_window);
        (_next, _count, _alarmed, _random) = (0, 0, false, new SplitMix((ulong)_options.Seed));
        (Statistic, Threshold, ChangeAge) = (0, _critical, 0);
    }

    private protected override void Exchange(StateArchive archive)
    {
        archive.Same(_options.Alpha, "alpha");
        archive.Same(_options.WindowSize, "window size");
        archive.Same(_options.StatSize, "stat size");
        archive.Same(_options.Seed, "seed");
        archive.Values(_window.AsSpan());
        archive.Count(ref _next, _window.Length - 1);
        archive.Count(ref _count, _window.Length);
        archive.Value(ref _random.State);
        archive.Value(ref _alarmed);
        ExchangeFacts(archive);
    }
}
