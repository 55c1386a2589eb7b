using System.Text.Json.Nodes;
using Edge.EndToEnd.Tests.World;

namespace Edge.EndToEnd.Tests;

/// <summary>What the fleet hears of what a device still knows: after promotions, on a timer, over restarts.</summary>
public sealed class ForgettingTests
{
    [Fact]
    public async Task Forgetting_is_told_after_promotions_and_on_a_timer_against_the_previous_and_the_first_snapshot_and_the_alarm_rings_once()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var fleet = await Fleet.ListenAsync(broker.Port);
        await using var device = DeviceFolder.Create(broker.Port).With("telemetry.forgettingMinutes", 0.02).With("promotion.keepSnapshots", 2);
        var run = device.Run();
        string initial = (string)(await fleet.HearsAsync("snapshot", s => (string?)s["event"] == "initial", "the first snapshot is announced"))["snapshotId"]!;

        // The graph of the first one is known still when only two snapshots are kept.
        var far = await fleet.HearsAsync("forgetting", f => (string?)f["againstPrevious"]?["snapshotId"] is { } previous && previous != initial && previous != (string?)f["snapshotId"], "a snapshot is compared with another than the first");
        Assert.Equal(initial, (string?)far["againstFirst"]!["snapshotId"]);
        foreach (string against in (string[])["againstPrevious", "againstFirst"])
        {
            Assert.InRange((double)far[against]!["linearCka"]!, 0, 1);
            Assert.InRange((int)far[against]!["windowCount"]!, 2, 512);
            Assert.All(far[against]!["perClass"]!.AsArray(), c => Assert.True((double)c!["prototypeDriftL2"]! is > 0 and <= 2, c.ToJsonString()));
        }

        var promoted = await fleet.HearsAsync("forgetting", f => (string?)f["cause"] == "promotion", "a promotion is followed by an evaluation");
        Assert.Contains((string)promoted["snapshotId"]!, fleet.On("snapshot").Where(s => (string?)s["event"] == "promoted").Select(s => (string)s["snapshotId"]!));
        await fleet.HearsAsync("forgetting", f => (string?)f["cause"] == "timer", "the timer is followed by one");
        await fleet.HearsAsync("forgetting", f => f["perClass"]!.AsArray().Any(c => (int)c!["anchorCount"]! >= 5), "a class has anchors enough to ring an alarm");
        run.CtrlC();
        Assert.Equal(0, await run.EndAsync());

        // As if every class had been better than it can be: all that have enough anchors ring, once each, however often they are measured.
        string record = Path.Combine(device.Data, "forgetting.json");
        var state = JsonNode.Parse(await File.ReadAllTextAsync(record, TestContext.Current.CancellationToken))!;
        foreach (var known in state["best"]!.AsArray()) (known!["bestPercent"], known["lostBySnapshotId"]) = (300, null); // One that stood already would not ring again.
        await File.WriteAllTextAsync(record, state.ToJsonString(), TestContext.Current.CancellationToken);
        await fleet.HearsAsync("status", s => (string?)s["reason"] == "stopped", "it says good-bye");
        var before = fleet.All.Select(m => m.BootId).ToHashSet(); // What the first run has left in the outbox comes after the next start.
        List<JsonObject> OfNext(string topic) => [.. fleet.On(topic).Where(m => !before.Contains((string)m["bootId"]!))];
        device.With("training.enabled", false).With("labels.sourceShare", 0);
        run = device.Run();
        await Eventually.Holds(() => OfNext("forgetting").Count >= 4, "it is measured four times", () => run.Said);
        run.CtrlC();
        Assert.Equal(0, await run.EndAsync());
        var start = OfNext("forgetting").First(f => (string?)f["cause"] == "start");
        var alarms = OfNext("forgetting/alarm");
        Assert.Equal(start["perClass"]!.AsArray().Where(c => (int)c!["anchorCount"]! >= 5).Select(c => (string)c!["class"]!).Order(), alarms.Select(a => (string)a["class"]!).Order());
        Assert.NotEmpty(alarms);
        Assert.All(alarms, a => Assert.Equal((true, (string?)start["snapshotId"], (int)start["round"]!, 20.0), ((bool)a["alarm"]!, (string?)a["snapshotId"], (int)a["round"]!, (double)a["limitPoints"]!)));
        Assert.Equal(alarms.Count, run.LoggedCount(2031));
    }
}
