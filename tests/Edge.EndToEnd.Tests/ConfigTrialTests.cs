using System.Text.Json.Nodes;
using Edge.EndToEnd.Tests.World;
using Edge.LinkVictim;
using Edge.Storage;

namespace Edge.EndToEnd.Tests;

/// <summary>Configuration that passes every check and is on trial in a device that works: what proves itself stays, what harms goes by itself.</summary>
public sealed class ConfigTrialTests(ITestOutputHelper report)
{
    private const string Topic = "config/desired";

    [Fact]
    public async Task A_live_change_loses_no_window_and_restarts_nothing()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var fleet = await Fleet.ListenAsync(broker.Port);
        await using var device = await DeviceFolder.Create(broker.Port).With("training.enabled", false).With("sensor.speed", 1).WithFirstSnapshotAsync(); // 50 Hz; the queue in front of the classifier holds ten seconds of it, so that a machine that stands still for less loses none either.
        device.Run();
        var first = await fleet.HearsAsync("prediction", p => (long)p["windowsSeen"]! > 0, "windows are classified");
        await fleet.TellAsync(Topic, """{ "version": 1, "config": { "drift": { "threshold": 7 }, "telemetry": { "summarySeconds": 0.5 }, "inference": { "unknownBelowSimilarity": 0.3 } } }""", retain: true);
        await fleet.HearsAsync("config/reported", r => (long?)r["active"]!["version"] == 1, "version 1 is active");
        long seen = fleet.WindowsSeen;
        var after = await fleet.HearsAsync("prediction", p => (long)p["windowsSeen"]! > seen + 2, "the service goes on");
        Assert.Equal(((string?)first["bootId"], 0L), ((string?)after["bootId"], (long)after["windowsDropped"]!));
        Assert.Equal("unsigned", (string?)fleet.On("status")[^1]["configTrust"]);
    }

    [Fact]
    public async Task A_broker_that_is_not_there_is_rolled_back_and_the_device_comes_back_to_the_old_one_with_all_that_it_kept()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var fleet = await Fleet.ListenAsync(broker.Port);
        await using var device = await DeviceFolder.Create(broker.Port).With("training.enabled", false).With("updates.graceSeconds", 2).WithFirstSnapshotAsync();
        var run = device.Run();
        await Eventually.Holds(() => Kept(fleet).Count > 30, "something is learnt");
        string snapshot = device.CurrentSnapshotId()!;
        await fleet.TellAsync(Topic, $$"""{ "version": 1, "config": { "telemetry": { "port": {{Ports.Free()}} }, "replay": { "capacity": 12, "anchorCapacity": 6, "freshCapacity": 24 } } }""", retain: true);
        var back = await fleet.HearsAsync("config/reported", r => (string?)r["lastAttempt"]?["result"] == "rolledBack", "it is rolled back");
        Assert.Contains("brokerUnreachable", back["lastAttempt"]!["codes"]!.AsArray().Select(code => (string?)code)); // A slow machine may also have had no window by then.
        Assert.Equal("file", (string?)back["active"]!["source"]);
        await fleet.HearsAsync("prediction", p => (long)p["windowsSeen"]! > 20 && IsBack(fleet, p), "it works as before");
        Assert.Single(fleet.On("config/reported"), r => (string?)r["lastAttempt"]?["result"] == "staged"); // The retained one came again, and was not tried again.
        Assert.Equal(snapshot, device.CurrentSnapshotId());
        run.CtrlC();
        Assert.Equal(0, await run.EndAsync());
        using var buffer = device.OpenBuffer();
        foreach (ulong id in Kept(fleet)) Assert.True(await buffer.FindAsync(id) is not null, $"example {id} is there");
    }

    [Theory]
    [InlineData("""{ "sensor": { "kind": "uciHar", "uciHar": { "path": "/nowhere" } } }""", "startFailed")]
    [InlineData("""{ "sensor": { "sampleRateHz": 1 }, "window": { "length": 4096, "stride": 4096 }, "updates": { "acceptNewSnapshot": true, "graceSeconds": 2 } }""", "sensorSilent")]
    public async Task A_sensor_that_is_not_there_and_a_window_that_never_fills_are_rolled_back_and_the_old_snapshot_runs_again_with_all_that_it_counted(string config, string code)
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var fleet = await Fleet.ListenAsync(broker.Port);
        await using var device = await DeviceFolder.Create(broker.Port).With("training.enabled", false).With("replay.capacity", 10).With("replay.freshCapacity", 24).WithFirstSnapshotAsync();
        var run = device.Run();
        await Eventually.Holds(() => Trainable(fleet) > 60, "far more is counted than the buffer holds");
        string snapshot = device.CurrentSnapshotId()!;
        string running = await TriedAsync(device, fleet, config);
        Assert.Equal(snapshot, running); // What was on trial ran for its process only.
        var back = await fleet.HearsAsync("config/reported", r => (string?)r["lastAttempt"]?["result"] == "rolledBack", "it is rolled back");
        Assert.Equal(code, (string?)Assert.Single(back["lastAttempt"]!["codes"]!.AsArray()));
        Assert.True(run.IsAlive, run.Said);
        await Eventually.Holds(() => device.CurrentSnapshotId() == snapshot, "the old snapshot runs again");
        await fleet.HearsAsync("prediction", p => (long)p["windowsSeen"]! > 5 && IsBack(fleet, p), "it works as before");
        long counted = Trainable(fleet);
        run.CtrlC();
        Assert.Equal(0, await run.EndAsync());
        Assert.True(new StatisticsFile(Path.Combine(device.Data, "statistics.bin")).Head!.Count >= counted, $"the sums count {new StatisticsFile(Path.Combine(device.Data, "statistics.bin")).Head!.Count} of at least {counted} labelled windows");
    }

    [Fact]
    public async Task A_learning_rate_that_ruins_the_accuracy_is_rolled_back_by_the_first_round_within_its_trial_and_nothing_of_it_runs()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var fleet = await Fleet.ListenAsync(broker.Port);
        await using var device = await DeviceFolder.Create(broker.Port).With("readOut.kind", "prototypes").WithFirstSnapshotAsync();
        var run = device.Run();
        await fleet.HearsAsync("snapshot", s => (string?)s["event"] == "promoted", "it has learnt");
        var desired = new Desired(fleet);
        await desired.BecomesAsync("learning frozen", """{ "training": { "enabled": false } }""");
        await fleet.HearsAsync("forgetting", f => f["perClass"]!.AsArray().Count > 0, "its accuracy is known");
        string snapshot = device.CurrentSnapshotId()!;
        string good = (string)fleet.On("config/reported")[^1]["active"]!["hash"]!;
        long stored = fleet.On("label/result").Count;
        await Eventually.Holds(() => fleet.On("label/result").Count > stored + 60, "enough for a round waits");
        var attempt = await desired.EndsAsync("rolledBack", """{ "training": { "enabled": true, "method": "supconReplay", "learningRate": 1, "patienceEpochs": 0, "epochs": 3 }, "promotion": { "maxAccuracyDropPoints": 100, "maxClassDropPoints": 100 }, "updates": { "trialSeconds": 3600, "maxAccuracyDropPoints": 5 } }"""); // Far longer than the test: the round ends it, not the clock.
        report.WriteLine(attempt.ToJsonString());
        Assert.Contains(attempt["codes"]!.AsArray(), code => (string?)code is "trainingFails" or "accuracyWorse"); // The trainer itself sees most of it: the loss rises. What it lets through the anchors show.
        Assert.True((string?)fleet.On("config/reported")[^1]["active"]!["hash"] == good, "the last good one is active");
        Assert.Equal(0, (long)attempt["gapWindows"]!); // There and back without a restart.
        Assert.Equal(snapshot, device.CurrentSnapshotId());
        Assert.DoesNotContain(fleet.On("snapshot"), s => (string?)s["event"] == "promoted" && (string?)s["parentId"] == snapshot);
        long seen = fleet.WindowsSeen;
        await fleet.HearsAsync("prediction", p => (long)p["windowsSeen"]! > seen + 20 && (string?)p["snapshotId"] == snapshot, "it works as before");
        Assert.True(run.IsAlive, run.Said);
    }

    [Fact]
    public async Task A_device_that_is_killed_during_its_trials_goes_back()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var fleet = await Fleet.ListenAsync(broker.Port);
        await using var device = await DeviceFolder.Create(broker.Port).With("training.enabled", false).With("updates.trialSeconds", 600).With("updates.trialAttempts", 2).WithFirstSnapshotAsync();
        var run = device.Run();
        await fleet.HearsAsync("prediction", p => (long)p["windowsSeen"]! > 5, "windows are classified");
        await fleet.TellAsync(Topic, """{ "version": 1, "config": { "replay": { "capacity": 9000 } } }""", retain: true);
        for (int attempt = 1; attempt <= 2; attempt++)
        {
            int before = attempt;
            await Eventually.Holds(() => fleet.On("config/reported").Where(r => (string?)r["lastAttempt"]?["result"] == "trial").Select(r => (string)r["bootId"]!).Distinct().Count() == before, "it is on trial", () => run.Said);
            await run.KillAsync();
            run = device.Run();
        }

        var back = await fleet.HearsAsync("config/reported", r => (string?)r["lastAttempt"]?["result"] == "rolledBack", "it is rolled back");
        Assert.Equal("tooManyAttempts", (string?)Assert.Single(back["lastAttempt"]!["codes"]!.AsArray()));
        Assert.Equal("file", (string?)back["active"]!["source"]);
    }

    [Fact]
    public async Task A_password_file_that_never_ends_is_rolled_back_like_a_broker_out_of_reach()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var fleet = await Fleet.ListenAsync(broker.Port);
        await using var device = await DeviceFolder.Create(broker.Port).With("training.enabled", false).With("updates.graceSeconds", 1).WithFirstSnapshotAsync();
        string pipe = Path.Combine(device.Path, "password");
        using (var make = System.Diagnostics.Process.Start("/usr/bin/mkfifo", [pipe])) await make.WaitForExitAsync(TestContext.Current.CancellationToken);
        var run = device.Run();
        await fleet.HearsAsync("prediction", p => (long)p["windowsSeen"]! > 0, "windows are classified");
        await fleet.TellAsync(Topic, $$"""{ "version": 1, "config": { "telemetry": { "user": "d1", "passwordFile": "{{pipe}}" } } }""", retain: true); // To open a pipe takes until somebody writes into it.
        var back = await fleet.HearsAsync("config/reported", r => (string?)r["lastAttempt"]?["result"] == "rolledBack", "it is rolled back");
        Assert.Equal("brokerUnreachable", (string?)Assert.Single(back["lastAttempt"]!["codes"]!.AsArray()));
        await fleet.HearsAsync("prediction", p => (long)p["windowsSeen"]! > 5 && IsBack(fleet, p), "it works as before");
        Assert.True(run.IsAlive, run.Said);
        run.CtrlC();
        Assert.Equal(0, await run.EndAsync());
    }

    /// <summary>Sends a document and reads, until it is rolled back, which snapshot the folder names; the last name that was another than before, else that one.</summary>
    private static async Task<string> TriedAsync(DeviceFolder device, Fleet fleet, string config)
    {
        string before = device.CurrentSnapshotId()!, seen = before;
        await fleet.TellAsync(Topic, $$"""{ "version": 1, "config": {{config}} }""", retain: true);
        await Eventually.Holds(() =>
        {
            if (device.CurrentSnapshotId() is { } now && now != before) seen = now;
            return fleet.On("config/reported").Any(r => (string?)r["lastAttempt"]?["result"] == "rolledBack");
        }, "it is rolled back");
        return seen;
    }

    /// <summary>Ids of the examples that were acknowledged and kept.</summary>
    private static IReadOnlyList<ulong> Kept(Fleet fleet) => [.. fleet.On("label/result").Where(l => (bool)l["accepted"]! && (string?)l["role"] != "none").Select(l => (ulong)l["exampleId"]!)];

    /// <summary>Labelled windows that the statistics count.</summary>
    private static long Trainable(Fleet fleet) => fleet.On("label/result").Count(l => (bool)l["accepted"]! && (string?)l["role"] is "replay" or "fresh");

    /// <summary>Whether a prediction is of a start that says it was rolled back. More than one may: what the start on trial said of it waits in the outbox and comes first.</summary>
    private static bool IsBack(Fleet fleet, JsonObject prediction)
        => fleet.On("config/reported").Any(r => (string?)r["bootId"] == (string?)prediction["bootId"] && (string?)r["lastAttempt"]?["result"] == "rolledBack");
}
