using System.Diagnostics;

namespace Edge.Telemetry.Tests.Mqtt;

/// <summary>Waits for what other processes do. The limit is only there so that a test can fail.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    public static async Task Holds(Func<bool> condition, string what)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < Limit, $"It never came true that {what}.");
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }
}
