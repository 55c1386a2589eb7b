namespace Edge.Telemetry.Mqtt;

/// <summary>
/// Pauses between attempts: exponential with full jitter, uniform in [0, min(longest, first · 2ⁿ)) for attempt n (M. Brooker, "Exponential Backoff And
/// Jitter", 2015), so that a fleet that lost
/// its broker does not come back in step. Not thread-safe.
/// </summary>
internal sealed class Backoff(TimeSpan first, TimeSpan longest, Random random)
{
    private int _attempt;

    /// <summary>The next pause; each is drawn from a range twice as long as the one before, up to the longest.</summary>
    public TimeSpan Next()
    {
        double ceiling = Math.Min(longest.TotalSeconds, first.TotalSeconds * Math.Pow(2, _attempt));
        _attempt = Math.Min(_attempt + 1, 30);
        return TimeSpan.FromSeconds(random.NextDouble() * ceiling);
    }

    /// <summary>Begins anew with short pauses.</summary>
    public void Reset() => _attempt = 0;
}
