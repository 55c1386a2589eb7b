namespace Edge.Runtime.Updates;

/// <summary>
/// How many windows a change of the configuration costs while the pipeline starts again: between the last window before and the first one after lie as many periods of a window, of which one is none lost. By the monotonic clock, which is the
/// sensor's too: a real one goes on measuring meanwhile. Safe from any thread.
/// </summary>
public sealed class RestartGap(TimeProvider time)
{
    private readonly Lock gate = new();
    private long? lastTicks;
    private long? windows;

    /// <summary>Windows lost since the change was staged; null until the first window after a restart.</summary>
    public long? Windows
    {
        get
        {
            lock (gate) return windows;
        }
    }

    /// <summary>A change is staged: what is lost from here on is its doing.</summary>
    public void Begin()
    {
        lock (gate) (lastTicks, windows) = (null, null);
    }

    /// <summary>The running pipeline has taken the change.</summary>
    public void None()
    {
        lock (gate) windows = 0;
    }

    /// <summary>The pipeline has stopped, to start again.</summary>
    /// <param name="ticks">When its last window was classified; null when none was, and the time since the one before goes on to count.</param>
    public void Stopped(long? ticks)
    {
        lock (gate) lastTicks = ticks ?? lastTicks;
    }

    /// <summary>The first window after a restart.</summary>
    /// <param name="ticks">When it was classified.</param>
    /// <param name="period">Time from one window to the next; zero where the stream waits, and nothing is lost.</param>
    /// <returns>False when no restart was under way.</returns>
    public bool Arrived(long ticks, TimeSpan period)
    {
        lock (gate)
        {
            if (lastTicks is not { } before) return false;
            long lost = period > TimeSpan.Zero ? Math.Max(0, (long)Math.Round(time.GetElapsedTime(before, ticks) / period) - 1) : 0;
            (lastTicks, windows) = (null, (windows ?? 0) + lost);
            return true;
        }
    }
}
