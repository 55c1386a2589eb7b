using System.Diagnostics;
using System.Globalization;
using Edge.LinkVictim;

namespace Edge.Benchmarks.OverTheAir;

/// <summary>What a restart of the pipeline costs: windows between the last before and the first after, as the device reports them.</summary>
internal static class RestartFigures
{
    private const int Fine = 5, Default = 64;

    public static async Task<IReadOnlyList<string>> MeasureAsync(ConfigLoad load, Action<string> tell) =>
    [
        "## Restarts of the pipeline under a sensor of 50 Hz", "",
        $"{load.RestartCount} changes of `labels.requestsPerHour` each; the gap is what the device reports with the attempt (`gapWindows`).", "",
        "| a window every | gap p50, windows | gap, most, windows | gap p50, s | publish to reported ACTIVE, p50, s |", "|---|---:|---:|---:|---:|",
        await RowAsync(load, Default, tell),
        await RowAsync(load, Fine, tell),
    ];

    private static async Task<string> RowAsync(ConfigLoad load, int stride, Action<string> tell)
    {
        using var broker = new Broker(Directory.CreateTempSubdirectory("edge-config-broker-").FullName);
        await broker.StartAsync();
        await using var device = new MeasuredDevice(broker.Port, $$"""{ "sensor": { "speed": 1 }, "window": { "stride": {{stride}} }, "training": { "enabled": false }, "updates": { "trialSeconds": 0 } }""");
        await device.StartAsync();
        var (gaps, took) = (new List<double>(), new List<double>());
        for (int version = 1; version <= load.RestartCount; version++)
        {
            long start = device.Desire(version, $$"""{ "labels": { "requestsPerHour": {{100 + version}} } }""");
            var active = await device.IsActiveAsync(version, start);
            took.Add(Stopwatch.GetElapsedTime(start, active.Ticks).TotalSeconds);
            gaps.Add((long)active.Body["lastAttempt"]!["gapWindows"]!);
            await device.HearsAsync("prediction", active.Ticks, body => (long)body["windowsSeen"]! > 2, "it classifies again"); // The next change meets a pipeline that runs.
        }

        gaps.Sort();
        took.Sort();
        tell($"stride {stride}: {string.Join(' ', gaps)}");
        double period = stride / 50.0;
        return string.Create(CultureInfo.InvariantCulture, $"| {period:0.00} s (`window.stride` {stride}) | {LiveFigures.Quantile(gaps, 0.5):0} | {gaps[^1]:0} | {LiveFigures.Quantile(gaps, 0.5) * period:0.0} | {LiveFigures.Quantile(took, 0.5):0.0} |");
    }
}
