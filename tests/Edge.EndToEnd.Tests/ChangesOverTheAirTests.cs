using System.Text.Json.Nodes;
using Edge.EndToEnd.Tests.World;

namespace Edge.EndToEnd.Tests;

/// <summary>Everything that can be changed over the air, changed on a device that works, with data flowing.</summary>
public sealed class ChangesOverTheAirTests(ITestOutputHelper report)
{
    private const int Started = 1001, Resized = 3015;

    [Fact]
    public async Task Live_changes_at_50_Hz_cost_no_window()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var fleet = await Fleet.ListenAsync(broker.Port);
        await using var device = await DeviceFolder.Create(broker.Port).With("sensor.speed", 1).With("updates.trialSeconds", 0.5).WithFirstSnapshotAsync(); // The queue in front of the classifier holds ten seconds, so that a machine that stands still for less loses no window either.
        var run = device.Run();
        var first = await fleet.HearsAsync("prediction", p => p["latest"] is not null, "windows are classified");
        var desired = new Desired(fleet, report);
        await desired.BecomesAsync("learning frozen", """{ "training": { "enabled": false } }""");
        await desired.BecomesAsync("drift thresholds", """{ "drift": { "threshold": 0.0001, "delta": 0, "minWindows": 4 } }""");
        var alarm = await fleet.HearsAsync("drift", d => (bool)d["alarm"]!, "what was within the threshold is beyond the new one");
        Assert.Equal(("pageHinkley", 0.0001), ((string?)alarm["detector"], (double)alarm["threshold"]!));
        await desired.BecomesAsync("training method and hyper-parameters", """{ "training": { "method": "er", "learningRate": 0.002, "epochs": 1, "batchSize": 8 } }""");
        await desired.BecomesAsync("learning unfrozen", """{ "training": { "enabled": true } }""");
        await desired.BecomesAsync("pace of summaries", """{ "telemetry": { "summarySeconds": 0.1 } }""");
        await desired.BecomesAsync("threshold of unknown", """{ "inference": { "unknownBelowSimilarity": 0.3 } }""");

        int heard = fleet.On("prediction").Count;
        await Eventually.Holds(() => fleet.On("prediction").Count > heard + 10 && fleet.WindowsSeen > (long)first["windowsSeen"]! + 5, "summaries come at their new pace, and windows as before", () => run.Said);
        var last = fleet.On("prediction")[^1];
        Assert.All(desired.Gaps, gap => Assert.Equal(0, gap.Gap));
        Assert.Equal((string?)first["bootId"], (string?)last["bootId"]);
        Assert.Equal(0, (long)last["windowsDropped"]!);
        Assert.True((long)last["windowsSeen"]! > (long)first["windowsSeen"]! + 5, last.ToJsonString());
        // Ids are given where windows are cut, one after the other: as many were classified as were cut. (A summary may be taken between the count and the id.)
        long cut = (long)last["latest"]!["windowId"]! - (long)first["latest"]!["windowId"]!;
        Assert.InRange(cut - ((long)last["windowsSeen"]! - (long)first["windowsSeen"]!), -1, 1);
    }

    [Fact]
    public async Task Frozen_learning_starts_no_round_and_unfrozen_learning_goes_on_with_what_was_labelled_meanwhile()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var fleet = await Fleet.ListenAsync(broker.Port);
        await using var device = await DeviceFolder.Create(broker.Port).With("sensor.speed", 40).With("training.enabled", false).With("updates.trialSeconds", 0.2).WithFirstSnapshotAsync();
        device.Run();
        await Eventually.Holds(() => fleet.On("label/result").Count(l => (bool)l["accepted"]!) > 60, "more is labelled than a round needs");
        Assert.Empty(fleet.On("training"));
        var desired = new Desired(fleet);
        await desired.BecomesAsync("learning unfrozen, by another method", """{ "training": { "enabled": true, "method": "er", "epochs": 1, "learningRate": 0.002, "batchSize": 8 } }""");
        var finished = await fleet.HearsAsync("training", t => (string?)t["event"] == "finished", "a round is run");
        var plan = JsonNode.Parse(File.ReadAllText(Directory.GetFiles(Path.Combine(device.Data, "rounds"), "plan.json", SearchOption.AllDirectories).Order().Last()))!["training"]!;
        Assert.Equal(("er", 1, 0.002, 8), ((string?)plan["method"], (int)plan["epochs"]!, (double)plan["learningRate"]!, (int)plan["batchSize"]!));
        Assert.Single(fleet.All.Select(m => m.BootId).Distinct());
        Assert.True((int)finished["step"]! > 0);
        await desired.BecomesAsync("learning frozen", """{ "training": { "enabled": false } }""");
        await Eventually.Holds(() => fleet.On("training").Count(t => (string?)t["event"] == "started") == fleet.On("training").Count(t => (string?)t["event"] == "finished"), "the round that was under way is over");
        int started = fleet.On("training").Count(t => (string?)t["event"] == "started"), labelled = fleet.On("label/result").Count;
        await Eventually.Holds(() => fleet.On("label/result").Count > labelled + 60, "more is labelled than two rounds need");
        Assert.Equal(started, fleet.On("training").Count(t => (string?)t["event"] == "started"));
    }

    [Fact]
    public async Task What_needs_a_restart_is_changed_one_after_the_other_and_each_says_what_it_cost()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var second = await Mosquitto.StartAsync();
        await using var fleet = await Fleet.ListenAsync(broker.Port);
        await using var elsewhere = await Fleet.ListenAsync(broker.Port, "plant");
        await using var moved = await Fleet.ListenAsync(second.Port, "plant");
        await using var device = await DeviceFolder.Create(broker.Port).With("updates.trialSeconds", 0.3).With("updates.maxAccuracyDropPoints", 100).With("labels.requestsPerHour", 0).WithFirstSnapshotAsync();
        var run = device.Run();
        var promoted = await fleet.HearsAsync("snapshot", s => (string?)s["event"] == "promoted", "it learns");
        var labelled = await fleet.HearsAsync("label/result", l => (bool)l["accepted"]!, "something is stored");
        string old = (string)promoted["parentId"]!;
        var desired = new Desired(fleet, report);

        await desired.BecomesAsync("learning frozen", """{ "training": { "enabled": false } }""");
        string newest = device.CurrentSnapshotId()!;
        Assert.NotEqual(old, newest);

        (int Length, double SampleRateHz) WindowOf(string snapshot)
        {
            var window = JsonNode.Parse(File.ReadAllText(Path.Combine(device.Data, "snapshots", snapshot, "manifest.json")))!["window"]!;
            return ((int)window["length"]!, (double)window["sampleRateHz"]!);
        }

        List<string> Roles() => [.. fleet.On("label/result").Where(l => (string?)l["bootId"] == desired.Boot && (bool)l["accepted"]!).Select(l => (string)l["role"]!)];

        // A snapshot, back and forth.
        await desired.BecomesAsync("a snapshot pinned", $$"""{ "training": { "enabled": true }, "promotion": { "pinnedSnapshot": "{{old}}" } }""");
        await fleet.HearsAsync("status", s => (string?)s["snapshotId"] == old && (string?)s["configHash"] == (string?)fleet.On("config/reported")[^1]["active"]!["hash"], "the pinned snapshot runs");
        await Eventually.Holds(() => device.CurrentSnapshotId() == old, "it is the one to run for good");
        var unknown = await desired.EndsAsync("refused", """{ "promotion": { "pinnedSnapshot": "s000099-00000000" } }""");
        Assert.Equal("unknownSnapshot", (string?)Assert.Single(unknown["codes"]!.AsArray()));
        Assert.Contains(newest, (string?)unknown["reasons"]![0]); // It says what there is.
        string pinned = desired.Boot;
        long stored = fleet.On("label/result").Count;
        await Eventually.Holds(() => fleet.On("label/result").Count > stored + 30, "more than a round needs is labelled");
        Assert.DoesNotContain(fleet.On("training"), t => (string?)t["bootId"] == pinned);
        await desired.BecomesAsync("another one pinned", $$"""{ "training": { "enabled": false }, "promotion": { "pinnedSnapshot": "{{newest}}" } }""");
        await Eventually.Holds(() => device.CurrentSnapshotId() == newest, "the other one is");
        await desired.BecomesAsync("none pinned", """{ "promotion": null }""");
        Assert.Equal(newest, device.CurrentSnapshotId());

        // Classes come, one is called something else, and one goes.
        const string Six = "\"walking\", \"walkingUpstairs\", \"walkingDownstairs\", \"sitting\", \"standing\", \"laying\"";
        await desired.BecomesAsync("classes added", $$"""{ "labels": { "classes": ["running", {{Six}}, "lifting"] } }""");
        await LearnsAsync(fleet, desired.Boot, "running");
        await desired.BecomesAsync("one class renamed and one removed", $$"""{ "labels": { "classes": ["jogging", {{Six}}], "renamed": { "running": "jogging" } } }""");
        var status = await fleet.HearsAsync("status", s => (string?)s["bootId"] == desired.Boot && (string?)s["state"] == "online", "it is online with other classes");
        Assert.Equal(["jogging", "walking", "walkingUpstairs", "walkingDownstairs", "sitting", "standing", "laying"], status["classes"]!.AsArray().Select(c => (string)c!));
        await LearnsAsync(fleet, desired.Boot, "jogging");
        Assert.Equal("jogging", (string?)(await LearnsAsync(fleet, desired.Boot, "running"))["class"]); // Who does not know of it yet is understood.
        await fleet.TellAsync("label", """{ "windowId": 1, "class": "lifting", "requestId": "gone" }""");
        var gone = await fleet.HearsAsync("label/result", l => (string?)l["requestId"] == "gone", "a class that left is refused");
        Assert.Contains("'lifting' is not one of labels.classes", (string?)gone["reason"]);

        await desired.BecomesAsync("label budget", """{ "labels": { "requestsPerHour": 3600, "requestBelowMargin": 1 } }""");
        await fleet.HearsAsync("label/request", r => (string?)r["bootId"] == desired.Boot, "it asks for labels");
        await desired.BecomesAsync("replay capacity and policy", """{ "labels": { "requestsPerHour": null }, "replay": { "capacity": 20, "anchorCapacity": 12, "freshCapacity": 40, "policy": "ring" } }""");
        await Eventually.Holds(() => run.LoggedCount(Resized) == 1, "the buffer becomes smaller once the trial is over", () => run.Said);
        await Eventually.Holds(() => Roles().Count >= 40, "labels come");
        Assert.InRange(Roles().Take(40).Count(role => role == "replay"), 8, 40); // A ring takes the newest always (and lets some go again within a batch); of what comes so late the sample of before would take one or two.
        await desired.BecomesAsync("order of providers", """{ "inference": { "providers": ["cuda", "cpu"] }, "replay": null }""");
        var started = run.LastLogged(Started)!;
        Assert.InRange((int)started["ReplayCount"]!, 1, 20);
        Assert.InRange((int)started["AnchorCount"]!, 1, 12);
        var tried = await fleet.HearsAsync("status", s => (string?)s["bootId"] == desired.Boot && (string?)s["state"] == "online", "it is online");
        Assert.True((string?)tried["provider"] == "cuda" || tried["providersRefused"]!.AsArray().Any(one => (string?)one!["provider"] == "cuda"), tried.ToJsonString());
        await desired.BecomesAsync("range of the sensor", """{ "sensor": { "simulated": { "rangeG": 0.5 } } }""");
        long clipped = (long)(await LearnsAsync(fleet, desired.Boot, "standing"))["exampleId"]!;

        await desired.BecomesAsync("sample rate and window", """{ "sensor": { "sampleRateHz": 25 }, "window": { "length": 64, "stride": 32 }, "updates": { "acceptNewSnapshot": true } }""");
        await Eventually.Holds(() => WindowOf(device.CurrentSnapshotId()!) == (64, 25), "the snapshot for such windows is the one to run for good"); // Told first, written then.
        await desired.BecomesAsync("sample rate and window as before", """{ "sensor": { "sampleRateHz": null }, "window": null }""");
        await Eventually.Holds(() => device.CurrentSnapshotId() == newest, "the one of before is");

        await desired.BecomesAsync("root of the topics", """{ "telemetry": { "topicRoot": "plant" } }""", elsewhere);
        await desired.BecomesAsync("broker", $$"""{ "telemetry": { "port": {{second.Port}} } }""", moved);
        await moved.HearsAsync("prediction", p => (string?)p["bootId"] == desired.Boot && (long)p["windowsSeen"]! > 5 && (long)p["windowsDropped"]! == 0, "it works there");

        Assert.Equal(0, desired.Gaps[0].Gap); // Learning frozen: live.
        Assert.True(desired.Gaps.Skip(1).Sum(gap => gap.Gap) > 0, "restarts cost something");
        run.CtrlC();
        Assert.Equal(0, await run.EndAsync());
        using var buffer = device.OpenBuffer();
        Assert.True(buffer.Counts.AcknowledgedCount >= (ulong)labelled["exampleId"]!);
        var example = await buffer.FindAsync((ulong)clipped);
        Assert.All(example!.Samples[..(3 * 128)], value => Assert.InRange(value, -0.5f, 0.5f));
    }

    /// <summary>An operator's label of the latest window, until one is kept: what is partly in a held-out block is not.</summary>
    private static async Task<JsonObject> LearnsAsync(Fleet fleet, string boot, string name)
    {
        string request = Guid.NewGuid().ToString("n");
        for (int attempt = 0; ; attempt++)
        {
            var latest = await fleet.HearsAsync("prediction", p => (string?)p["bootId"] == boot && p["latest"] is not null && (ulong)p["latest"]!["windowId"]! > fleet.On("label/result").Max(l => (ulong?)l["windowId"] ?? 0), "there is a window without a label");
            await fleet.TellAsync("label", $$"""{ "windowId": {{latest["latest"]!["windowId"]}}, "class": "{{name}}", "requestId": "{{request}}{{attempt}}" }""");
            var answer = await fleet.HearsAsync("label/result", l => (string?)l["requestId"] == $"{request}{attempt}", "it is answered");
            if (((bool)answer["accepted"]! && (string?)answer["role"] != "none") || attempt == 20)
            {
                Assert.True((bool)answer["accepted"]! && (string?)answer["role"] != "none", answer.ToJsonString());
                return answer;
            }
        }
    }
}
