namespace Edge.Telemetry.Drift;

/// <summary>Settings of <see cref="Ddm"/>. The defaults are the paper's.</summary>
public sealed record DdmOptions
{
    /// <summary>Observations before it says anything.</summary>
    /// <value>Default 30, at least 1.</value>
    public int WarmStart { get; init; } = 30;

    /// <summary>Standard deviations above the least error at which it warns.</summary>
    /// <value>Default 2, above 0.</value>
    public double WarningDeviations { get; init; } = 2;

    /// <summary>Standard deviations above the least error that are a drift.</summary>
    /// <value>Default 3, above 0.</value>
    public double DriftDeviations { get; init; } = 3;

    internal DdmOptions Checked()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(WarmStart, 1, nameof(WarmStart));
        if (!(WarningDeviations > 0 && double.IsFinite(WarningDeviations)))
        {
            throw new ArgumentOutOfRangeException(nameof(WarningDeviations), WarningDeviations, "Must be finite and above 0.");
        }

        if (!(DriftDeviations > 0 && double.IsFinite(DriftDeviations)))
        {
            throw new ArgumentOutOfRangeException(nameof(DriftDeviations), DriftDeviations, "Must be finite and above 0.");
        }

        return this;
    }
}

/// <summary>
/// DDM: J. Gama, P. Medas, G. Castillo, P. Rodrigues, "Learning with Drift Detection", SBIA 2004, section 3. Over right (0) and wrong (1), with p the error rate so far and s = √(p(1−p)/n): least p + s is
/// remembered; p + s &gt; p_min + 2 s_min warns, above p_min + 3 s_min is a drift. <see cref="IDriftDetector.Statistic"/> is p + s − p_min, the threshold 3 s_min. It finds a rise only, and slowly after a long quiet time.
/// </summary>
public sealed class Ddm : DriftDetector
{
    private readonly DdmOptions _options;
    private long _count, _warnedAt;
    private double _errorRate, _least, _leastRate, _leastDeviation;
    private bool _alarmed;

    /// <summary>A test that has seen nothing.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    public Ddm(DdmOptions? options = null)
    {
        _options = (options ?? new DdmOptions()).Checked();
        Reset();
    }

    /// <inheritdoc/>
    public override string Name => "ddm";

    /// <summary>Share of errors since it was reset.</summary>
    public double ErrorRate => _errorRate;

    /// <inheritdoc/>
    public override DriftState Update(double value)
    {
        RequireFinite(value);
        if (_alarmed)
        {
            Reset();
        }

        _count++;
        _errorRate += (value - _errorRate) / _count;
        if (_count <= _options.WarmStart)
        {
            return DriftState.None;
        }

        double deviation = Math.Sqrt(Math.Max(0, _errorRate * (1 - _errorRate)) / _count), sum = _errorRate + deviation;
        if (sum <= _least)
        {
            (_least, _leastRate, _leastDeviation) = (sum, _errorRate, deviation);
        }

        (Statistic, Threshold) = (sum - _leastRate, _options.DriftDeviations * _leastDeviation);
        bool warns = sum > _leastRate + (_options.WarningDeviations * _leastDeviation);
        _warnedAt = !warns ? 0 : _warnedAt == 0 ? _count : _warnedAt;
        ChangeAge = warns ? _count - _warnedAt + 1 : 0;
        _alarmed = sum > _leastRate + (_options.DriftDeviations * _leastDeviation);
        return _alarmed ? DriftState.Drift : warns ? DriftState.Warning : DriftState.None;
    }

    /// <inheritdoc/>
    public override void Reset()
    {
        (_count, _warnedAt, _errorRate, _alarmed) = (0, 0, 0, false);
        (_least, _leastRate, _leastDeviation) = (double.MaxValue, 0, 0);
        (Statistic, Threshold, ChangeAge) = (0, 0, 0);
    }

    private protected override void Exchange(StateArchive archive)
    {
        archive.Same(_options.WarmStart, "warm start");
        archive.Same(_options.WarningDeviations, "warning deviations");
        archive.Same(_options.DriftDeviations, "drift deviations");
        archive.Value(ref _count);
        archive.Value(ref _warnedAt);
        archive.Value(ref _errorRate);
        archive.Value(ref _least);
        archive.Value(ref _leastRate);
        archive.Value(ref _leastDeviation);
        archive.Value(ref _alarmed);
        ExchangeFacts(archive);
    }
}
