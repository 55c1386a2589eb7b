using Edge.Config;

namespace Edge.Runtime.Updates.Trials;

/// <summary>What a trial looks at only because the configuration on trial touches it: whatever else goes wrong there is weather, and leads back from no sound configuration.</summary>
/// <param name="Broker">Whether how the broker is reached is changed: any field of the section <c>telemetry</c> that a running service does not take.</param>
/// <param name="Training">Whether how rounds are trained is changed. Otherwise a round may fail for want of examples.</param>
public sealed record TrialScope(bool Broker, bool Training)
{
    /// <summary>Compares what is on trial with the last good configuration.</summary>
    public static TrialScope Of(DeviceConfig good, DeviceConfig tried)
    {
        var changed = ConfigDiff.Between(good, tried).Fields;
        return new TrialScope(
            changed.Any(field => field.Path.StartsWith("telemetry.", StringComparison.Ordinal) && field.Change != ConfigChange.Live),
            changed.Any(field => field.Path.StartsWith("training.", StringComparison.Ordinal)));
    }
}
