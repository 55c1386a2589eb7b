using System.Runtime.InteropServices;
using Edge.EndToEnd.Tests.World;

namespace Edge.EndToEnd.Tests;

/// <summary>A class that an operator takes out of a device that has learnt it.</summary>
public sealed class ForgottenClassTests
{
    private const string Forgotten = "walking";

    [Fact]
    public async Task No_byte_of_its_windows_is_left_and_no_window_is_ever_called_by_its_name_again()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var fleet = await Fleet.ListenAsync(broker.Port);
        await using var device = await DeviceFolder.Create(broker.Port).With("labels.sourceShare", 0.6).With("drift.referenceWindows", 100).WithFirstSnapshotAsync();
        var run = device.Run();
        await Eventually.Holds(
            () => fleet.On("snapshot").Any(s => (string?)s["event"] == "promoted") && fleet.WindowsSeen > 300 && fleet.On("prediction").Any(p => Calls(p) > 0),
            "the class is learnt, and a candidate is promoted",
            () => run.Said);
        await run.EndByCtrlCAsync();
        await fleet.HearsAsync("status", s => (string?)s["reason"] == "stopped", "it says good-bye");

        List<byte[]> secrets;
        using (var buffer = device.OpenBuffer()) secrets = [.. (await buffer.TrainableAsync()).Concat(await buffer.AnchorsAsync()).Where(e => e.Class == Forgotten).Select(e => MemoryMarshal.AsBytes<float>(e.Samples).ToArray())];
        Assert.True(secrets.Count > 20);
        Assert.All(new[] { "drift-reference.bin", "replay.db" }, name => Assert.Contains(name, Holders(device, secrets))); // Else nothing would be shown.
        var forget = RunningDevice.Start(device.Path, "replay", "forget", "--class", Forgotten, "--yes", "--config", "config.json");
        Assert.True(await forget.EndAsync() == 0, forget.Said);
        Assert.Empty(Holders(device, secrets));

        var before = fleet.All.Select(m => m.BootId).ToHashSet(); // What the first run has left in the outbox comes after the next start.
        List<Heard> Predictions() => [.. fleet.All.Where(m => m.Topic == "prediction" && !before.Contains(m.BootId))];
        var next = device.With("labels.sourceShare", 0).Run();
        await Eventually.Holds(() => Predictions() is [.., var latest] && (long)latest.Body["windowsSeen"]! > 400, "the sensor has shown every class", () => next.Said);
        Assert.All(Predictions(), p => Assert.Equal(0, Calls(p.Body)));
        Assert.Contains(Predictions(), p => p.Body["countsByClass"]!.AsObject().Count > 1);
        await next.EndByCtrlCAsync();
        Assert.Empty(Holders(device, secrets));
    }

    private static long Calls(System.Text.Json.Nodes.JsonObject prediction) => (long?)prediction["countsByClass"]![Forgotten] ?? 0;

    private static List<string> Holders(DeviceFolder device, List<byte[]> secrets) =>
        [.. Directory.GetFiles(device.Data, "*", SearchOption.AllDirectories).Where(file => File.ReadAllBytes(file) is var bytes && secrets.Exists(secret => bytes.AsSpan().IndexOf(secret) >= 0)).Select(file => Path.GetRelativePath(device.Data, file))];
}
