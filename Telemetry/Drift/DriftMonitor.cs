namespace Edge.Telemetry.Drift;

/// <summary>
/// Watches one number per window, the distance of its embedding to the nearest prototype, for a change of its mean. After an alarm it keeps quiet for a
/// refractory period, so
/// that one change of the world is one alarm; when the device itself changed what the number means (a promoted snapshot, re-encoded prototypes),
/// <see cref="Rebase"/>
/// starts anew, so that a model update is not mistaken for a drift of the world. No allocation per window. Not thread-safe: one stage owns it.
/// </summary>
public sealed class DriftMonitor
{
    /// <summary>Name of the detector in telemetry.</summary>
    public const string DetectorName = "pageHinkley";

    private readonly PageHinkley _detector;
    private readonly int _refractoryWindows;
    private int _quietWindows;
    private ulong _roseWith, _fellWith;
    private bool _nextIsRise = true, _nextIsFall = true;

    /// <summary>Puts <paramref name="detector"/> to work.</summary>
    /// <param name="detector">The test; the monitor owns it from now on.</param>
    /// <param name="refractoryWindows">Windows after an alarm during which no further one is reported; 0: none.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="refractoryWindows"/> is negative.</exception>
    public DriftMonitor(PageHinkley detector, int refractoryWindows)
    {
        ArgumentNullException.ThrowIfNull(detector);
        ArgumentOutOfRangeException.ThrowIfNegative(refractoryWindows);
        _detector = detector;
        _refractoryWindows = refractoryWindows;
    }

    /// <summary>Windows that were measured.</summary>
    public long WindowCount { get; private set; }

    /// <summary>Windows whose distance was NaN or infinite; they are passed over.</summary>
    public long NotANumberCount { get; private set; }

    /// <summary>Alarms reported.</summary>
    public long AlarmCount { get; private set; }

    /// <summary>Alarms of the detector that fell into a refractory period.</summary>
    public long SuppressedCount { get; private set; }

    /// <summary>Times that <see cref="Rebase"/> was called.</summary>
    public long RebaseCount { get; private set; }

    /// <summary>Statistic as a share of the threshold at the latest window; above 1 the detector rings.</summary>
    public double Score => _detector.Score;

    /// <summary>Takes the distance of one window.</summary>
    /// <param name="distance">Distance to the nearest prototype, for example 1 − cosine. NaN and infinity (no prototype yet) are counted and change
    /// nothing.</param>
    /// <param name="windowId">Id of the window, increasing.</param>
    public DriftReading Update(double distance, ulong windowId)
    {
        if (!double.IsFinite(distance))
        {
            NotANumberCount++;
            return Reading(alarm: false);
        }

        WindowCount++;
        _roseWith = _nextIsRise ? windowId : _roseWith;
        _fellWith = _nextIsFall ? windowId : _fellWith;
        bool rings = _detector.Update(distance);
        _nextIsRise = rings || _detector.ObservationsSinceLow == 0;
        _nextIsFall = rings || _detector.ObservationsSinceHigh == 0;
        bool quiet = _quietWindows > 0;
        if (quiet)
        {
            _quietWindows--;
        }

        if (rings && quiet)
        {
            SuppressedCount++;
        }
        else if (rings)
        {
            AlarmCount++;
            _quietWindows = _refractoryWindows;
        }

        return Reading(rings && !quiet);
    }

    /// <summary>Starts anew, because the snapshot or the prototypes changed and distances before and after cannot be compared. Ends a refractory
    /// period.</summary>
    public void Rebase()
    {
        _detector.Reset();
        (_quietWindows, _nextIsRise, _nextIsFall) = (0, true, true);
        RebaseCount++;
    }

    /// <summary>Everything it would need to go on after a restart.</summary>
    public DriftMonitorState Save() =>
        new(_detector.Save(), _quietWindows, _roseWith, _nextIsRise, _fellWith, _nextIsFall,
            WindowCount, NotANumberCount, AlarmCount, SuppressedCount, RebaseCount);

    /// <summary>Goes on from <paramref name="state"/>.</summary>
    public void Restore(DriftMonitorState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        _detector.Restore(state.Detector);
        (_quietWindows, _roseWith, _nextIsRise, _fellWith, _nextIsFall) =
            (state.QuietWindows, state.RoseWith, state.NextIsRise, state.FellWith, state.NextIsFall);
        (WindowCount, NotANumberCount, AlarmCount, SuppressedCount, RebaseCount) =
            (state.WindowCount, state.NotANumberCount, state.AlarmCount, state.SuppressedCount, state.RebaseCount);
    }

    private DriftReading Reading(bool alarm) =>
        new(DetectorName, _detector.Statistic, _detector.Options.Threshold, alarm, _detector.Rising ? _roseWith : _fellWith);
}

/// <summary>State of a <see cref="DriftMonitor"/>; can be kept as JSON.</summary>
/// <param name="Detector">State of the detector.</param>
/// <param name="QuietWindows">Windows left of the refractory period.</param>
/// <param name="RoseWith">The window with which the mean began to rise, if it rose.</param>
/// <param name="NextIsRise">Whether the next window takes that place.</param>
/// <param name="FellWith">The window with which it began to fall, if it fell.</param>
/// <param name="NextIsFall">Whether the next window takes that place.</param>
/// <param name="WindowCount">Windows measured.</param>
/// <param name="NotANumberCount">Windows passed over.</param>
/// <param name="AlarmCount">Alarms reported.</param>
/// <param name="SuppressedCount">Alarms kept back.</param>
/// <param name="RebaseCount">Times started anew.</param>
public sealed record DriftMonitorState(
    PageHinkleyState Detector,
    int QuietWindows,
    ulong RoseWith,
    bool NextIsRise,
    ulong FellWith,
    bool NextIsFall,
    long WindowCount,
    long NotANumberCount,
    long AlarmCount,
    long SuppressedCount,
    long RebaseCount);
