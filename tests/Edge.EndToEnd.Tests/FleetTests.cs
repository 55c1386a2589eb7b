using System.Text.Json.Nodes;
using Edge.EndToEnd.Tests.World;
using Edge.LinkVictim;

namespace Edge.EndToEnd.Tests;

/// <summary>What mosquitto_sub hears of a device through a real mosquitto.</summary>
public sealed class FleetTests
{
    [Fact]
    public async Task Fleet_sees_everything_through_mosquitto()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var fleet = await Fleet.ListenAsync(broker.Port);
        await using var device = DeviceFolder.Create(broker.Port);
        var run = device.Run();

        var initial = await fleet.HearsAsync("snapshot", s => (string?)s["event"] == "initial", "the first snapshot is announced");
        var online = await fleet.HearsAsync("status", s => (string?)s["state"] == "online", "the device is online");
        Assert.Equal((string?)initial["snapshotId"], (string?)online["snapshotId"]);
        Assert.Equal(6, online["classes"]!.AsArray().Count);

        var started = await fleet.HearsAsync("training", t => (string?)t["event"] == "started", "a round starts");
        var finished = await fleet.HearsAsync("training", t => (string?)t["event"] == "finished", "the round is finished");
        Assert.Equal((int)started["round"]!, (int)finished["round"]!);
        Assert.True((int)finished["step"]! > 0 && (double)finished["peakRssMiB"]! > 0, finished.ToJsonString());

        var promoted = await fleet.HearsAsync("snapshot", s => (string?)s["event"] == "promoted", "a candidate is promoted");
        Assert.Equal((string?)initial["snapshotId"], (string?)promoted["parentId"]);
        Assert.NotEqual((string?)initial["snapshotId"], (string?)promoted["snapshotId"]);

        var remembered = await fleet.HearsAsync("forgetting", f => f["perClass"]!.AsArray().Count > 0, "forgetting is measured per class");
        Assert.All(remembered["perClass"]!.AsArray(), c => Assert.True((int)c!["anchorCount"]! > 0 && (double)c["accuracyPercent"]! is >= 0 and <= 100 && (double)c["forgettingPoints"]! >= 0, c.ToJsonString()));

        var labelled = await fleet.HearsAsync("label/result", l => (bool)l["accepted"]! && (string?)l["role"] != "none", "a label is answered");
        Assert.True((long)labelled["exampleId"]! > 0);
        Assert.True((string?)labelled["role"] is "replay" or "anchor", labelled.ToJsonString());
        var summary = await fleet.HearsAsync("prediction", p => p["countsByClass"]!.AsObject().Count > 0, "windows are told apart");
        Assert.Equal(0, (long)summary["windowsDropped"]!);
        Assert.True((double)summary["latencyP99Ms"]! >= (double)summary["latencyP50Ms"]! && (double)summary["latencyP50Ms"]! > 0);

        var reported = await fleet.HearsAsync("config/reported", _ => true, "the configuration is reported");
        Assert.Equal("file", (string?)reported["active"]!["source"]);
        Assert.Equal((string?)online["configHash"], (string?)reported["active"]!["hash"]);

        // A status that comes once more after a promotion names the snapshot that runs.
        await fleet.HearsAsync("status", s => (string?)s["state"] == "online" && (string?)s["snapshotId"] == (string?)promoted["snapshotId"], "the status names the promoted snapshot");
        await using (var latecomer = await Fleet.ListenAsync(broker.Port))
        {
            await latecomer.HearsAsync("config/reported", _ => true, "a late subscriber hears the retained messages");
            Assert.Equal(["config/reported", "snapshot", "status"], latecomer.All.Where(m => m.IsRetained).Select(m => m.Topic).Order());
            Assert.Equal("online", (string?)latecomer.On("status")[0]["state"]);
        }

        run.CtrlC();
        Assert.Equal(0, await run.EndAsync());
        await fleet.HearsAsync("status", s => (string?)s["state"] == "offline", "it says good-bye");
        Assert.Empty(fleet.Unreadable);
        AssertEnvelopes(fleet.All);
    }

    [Fact]
    public async Task After_ctrl_c_the_retained_status_is_offline_stopped_and_after_a_kill_lwt()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var fleet = await Fleet.ListenAsync(broker.Port);
        await using var device = DeviceFolder.Create(broker.Port);
        var stopped = device.Run();
        await fleet.HearsAsync("status", s => (string?)s["state"] == "online", "the device is online");
        stopped.CtrlC();
        Assert.Equal(0, await stopped.EndAsync());
        Assert.Equal(("offline", "stopped"), await RetainedStatusAsync(broker));

        var killed = device.Run();
        await Eventually.Holds(() => fleet.On("status").Where(s => (string?)s["state"] == "online").DistinctBy(s => (string?)s["bootId"]).Count() == 2, "it is online again", () => killed.Said);
        Assert.Equal("online", (await RetainedStatusAsync(broker)).State);
        await killed.KillAsync();
        var will = await fleet.HearsAsync("status", s => (string?)s["reason"] == "lwt", "the broker says that it is gone");
        Assert.Equal(0, (long)will["seq"]!);
        Assert.Equal(("offline", "lwt"), await RetainedStatusAsync(broker));
        Assert.Equal(2, fleet.All.Select(m => m.BootId).Distinct().Count());
    }

    [Fact]
    public async Task An_operators_label_is_learnt_once_and_a_wrong_one_refused_with_the_reason()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var fleet = await Fleet.ListenAsync(broker.Port);
        await using var device = DeviceFolder.Create(broker.Port).With("labels.sourceShare", 0).With("replay.anchorShare", 0.01);
        var run = device.Run();
        var prediction = await fleet.HearsAsync("prediction", p => p["latest"] is not null, "windows are classified");
        ulong window = (ulong)prediction["latest"]!["windowId"]!;

        await fleet.TellAsync("label", Label(window, "sitting", "first"));
        var first = await AnswerAsync(fleet, "first");
        Assert.True((bool)first["accepted"]!, first.ToJsonString());
        await fleet.TellAsync("label", Label(window, "sitting", "again"));
        var again = await AnswerAsync(fleet, "again");
        Assert.True((bool)again["accepted"]!, again.ToJsonString());
        Assert.Equal((long)first["exampleId"]!, (long)again["exampleId"]!);

        await fleet.TellAsync("label", Label(window, "walking", "other"));
        AssertRefused(await AnswerAsync(fleet, "other"), "'sitting' already");
        await fleet.TellAsync("label", Label(window, "flying", "class"));
        AssertRefused(await AnswerAsync(fleet, "class"), "'flying' is not one of labels.classes");
        await fleet.TellAsync("label", Label(17, "sitting", "window"));
        AssertRefused(await AnswerAsync(fleet, "window"), "window 17 is not held");
        await fleet.TellAsync("label", """{ "windowId": "x", "colour": 1 }""");
        var unreadable = await fleet.HearsAsync("label/result", l => l["windowId"] is null, "what is no label is answered");
        AssertRefused(unreadable, "windowId", "class", "colour");

        // One label, and the device knows one class: what it is like is told, the rest stays unknown.
        await fleet.HearsAsync("prediction", p => (string?)p["latest"]?["class"] == "sitting", "the label is felt");
        run.CtrlC();
        Assert.Equal(0, await run.EndAsync());
        Assert.Equal(1, (int)run.Summary()["examplesStored"]!);
        using var buffer = device.OpenBuffer();
        var example = await buffer.FindAsync((ulong)first["exampleId"]!);
        Assert.Equal((window, "sitting"), (example!.WindowId, example.Class));
    }

    [Fact]
    public async Task A_label_that_the_device_asks_for_is_given_by_the_id_that_it_names()
    {
        int port = Ports.Free();
        await using var device = DeviceFolder.Create(port).With("telemetry.broker", "embedded").With("labels.sourceShare", 0).With("labels.requestsPerHour", 3600).With("replay.anchorShare", 0.01);
        var run = device.Run();
        await Eventually.Holds(() => Mosquitto.Listens(port), "the embedded broker listens", () => run.Said);
        await using var fleet = await Fleet.ListenAsync(port);

        // Nothing is known yet, so all is unknown; what is asked for is in the ring, and says until when.
        var request = await fleet.HearsAsync("label/request", r => (string?)r["reason"] == "unknown", "an unknown window is asked for");
        Assert.True(DateTimeOffset.Parse((string)request["answerableUntil"]!) > DateTimeOffset.Parse((string)request["at"]!), request.ToJsonString());
        await fleet.TellAsync("label", Label((ulong)request["windowId"]!, "sitting", "asked"));
        var answer = await AnswerAsync(fleet, "asked");
        Assert.True((bool)answer["accepted"]!, answer.ToJsonString());
        Assert.Equal((ulong)request["windowId"]!, (ulong)answer["windowId"]!);
        var summary = await fleet.HearsAsync("prediction", p => (long)p["requestsAnswered"]! == 1, "the answer is counted");
        Assert.True((long)summary["requestsMade"]! >= 1, summary.ToJsonString());

        // It asks on, and never for that window again.
        await Eventually.Holds(() => fleet.On("label/request").Count >= 3, "it asks for more");
        var ids = fleet.On("label/request").Select(r => (ulong)r["windowId"]!).ToList();
        Assert.Equal(ids.Distinct(), ids);
        run.CtrlC();
        Assert.Equal(0, await run.EndAsync());
    }

    [Fact]
    public async Task A_turned_and_weakened_sensor_is_reported_as_drift()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var fleet = await Fleet.ListenAsync(broker.Port);
        await using var device = DeviceFolder.Create(broker.Port).With("sensor.speed", 50).With("training.enabled", false)
            .With("labels.sourceShare", 0.2).With("drift.threshold", 1)
            .With("labels.requestsPerHour", 3600).With("labels.requestBelowMargin", 0).With("inference.unknownBelowSimilarity", -1).With("inference.unknownFalseAlarmPercent", 0) // Nothing spends the budget before the drift.
            .With("sensor.simulated.driftAfterSeconds", 300).With("sensor.simulated.driftRotationDegrees", 90).With("sensor.simulated.driftGain", 0.5);
        var run = device.Run();
        var drift = await fleet.HearsAsync("drift", d => (bool)d["alarm"]!, "the alarm rings");
        Assert.Equal("pageHinkley", (string?)drift["detector"]);

        // Training is off, so no round can start: the device asks for labels of windows since then, at once.
        Assert.Equal(("labelsRequested", "training.enabled is false"), ((string?)drift["action"], ((string?)drift["actionReason"])!.Split(';')[0]));
        int asked = (int)drift["labelsRequested"]!;
        Assert.InRange(asked, 1, 8);
        await Eventually.Holds(() => fleet.On("label/request").Count(r => (string?)r["reason"] == "drift") >= asked, "the windows are asked for");
        Assert.All(fleet.On("label/request").Where(r => (string?)r["reason"] == "drift").Take(asked), r => Assert.InRange((ulong)r["windowId"]!, (ulong)drift["sinceWindowId"]!, (ulong)drift["windowId"]!));
        Assert.InRange((double)drift["score"]!, 1, 100);
        run.CtrlC();
        Assert.Equal(0, await run.EndAsync());
        Assert.InRange((long)run.Summary()["driftAlarms"]!, 1, 100);
    }

    [Fact]
    public async Task An_untrained_device_says_unknown()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var fleet = await Fleet.ListenAsync(broker.Port);
        await using var device = DeviceFolder.Create(broker.Port).With("labels.sourceShare", 0);
        device.Run();
        await fleet.HearsAsync("prediction", p => (long)p["windowsSeen"]! >= 50, "windows are classified");
        Assert.All(fleet.On("prediction"), p =>
        {
            Assert.Empty(p["countsByClass"]!.AsObject());
            Assert.Equal("unknown", (string?)(p["latest"]?["class"] ?? "unknown"));
        });
        Assert.True(fleet.On("prediction").Sum(p => (long)p["unknownCount"]!) >= 50);
    }

    [Fact]
    public async Task A_candidate_that_is_no_better_is_refused_with_the_reasons_and_the_old_snapshot_goes_on()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var fleet = await Fleet.ListenAsync(broker.Port);
        await using var device = DeviceFolder.Create(broker.Port).With("promotion.maxAccuracyDropPoints", -100);
        device.Run();
        var initial = await fleet.HearsAsync("snapshot", s => (string?)s["event"] == "initial", "the first snapshot is announced");
        var refused = await fleet.HearsAsync("snapshot", s => (string?)s["event"] == "refused", "a candidate is refused");
        Assert.Equal((string?)initial["snapshotId"], (string?)refused["snapshotId"]);
        Assert.Contains("promotion.maxAccuracyDropPoints is -100", (string?)Assert.Single(refused["reasons"]!.AsArray()));
        Assert.Equal((string?)initial["snapshotId"], device.CurrentSnapshotId());
        long seen = fleet.WindowsSeen;
        await fleet.HearsAsync("prediction", p => (long)p["windowsSeen"]! > seen, "the device goes on");
    }

    private static string Label(ulong window, string name, string requestId) => $$"""{ "windowId": {{window}}, "class": "{{name}}", "requestId": "{{requestId}}" }""";

    private static Task<JsonObject> AnswerAsync(Fleet fleet, string requestId) => fleet.HearsAsync("label/result", l => (string?)l["requestId"] == requestId, $"label '{requestId}' is answered");

    private static void AssertRefused(JsonObject answer, params string[] reasons)
    {
        Assert.False((bool)answer["accepted"]!, answer.ToJsonString());
        Assert.All(reasons, reason => Assert.Contains(reason, (string?)answer["reason"]));
        Assert.Null(answer["exampleId"]);
    }

    /// <summary>Status as a subscriber that comes now gets it.</summary>
    private static async Task<(string? State, string? Reason)> RetainedStatusAsync(Mosquitto broker)
    {
        await using var latecomer = await Fleet.ListenAsync(broker.Port);
        var status = await latecomer.HearsAsync("status", _ => true, "there is a retained status");
        return ((string?)status["state"], (string?)status["reason"]);
    }

    /// <summary>
    /// Every message says from whom, which start, which number, when and in which form. Numbers have no gap and none comes twice; within a topic they arrive in order. (Over all topics they may
    /// not: states overtake queued events, and two stages that report at once may hand over in either order.)
    /// </summary>
    private static void AssertEnvelopes(IReadOnlyList<Heard> all)
    {
        Assert.Single(all.Select(m => m.BootId).Distinct());
        Assert.All(all, m =>
        {
            Assert.Equal(DeviceFolder.DeviceId, (string?)m.Body["deviceId"]);
            Assert.Equal($"edge.{m.Topic.Replace('/', '-')}/1", (string?)m.Body["schema"]);
            Assert.True(DateTimeOffset.TryParse((string?)m.Body["ts"], out var ts) && ts.Offset == TimeSpan.Zero, m.ToString());
        });
        Assert.Equal(Enumerable.Range(1, all.Count).Select(i => (long)i), all.Select(m => m.Seq).Order());
        Assert.All(all.Where(m => m.Topic != "label/result").GroupBy(m => m.Topic), topic => Assert.Equal(topic.Select(m => m.Seq).Order(), topic.Select(m => m.Seq)));
    }
}
