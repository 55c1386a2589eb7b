using System.Diagnostics;

namespace Edge.Telemetry.Tests.Mqtt;

/// <summary>Waits for what other processes do. The limit is only there so that a test can fail.</summary>
internal static class Eventually
{
    /// <summary>How long a test waits before it fails, for a machine that has other things to do.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    public static Task Holds(Func<bool> condition, string what) => Holds(() => Task.FromResult(condition()), what);

    public static async Task Holds(Func<Task<bool>> condition, string what)
    {
        long start = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < Limit, $"It never came true that {what}.");
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }
}
