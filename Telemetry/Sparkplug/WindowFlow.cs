using Edge.Telemetry.Metrics;

namespace Edge.Telemetry.Sparkplug;

/// <summary>Whether the sensor still brings windows. Not thread-safe.</summary>
/// <param name="silence">Time without a window after which it does not; zero: it always does.</param>
/// <param name="time">Clock.</param>
internal sealed class WindowFlow(TimeSpan silence, TimeProvider time)
{
    private long _count = -1, _changedAt;

    /// <summary>Whether a window has come within the time, by readings of this moment; a sensor that has not been seen yet has as long.</summary>
    public bool Comes(DeviceReadings readings)
    {
        long count = readings.WindowsSeen + readings.WindowsBroken;
        if (count != _count) (_count, _changedAt) = (count, time.GetTimestamp());
        return silence <= TimeSpan.Zero || time.GetElapsedTime(_changedAt) < silence;
    }
}
