namespace Edge.Telemetry.Drift;

/// <summary>What the drift monitor made of one window.</summary>
/// <param name="Detector">Name of the detector, for example "pageHinkley".</param>
/// <param name="Statistic">Its statistic, in the units of what is watched.</param>
/// <param name="Threshold">Above this the detector rings.</param>
/// <param name="Alarm">True when this window rings and the refractory period is over.</param>
/// <param name="SinceWindowId">The first window of the suspected change: the one after the extremum of the statistic.</param>
public readonly record struct DriftReading(string Detector, double Statistic, double Threshold, bool Alarm, ulong SinceWindowId)
{
    /// <summary><see cref="Statistic"/> as a share of <see cref="Threshold"/>.</summary>
    public double Score => Threshold > 0 ? Statistic / Threshold : 0;
}
