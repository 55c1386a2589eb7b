using Edge.EndToEnd.Tests.World;
using Edge.Storage;

namespace Edge.EndToEnd.Tests;

/// <summary>A device whose configuration, or whose disk, no longer fits the snapshot that ran.</summary>
public sealed class ChangedWindowsTests(ITestOutputHelper report)
{
    private const int Started = 1001, Damaged = 1003, OtherWindows = 1021, OtherExamples = 1022, Promoted = 2004, Precision = 2021;

    [Fact]
    public async Task Other_windows_begin_with_another_snapshot_learn_beside_the_old_examples_and_the_old_snapshot_comes_back_with_its_windows()
    {
        await using var device = DeviceFolder.Create();
        var before = device.Run();
        await Eventually.Holds(() => before.LoggedCount(Promoted) >= 1, "it learns windows of 128", () => before.Said);
        await EndAsync(before);
        string old = device.CurrentSnapshotId()!;
        int count = ExampleCount(device);
        var sums = new StatisticsFile(Path.Combine(device.Data, "statistics.bin"));
        var counted = sums.Head!;

        var after = device.With("window.length", 64).With("window.stride", 32).Run();
        await Eventually.Holds(() => after.LoggedCount(Promoted) >= 1, "it learns windows of 64 beside those of 128", () => after.Said);
        await EndAsync(after);
        Assert.Equal("initial", (string?)after.Logged(Started)!["How"]);
        var said = after.Logged(OtherWindows)!;
        Assert.Equal((old, "[9, 128] at 50 Hz", "[9, 64] at 50 Hz"), ((string?)said["KnownId"], (string?)said["Takes"], (string?)said["Cuts"]));
        Assert.InRange((int)after.Logged(OtherExamples)!["Count"]!, 1, count);
        Assert.True(ExampleCount(device) > count, "the old examples are kept beside the new ones");
        Assert.NotEqual(counted.FeatureBankId, sums.Head!.FeatureBankId);
        Assert.Equal(counted, new StatisticsFile(Assert.Single(new StatisticsShelf(Path.Combine(device.Data, "statistics.bin")).Files)).Head);

        var back = device.With("window.length", 128).With("window.stride", 64).With("training.enabled", false).Run();
        await Eventually.Holds(() => back.Logged(Started) is not null, "it starts", () => back.Said);
        await EndAsync(back);
        Assert.Equal(("restored", old), ((string?)back.Logged(Started)!["How"], (string?)back.Logged(Started)!["SnapshotId"]));
        Assert.Equal(old, device.CurrentSnapshotId());
        Assert.Equal((counted.FeatureBankId, true), (sums.Head!.FeatureBankId, sums.Head.Count >= counted.Count));
    }

    [Fact]
    public async Task A_flipped_byte_in_the_running_snapshot_costs_one_promotion_and_the_device_goes_on_with_the_one_before()
    {
        await using var device = DeviceFolder.Create();
        var before = device.Run();
        await Eventually.Holds(() => before.LoggedCount(Promoted) >= 1, "a candidate is promoted", () => before.Said);
        await EndAsync(before);
        string damaged = device.CurrentSnapshotId()!;
        string file = Path.Combine(device.Data, "snapshots", damaged, "model.onnx");
        byte[] bytes = await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);
        bytes[bytes.Length / 2] ^= 0x40;
        await File.WriteAllBytesAsync(file, bytes, TestContext.Current.CancellationToken);

        var after = device.With("training.enabled", false).Run();
        await Eventually.Holds(() => after.Logged(Started) is not null, "it starts", () => after.Said);
        await Task.Delay(1000, TestContext.Current.CancellationToken);
        await EndAsync(after);
        Assert.StartsWith($"{damaged}: model.onnx has SHA-256 ", (string?)after.Logged(Damaged)!["What"]);
        string runs = (string)after.Logged(Started)!["SnapshotId"]!;
        Assert.Equal("restored", (string?)after.Logged(Started)!["How"]);
        Assert.True(string.CompareOrdinal(runs, damaged) < 0, $"{runs} is older than {damaged}");
        Assert.Equal(runs, device.CurrentSnapshotId());
        Assert.True((long)after.Summary()["windowsSeen"]! > 0);
    }

    [Fact]
    public async Task Numbers_that_are_asked_for_later_are_examined_after_the_start()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var fleet = await Fleet.ListenAsync(broker.Port);
        await using var device = DeviceFolder.Create(broker.Port);
        var before = device.Run();
        await Eventually.Holds(() => before.LoggedCount(Promoted) >= 1, "a candidate is promoted in float32", () => before.Said);
        await EndAsync(before);
        string snapshot = device.CurrentSnapshotId()!;
        var after = device.With("inference.precision", "int8").With("training.enabled", false).Run();
        var told = await fleet.HearsAsync("snapshot", s => s["precisionNote"] is not null, "it is examined in int8");
        await EndAsync(after);
        string said = (string)after.Logged(Precision)!["Precision"]!;
        report.WriteLine(said);
        Assert.Matches("^(runs in int8|int8 refused: ).*% in int8; ", said); // Which of the two is the machine's to say.
        Assert.Equal((said, said.StartsWith("runs in int8", StringComparison.Ordinal) ? "int8" : "float32", snapshot), ((string?)told["precisionNote"], (string?)told["precision"], (string?)told["snapshotId"]));
        Assert.Equal((snapshot, 0), (device.CurrentSnapshotId(), after.LoggedCount(Promoted)));
        Assert.Equal(0, (long)after.Summary()["windowsDropped"]!);
    }

    private static async Task EndAsync(RunningDevice run)
    {
        run.CtrlC();
        Assert.True(await run.EndAsync() == 0, run.Said);
    }

    private static int ExampleCount(DeviceFolder device)
    {
        using var buffer = device.OpenBuffer();
        return buffer.Counts.ReplayCount + buffer.Counts.AnchorCount + buffer.Counts.FreshCount;
    }
}
