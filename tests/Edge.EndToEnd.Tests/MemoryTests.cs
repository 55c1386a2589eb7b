using Edge.EndToEnd.Tests.World;

namespace Edge.EndToEnd.Tests;

/// <summary>What the service costs while a child trains.</summary>
public sealed class MemoryTests(ITestOutputHelper report)
{
    private const int PromotedEvent = 2004, RefusedEvent = 2005;

    [Fact]
    public async Task The_service_stays_small_never_maps_libtorch_and_loses_no_window_while_a_round_runs()
    {
        // 50 Hz x 9 channels at ten times the clock, and one round after the other.
        await using var device = await DeviceFolder.Create().With("sensor.speed", 10).With("training.epochs", 4).WithFirstSnapshotAsync();
        var run = device.Run();
        var mapped = new HashSet<string>();
        bool childMaps = false;
        await Eventually.Holds(
            () =>
            {
                mapped.UnionWith(LinuxProcess.MappedFiles(run.Id));
                childMaps |= run.TrainingChild() is { } child && LinuxProcess.MappedFiles(child).Any(IsLibtorch);
                return run.LoggedCount(PromotedEvent) + run.LoggedCount(RefusedEvent) >= 2;
            },
            "two rounds are judged",
            () => run.Said);
        double peakMiB = LinuxProcess.PeakResidentMiB(run.Id);
        run.CtrlC();
        Assert.Equal(0, await run.EndAsync());
        var summary = run.Summary();
        report.WriteLine($"service: VmHWM {peakMiB:0} MiB, by its own summary {(double)summary["peakRssMb"]!:0}; windows {summary["windowsSeen"]} seen, {summary["windowsDropped"]} dropped; rounds {summary["roundsRun"]}; latency p99 {(double)summary["latencyP99Ms"]!:0.00} ms");

        Assert.True(childMaps, "the training child maps libtorch, so looking for it is no empty claim");
        Assert.Contains(mapped, path => path.Contains("libonnxruntime", StringComparison.Ordinal));
        Assert.DoesNotContain(mapped, IsLibtorch);
        Assert.InRange(peakMiB, 1, 250);
        Assert.InRange((double)summary["peakRssMb"]!, 1, 250);
        Assert.Equal(0, (long)summary["windowsDropped"]!);
        Assert.True((long)summary["windowsSeen"]! > 50 && (long)summary["roundsRun"]! >= 2, summary.ToJsonString());
    }

    private static bool IsLibtorch(string path) => Path.GetFileName(path) is { } name && (name.StartsWith("libtorch", StringComparison.OrdinalIgnoreCase) || name.StartsWith("libLibTorchSharp", StringComparison.OrdinalIgnoreCase));
}
