using Edge.Config;
using Edge.Runtime.Updates;

namespace Edge.Runtime.Stages;

/// <summary>
/// A periodic timer whose period follows the running configuration. An exchange that comes while it ends finds either the timer or nothing to do: <see cref="LiveConfig.Swapped"/> may still call a handler that has been taken
/// off by then.
/// </summary>
internal sealed class LiveTimer : IDisposable
{
    private readonly Lock gate = new();
    private readonly LiveConfig live;
    private readonly Func<DeviceConfig, TimeSpan> periodOf;
    private readonly PeriodicTimer timer;
    private bool isDisposed;

    /// <summary>A timer that runs from now on.</summary>
    /// <param name="live">The running configuration.</param>
    /// <param name="periodOf">Its period; <see cref="Timeout.InfiniteTimeSpan"/>: no ticks.</param>
    /// <param name="time">Its clock.</param>
    public LiveTimer(LiveConfig live, Func<DeviceConfig, TimeSpan> periodOf, TimeProvider time)
    {
        (this.live, this.periodOf) = (live, periodOf);
        timer = new PeriodicTimer(periodOf(live.Current), time);
        live.Swapped += Follow;
        Follow(live.Current); // It may have been exchanged meanwhile.
    }

    /// <summary>How far ticks are apart.</summary>
    public TimeSpan Period
    {
        get
        {
            lock (gate) return timer.Period;
        }
    }

    /// <summary>Completes with the next tick; false when the timer has ended.</summary>
    public ValueTask<bool> WaitForNextTickAsync(CancellationToken stopping) => timer.WaitForNextTickAsync(stopping);

    /// <inheritdoc/>
    public void Dispose()
    {
        live.Swapped -= Follow;
        lock (gate)
        {
            isDisposed = true;
            timer.Dispose();
        }
    }

    private void Follow(DeviceConfig next)
    {
        lock (gate)
        {
            if (!isDisposed && timer.Period != periodOf(next)) timer.Period = periodOf(next); // The same again would begin the period anew.
        }
    }
}
