using System.Text.Json.Nodes;
using Edge.EndToEnd.Tests.World;

namespace Edge.EndToEnd.Tests;

/// <summary>A sensor that was knocked while the device was off is found by what the device had learnt before.</summary>
public sealed class DriftOverRestartTests
{
    private const int Reference = 360; // drift.referenceWindows by default.

    [Fact]
    public async Task A_sensor_that_was_turned_while_the_service_was_down_is_told_before_a_reference_could_be_learnt_anew_and_a_latecomer_sees_the_alarm()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var fleet = await Fleet.ListenAsync(broker.Port);
        await using var device = await DeviceFolder.Create(broker.Port).With("sensor.speed", 50).With("training.enabled", false).With("labels.sourceShare", 0)
            .With("drift.detectors", new JsonArray("inputs")).WithFirstSnapshotAsync();
        var run = device.Run();
        await fleet.HearsAsync("prediction", p => (long)p["windowsSeen"]! >= Reference + 100, "the reference is learnt, and the windows after it make the threshold");
        await run.EndByCtrlCAsync();
        Assert.Equal(0, (long)run.Summary()["driftAlarms"]!);
        var goodbye = await fleet.HearsAsync("status", s => (string?)s["reason"] == "stopped", "it says good-bye");
        Assert.Equal(0, (long)goodbye["driftAlarms"]!);

        device.With("sensor.simulated.driftAfterSeconds", 0.1).With("sensor.simulated.driftRotationDegrees", 90).With("sensor.simulated.driftGain", 0.5);
        run = device.Run();
        var drift = await fleet.HearsAsync("drift", d => (bool)d["alarm"]!, "the alarm rings");
        var first = await fleet.HearsAsync("prediction", p => p["latest"] is not null && (string?)p["bootId"] == (string?)drift["bootId"], "windows are counted");
        long firstId = (long)first["latest"]!["windowId"]! - (long)first["windowsSeen"]! - (long)first["windowsDropped"]! + 1; // Give or take what was counted since the latest.
        Assert.Equal("inputs", (string?)drift["what"]);
        Assert.InRange((long)drift["windowId"]! - firstId, -20, Reference - 1); // With what it learns now it could not say so.

        await fleet.HearsAsync("status", s => (long?)s["driftAlarms"] >= 1 && (string?)s["bootId"] == (string?)drift["bootId"], "the retained status counts it");
        await using var latecomer = await Fleet.ListenAsync(broker.Port);
        var status = await latecomer.HearsAsync("status", _ => true, "whoever comes later hears the retained status");
        Assert.Equal(("inputs", (long)drift["windowId"]!), ((string?)status["latestDrift"]!["what"], (long)status["latestDrift"]!["windowId"]!));
        await run.EndByCtrlCAsync();
    }
}
