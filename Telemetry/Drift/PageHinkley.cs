namespace Edge.Telemetry.Drift;

/// <summary>
/// Page-Hinkley test for a change of the mean: E. S. Page, "Continuous Inspection Schemes", Biometrika 41 (1954), section 2, in the form with a forgetting
/// factor of
/// Gama et al., "On evaluating stream learning algorithms", Machine Learning 90 (2013), section 4.1. With x̄ the running mean over everything since the last
/// alarm,
/// <c>S⁺ ← α S⁺ + (x − x̄ − δ)</c> rings when <c>S⁺ − min S⁺ &gt; λ</c> (the mean rose), and <c>S⁻ ← α S⁻ + (x − x̄ + δ)</c> when <c>max S⁻ − S⁻ &gt; λ</c>
/// (it fell).
/// An alarm starts the test anew with the next observation. Constant memory, no allocation per observation. Not thread-safe.
/// </summary>
public sealed class PageHinkley : IDriftDetector
{
    private readonly PageHinkleyOptions _options;
    private long _count;
    private double _mean;
    private double _rise, _riseMin;
    private double _fall, _fallMax;
    private long _riseSince, _fallSince;
    private bool _alarmed;

    /// <summary>A test that has seen nothing.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    public PageHinkley(PageHinkleyOptions? options = null)
    {
        _options = (options ?? new PageHinkleyOptions()).Checked();
        Reset();
    }

    /// <summary>The settings it runs with.</summary>
    public PageHinkleyOptions Options => _options;

    /// <summary>Observations since the last alarm or <see cref="Reset"/>.</summary>
    public long Count => _count;

    /// <summary>Mean of the observations since the last alarm; 0 before the first.</summary>
    public double Mean => _mean;

    /// <summary>The larger of the statistics that are watched, at least 0, in the units of the observations. After an alarm it keeps the value that rang
    /// until the next observation.</summary>
    public double Statistic => Math.Max(Watches(DriftDirection.Up) ? Rise : 0, Watches(DriftDirection.Down) ? Fall : 0);

    /// <summary><see cref="Statistic"/> as a share of the threshold: above 1 the alarm rings.</summary>
    public double Score => Statistic / _options.Threshold;

    /// <summary>True when the statistic that leads is the one of a rising mean.</summary>
    public bool Rising => !Watches(DriftDirection.Down) || (Watches(DriftDirection.Up) && Rise >= Fall);

    /// <summary>Observations after the least S⁺: if the mean rose, it rose with the first of them. 0: the latest observation is the least.</summary>
    public long ObservationsSinceLow => _count - _riseSince;

    /// <summary>Observations after the largest S⁻: if the mean fell, it fell with the first of them. 0: the latest observation is the largest.</summary>
    public long ObservationsSinceHigh => _count - _fallSince;

    /// <inheritdoc/>
    public string Name => "pageHinkley";

    double IDriftDetector.Threshold => _options.Threshold;

    long IDriftDetector.ChangeAge => Rising ? ObservationsSinceLow : ObservationsSinceHigh;

    /// <summary>Takes one observation.</summary>
    /// <param name="value">A finite number.</param>
    /// <returns>True when the alarm rings at this observation.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="value"/> is NaN or infinite, which would poison the mean for ever.</exception>
    public bool Update(double value)
    {
        if (!double.IsFinite(value))
        {
            throw new ArgumentOutOfRangeException(nameof(value), value, "An observation must be finite.");
        }

        if (_alarmed)
        {
            Reset();
        }

        _count++;
        _mean += (value - _mean) / _count;
        double deviation = value - _mean;
        _rise = (_options.Alpha * _rise) + deviation - _options.Delta;
        _fall = (_options.Alpha * _fall) + deviation + _options.Delta;
        if (_rise <= _riseMin)
        {
            (_riseMin, _riseSince) = (_rise, _count);
        }

        if (_fall >= _fallMax)
        {
            (_fallMax, _fallSince) = (_fall, _count);
        }

        _alarmed = _count >= _options.MinInstances && Statistic > _options.Threshold;
        return _alarmed;
    }

    /// <summary>Forgets everything seen.</summary>
    public void Reset()
    {
        (_count, _mean, _rise, _fall, _riseSince, _fallSince, _alarmed) = (0, 0, 0, 0, 0, 0, false);
        (_riseMin, _fallMax) = (0, 0);
    }

    /// <summary>Everything it would need to go on after a restart.</summary>
    public PageHinkleyState Save() => new(_count, _mean, _rise, _riseMin, _riseSince, _fall, _fallMax, _fallSince, _alarmed);

    /// <summary>Goes on from <paramref name="state"/> as if there had been no restart, provided the options are the same.</summary>
    public void Restore(PageHinkleyState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        (_count, _mean, _alarmed) = (state.Count, state.Mean, state.Alarmed);
        (_rise, _riseMin, _riseSince) = (state.Rise, state.RiseMin, state.RiseSince);
        (_fall, _fallMax, _fallSince) = (state.Fall, state.FallMax, state.FallSince);
    }

    DriftState IDriftDetector.Update(double value) => Update(value) ? DriftState.Drift : DriftState.None;

    byte[] IDriftDetector.Save() => StateArchive.Write(Name, Exchange);

    bool IDriftDetector.TryRestore(ReadOnlySpan<byte> state, out string refusal)
    {
        bool taken = StateArchive.TryRead(state, Name, Exchange, out refusal);
        if (!taken)
        {
            Reset();
        }

        return taken;
    }

    internal void Exchange(StateArchive archive)
    {
        archive.Same(_options.MinInstances, "least observations");
        archive.Same(_options.Delta, "delta");
        archive.Same(_options.Threshold, "threshold");
        archive.Same(_options.Alpha, "alpha");
        archive.Same((int)_options.Direction, "direction");
        archive.Value(ref _count);
        archive.Value(ref _mean);
        archive.Value(ref _rise);
        archive.Value(ref _riseMin);
        archive.Value(ref _fall);
        archive.Value(ref _fallMax);
        archive.Value(ref _riseSince);
        archive.Value(ref _fallSince);
        archive.Value(ref _alarmed);
    }

    private double Rise => _rise - _riseMin;

    private double Fall => _fallMax - _fall;

    private bool Watches(DriftDirection direction) => _options.Direction == DriftDirection.Both || _options.Direction == direction;
}

/// <summary>State of a <see cref="PageHinkley"/> test; finite numbers only, so it can be kept as JSON.</summary>
/// <param name="Count">Observations since the last alarm.</param>
/// <param name="Mean">Their mean.</param>
/// <param name="Rise">S⁺.</param>
/// <param name="RiseMin">Least S⁺ so far.</param>
/// <param name="RiseSince">1-based observation at which S⁺ was least.</param>
/// <param name="Fall">S⁻.</param>
/// <param name="FallMax">Largest S⁻ so far.</param>
/// <param name="FallSince">1-based observation at which S⁻ was largest.</param>
/// <param name="Alarmed">Whether the latest observation rang.</param>
public sealed record PageHinkleyState(
    long Count,
    double Mean,
    double Rise,
    double RiseMin,
    long RiseSince,
    double Fall,
    double FallMax,
    long FallSince,
    bool Alarmed);
