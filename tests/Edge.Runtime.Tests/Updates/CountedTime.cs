using Microsoft.Extensions.Time.Testing;

namespace Edge.Runtime.Tests.Updates;

/// <summary>A clock that says how many waits have begun on it.</summary>
internal sealed class CountedTime : FakeTimeProvider
{
    private int timerCount;

    public int TimerCount => Volatile.Read(ref timerCount);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = base.CreateTimer(callback, state, dueTime, period);
        Interlocked.Increment(ref timerCount);
        return timer;
    }
}
