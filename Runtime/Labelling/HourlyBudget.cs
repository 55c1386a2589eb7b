namespace Edge.Runtime.Labelling;

/// <summary>
/// A token bucket: so much an hour on average, and what was not used is saved up for a quarter of an hour. So no span of h hours sees more than <c>perHour * h</c> + <see cref="Burst"/>. It begins with one, not full: a device
/// that starts again and again asks no more for it than once a start. Not thread-safe.
/// </summary>
/// <param name="perHour">Tokens that come in an hour, 0 or more; 0: none ever.</param>
/// <param name="time">The clock.</param>
public sealed class HourlyBudget(int perHour, TimeProvider time)
{
    private double saved = perHour > 0 ? 1 : 0;
    private long lastTicks = time.GetTimestamp();

    /// <summary>Most tokens that are saved up.</summary>
    public double Burst { get; } = perHour > 0 ? Math.Max(1, perHour / 4.0) : 0;

    /// <summary>Whether there is one.</summary>
    public bool HasOne
    {
        get
        {
            long now = time.GetTimestamp();
            saved = Math.Min(Burst, saved + perHour * time.GetElapsedTime(lastTicks, now).TotalHours);
            lastTicks = now;
            return saved >= 1;
        }
    }

    /// <summary>Takes one, if there is one.</summary>
    public bool TryTake()
    {
        if (!HasOne) return false;
        saved--;
        return true;
    }
}
