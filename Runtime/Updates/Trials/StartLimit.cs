using Edge.Config;

namespace Edge.Runtime.Updates.Trials;

/// <summary>
/// Bounds a start on trial. Whether windows come is judged only once the service runs, and what its start waits for may never come: a password file that is a pipe, a mount whose server is gone. Nothing can be taken back from a thread that
/// hangs in the kernel, so the process ends; the attempt is on disk already, and whoever starts the process again starts the next one, or what ran before.
/// </summary>
public sealed class StartLimit : IDisposable
{
    private readonly ITimer timer;
    private int isOver;

    /// <summary>The start begins.</summary>
    /// <param name="limits">Of the configuration on trial.</param>
    /// <param name="time">The clock.</param>
    /// <param name="expired">Called once, on a thread of its own, when the service does not run by then; told how long was waited.</param>
    public StartLimit(UpdatesSection limits, TimeProvider time, Action<TimeSpan> expired)
    {
        var span = TrialHealth.AttemptLimitOf(limits);
        timer = time.CreateTimer(_ =>
        {
            if (Interlocked.Exchange(ref isOver, 1) == 0) expired(span);
        }, null, span, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The service runs, or has failed to: from here on others watch.</summary>
    public void Over()
    {
        Interlocked.Exchange(ref isOver, 1);
        timer.Dispose();
    }

    /// <inheritdoc/>
    public void Dispose() => Over();
}
