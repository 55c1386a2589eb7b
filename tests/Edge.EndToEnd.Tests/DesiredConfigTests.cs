using Edge.EndToEnd.Tests.World;

namespace Edge.EndToEnd.Tests;

/// <summary>Configuration over the air, from a broker on the device itself.</summary>
public sealed class DesiredConfigTests
{
    private const string Topic = "config/desired";

    [Fact]
    public async Task A_valid_one_is_applied_reported_and_survives_a_restart_and_an_invalid_one_is_refused_with_all_reasons()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var fleet = await Fleet.ListenAsync(broker.Port);
        await using var device = await DeviceFolder.Create(broker.Port).With("training.enabled", false).WithFirstSnapshotAsync();
        var run = device.Run();
        var before = await fleet.HearsAsync("status", s => (string?)s["state"] == "online", "the device is online");
        await Eventually.Holds(() => run.LoggedCount(3002) == 1, "it says loudly that it takes unsigned configuration", () => run.Said);

        await fleet.TellAsync(Topic, """{ "version": 1, "config": { "drift": { "threshold": 7 }, "telemetry": { "summarySeconds": 0.5 }, "labels": { "classes": ["running", "walking", "walkingUpstairs", "walkingDownstairs", "sitting", "standing", "laying"] } } }""", retain: true);
        var applied = await fleet.HearsAsync("config/reported", r => (long?)r["active"]!["version"] == 1, "version 1 is active");
        string hash = (string)applied["active"]!["hash"]!;
        Assert.Equal("desired", (string?)applied["active"]!["source"]);
        Assert.NotEqual((string?)before["configHash"], hash);
        Assert.Equal(["staged", "trial", "applied"], fleet.On("config/reported").Where(r => (long?)r["lastAttempt"]?["version"] == 1).Select(r => (string)r["lastAttempt"]!["result"]!).Distinct());
        Assert.Equal(("applied", 1, hash), ((string?)applied["lastAttempt"]!["result"], (long)applied["lastAttempt"]!["version"]!, (string?)applied["lastAttempt"]!["hash"]));
        var changed = await fleet.HearsAsync("status", s => (string?)s["state"] == "online" && (string?)s["configHash"] == hash, "it is online with the new configuration");
        Assert.Equal(7, changed["classes"]!.AsArray().Count);
        Assert.Equal("running", (string?)changed["classes"]![0]);
        Assert.True(run.IsAlive, "the process is the same");

        await fleet.TellAsync(Topic, """{ "version": 2, "config": { "drift": { "threshold": -1 }, "telemetry": { "sumarySeconds": 9 }, "window": { "length": "long" } } }""");
        var refused = await fleet.HearsAsync("config/reported", r => (string?)r["lastAttempt"]?["result"] == "refused", "version 2 is refused");
        string reasons = string.Join('\n', refused["lastAttempt"]!["reasons"]!.AsArray().Select(r => (string?)r));
        Assert.All(["drift.threshold", "telemetry.sumarySeconds", "window.length"], path => Assert.Contains(path, reasons));
        Assert.Equal(3, refused["lastAttempt"]!["reasons"]!.AsArray().Count);
        Assert.Equal((1, hash), ((long)refused["active"]!["version"]!, (string?)refused["active"]!["hash"]));
        string boot = (string)changed["bootId"]!;
        long seen = fleet.On("prediction").LastOrDefault(p => (string?)p["bootId"] == boot)?["windowsSeen"]?.GetValue<long>() ?? 0;
        await fleet.HearsAsync("prediction", p => (string?)p["bootId"] == boot && (long)p["windowsSeen"]! > seen, "the service goes on");

        run.CtrlC();
        Assert.Equal(0, await run.EndAsync());
        var known = fleet.All.Select(m => m.BootId).ToHashSet();
        var restarted = device.Run();
        var unchanged = await fleet.HearsAsync("config/reported", r => !known.Contains((string)r["bootId"]!) && r["lastAttempt"] is not null, "the retained one was looked at again");
        Assert.Equal("applied", (string?)unchanged["lastAttempt"]!["result"]);
        Assert.Equal((1, hash), ((long)unchanged["active"]!["version"]!, (string?)unchanged["active"]!["hash"]));
        string second = (string)unchanged["bootId"]!;
        await fleet.HearsAsync("prediction", p => (string?)p["bootId"] == second && (long)p["windowsSeen"]! > 30, "it works");
        Assert.Equal([second], fleet.All.Select(m => m.BootId).Where(id => !known.Contains(id)).Distinct());
        Assert.True(restarted.IsAlive);
    }

    [Fact]
    public async Task An_older_version_and_other_content_under_the_active_version_are_refused()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var fleet = await Fleet.ListenAsync(broker.Port);
        await using var device = await DeviceFolder.Create(broker.Port).With("training.enabled", false).WithFirstSnapshotAsync();
        device.Run();
        await fleet.HearsAsync("status", s => (string?)s["state"] == "online", "the device is online");
        await fleet.TellAsync(Topic, """{ "version": 5, "config": { "drift": { "threshold": 7 } } }""");
        await fleet.HearsAsync("config/reported", r => (long?)r["active"]!["version"] == 5, "version 5 is active");
        await fleet.TellAsync(Topic, """{ "version": 4, "config": { "drift": { "threshold": 8 } } }""");
        var older = await fleet.HearsAsync("config/reported", r => (long?)r["lastAttempt"]?["version"] == 4, "version 4 is judged");
        Assert.Contains("version 4 is older than 5", (string?)Assert.Single(older["lastAttempt"]!["reasons"]!.AsArray()));
        await fleet.TellAsync(Topic, """{ "version": 5, "config": { "drift": { "threshold": 9 } } }""");
        var other = await fleet.HearsAsync("config/reported", r => (string?)r["lastAttempt"]?["result"] == "refused" && (long?)r["lastAttempt"]?["version"] == 5, "the other version 5 is judged");
        Assert.Contains("version 5 was accepted with other content", (string?)Assert.Single(other["lastAttempt"]!["reasons"]!.AsArray()));
    }
}
