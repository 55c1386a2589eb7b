using System.Diagnostics;
using System.Globalization;
using Edge.LinkVictim;

namespace Edge.Benchmarks.OverTheAir;

/// <summary>Live changes while a sensor of 50 Hz runs: time from publish to reported active, and windows lost.</summary>
internal static class LiveFigures
{
    private const int Stride = 5;
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);

    public static async Task<IReadOnlyList<string>> MeasureAsync(ConfigLoad load, Action<string> tell)
    {
        using var broker = new Broker(Directory.CreateTempSubdirectory("edge-config-broker-").FullName);
        await broker.StartAsync();
        await using var device = new MeasuredDevice(broker.Port, $$"""{ "sensor": { "speed": 1 }, "window": { "stride": {{Stride}} }, "training": { "enabled": false }, "updates": { "trialSeconds": 0 } }""");
        var first = await device.StartAsync();
        tell("the device classifies");
        var took = new List<double>();
        long gaps = 0;
        for (int version = 1; version <= load.LiveCount; version++)
        {
            long start = device.Desire(version, string.Create(CultureInfo.InvariantCulture, $$"""{ "drift": { "threshold": {{5 + (version / 100.0)}} } }"""));
            var active = await device.IsActiveAsync(version, start);
            took.Add(Stopwatch.GetElapsedTime(start, active.Ticks).TotalMilliseconds);
            gaps += (long)active.Body["lastAttempt"]!["gapWindows"]!;
            await Task.Delay(s_pause);
        }

        long end = Stopwatch.GetTimestamp();
        await device.HearsAsync("prediction", end, _ => device.Heard("prediction", end).Count >= 9, "summaries come");
        var summaries = device.Heard("prediction", end).Select(message => message.Body).ToList();
        long dropped = (long)summaries[^1]["windowsDropped"]!;
        // Ids are given where windows are cut, one after the other. A summary may be taken between the count of a window and its id, the first one too: hence the median of nine.
        long lost = summaries.Select(summary => (long)summary["latest"]!["windowId"]! - (long)first["latest"]!["windowId"]! - ((long)summary["windowsSeen"]! - (long)first["windowsSeen"]!)).Order().ElementAt(summaries.Count / 2);
        took.Sort();
        bool isOneStart = (string?)first["bootId"] == (string?)summaries[^1]["bootId"];
        return
        [
            "## Live changes under a sensor of 50 Hz", "",
            string.Create(CultureInfo.InvariantCulture, $"{load.LiveCount} changes of `drift.threshold`, one after the other, without a hold (`updates.trialSeconds` 0), to a device that cuts a window every {Stride / 50.0:0.0} s. Time from the operator's publish to the retained report, over Mosquitto on the loopback interface."), "",
            "| what | figure | bar |", "|---|---:|---|",
            string.Create(CultureInfo.InvariantCulture, $"| publish to reported ACTIVE, p50, ms | {Quantile(took, 0.5):0.0} | <= 100 |"),
            string.Create(CultureInfo.InvariantCulture, $"| the same, p99, ms | {Quantile(took, 0.99):0.0} | |"),
            string.Create(CultureInfo.InvariantCulture, $"| the same, worst, ms | {took[^1]:0.0} | |"),
            $"| windows classified meanwhile | {(long)summaries[^1]["windowsSeen"]! - (long)first["windowsSeen"]!} | |",
            $"| windows that the device reports lost by the changes | {gaps} | 0 |",
            $"| windows dropped by a queue | {dropped} | 0 |",
            $"| windows cut and not classified (within one, see windowId) | {lost} | 0 |",
            $"| restarts | {(isOneStart ? 0 : "some")} | 0 |",
        ];
    }

    /// <summary>Smallest value that at least this share of them does not exceed.</summary>
    public static double Quantile(List<double> sorted, double share) => sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Count) - 1, 0, sorted.Count - 1)];
}
