using Edge.EndToEnd.Tests.World;

namespace Edge.EndToEnd.Tests;

/// <summary>Less than float32 in a service that runs.</summary>
public sealed class PrecisionTests(ITestOutputHelper report)
{
    private const int PromotedEvent = 2004, PrecisionEvent = 2007;

    [Fact]
    public async Task A_promoted_snapshot_is_examined_in_int8_and_the_service_never_maps_libtorch()
    {
        await using var device = DeviceFolder.Create().With("inference.precision", "int8");
        var run = device.Run();
        await Eventually.Holds(() => run.LoggedCount(PrecisionEvent) >= 1, "a snapshot is examined", () => run.Said);
        // A library that was loaded stays mapped.
        var mapped = LinuxProcess.MappedFiles(run.Id).Select(path => Path.GetFileName(path)!).ToList();
        run.CtrlC();
        Assert.Equal(0, await run.EndAsync());
        Assert.True(run.LoggedCount(PromotedEvent) >= 1, run.Said);
        string said = (string)run.Logged(PrecisionEvent)!["Precision"]!;
        report.WriteLine(said);
        Assert.Matches("^(runs in int8|int8 refused: ).*% in int8; ", said); // Which of the two is the machine's to say.

        Assert.Contains(mapped, name => name.Contains("libonnxruntime", StringComparison.Ordinal));
        Assert.DoesNotContain(mapped, name => name.StartsWith("libtorch", StringComparison.OrdinalIgnoreCase) || name.StartsWith("libLibTorchSharp", StringComparison.OrdinalIgnoreCase));
    }
}
