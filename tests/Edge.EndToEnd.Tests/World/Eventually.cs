using System.Diagnostics;

namespace Edge.EndToEnd.Tests.World;

/// <summary>Waits for what other processes do. The limit is only there so that a test can fail: nothing is concluded from how long it took.</summary>
internal static class Eventually
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(300);

    /// <summary>Waits until <paramref name="condition"/> holds.</summary>
    /// <param name="condition">Looked at every 20 ms.</param>
    /// <param name="what">What should come true, as a clause.</param>
    /// <param name="evidence">Asked for when it did not.</param>
    /// <param name="limit">When to give up; 300 s without it.</param>
    /// <param name="eachTime">Done after every look that was in vain.</param>
    public static async Task Holds(Func<bool> condition, string what, Func<string>? evidence = null, TimeSpan? limit = null, Func<Task>? eachTime = null)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(start) > (limit ?? s_limit)) Assert.Fail($"It never came true that {what}.\n{evidence?.Invoke()}");
            if (eachTime is not null) await eachTime();
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }
}
