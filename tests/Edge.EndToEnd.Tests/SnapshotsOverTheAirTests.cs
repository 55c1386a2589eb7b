using System.Text.Json.Nodes;
using Edge.EndToEnd.Tests.World;

namespace Edge.EndToEnd.Tests;

/// <summary>What one device has learnt, offered to another over mosquitto, and judged there.</summary>
public sealed class SnapshotsOverTheAirTests(ITestOutputHelper report)
{
    private const string Teacher = "d1", Pupil = "d2";

    [Fact]
    public async Task What_one_device_has_learnt_is_fetched_piece_by_piece_over_a_kill_and_a_flipped_piece_judged_by_the_other_and_run()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var fleet = await Fleet.ListenAsync(broker.Port, device: Pupil);
        await using var teacher = DeviceFolder.Create(broker.Port, Teacher);
        string learnt = await LearnAsync(broker, teacher);
        await SnapshotPublisher.KeysAsync(teacher.Path);
        await using var pupil = DeviceFolder.Create(broker.Port, Pupil).With("training.enabled", false).With("updates.acceptSnapshots", true).With("updates.keysFile", Path.Combine(teacher.Path, "keys.json")).With("promotion.maxAccuracyDropPoints", 100).With("promotion.maxClassDropPoints", 100);
        var run = pupil.Run();
        await fleet.HearsAsync("prediction", p => (long)p["windowsSeen"]! > 100, "it has anchors of its own");
        string first = pupil.CurrentSnapshotId()!;

        // One that is not signed, and one that a stranger has signed.
        await fleet.TellAsync("snapshot/offer", """{ "manifest": {} }""");
        await RefusedAsync(fleet, "unsigned");
        await using (var stranger = SnapshotPublisher.Publish(teacher, broker.Port, learnt, "stranger.key.pem"))
        {
            await RefusedAsync(fleet, "unknownKey");
            await stranger.KillAsync();
        }

        Assert.Empty(fleet.On("snapshot/request"));

        // The publisher is killed in the middle; the device too; both come back.
        await using (var torn = SnapshotPublisher.Publish(teacher, broker.Port, learnt, "offers.key.pem", more: ["--chunk-kib", "16"]))
        {
            await fleet.HearsAsync("snapshot/request", r => (int)r["heldCount"]! >= 8, "some of it is there");
            await torn.KillAsync();
        }

        await Eventually.Holds(() => Held(pupil) >= 8, "it is on disk");
        var asked = fleet.On("snapshot/request")[^1];
        // Somebody on the broker sends another thing in place of what is asked for.
        string boot = (string)asked["bootId"]!;
        await fleet.HearsAsync("snapshot/request", r => (string?)r["bootId"] == boot && (int)r["heldCount"]! == Held(pupil), "it asks on");
        int wanted = (int)fleet.On("snapshot/request")[^1]["chunks"]![0]!, held = Held(pupil);
        await fleet.TellAsync("snapshot/chunk", new JsonObject { ["sha256"] = (string)asked["sha256"]!, ["index"] = wanted, ["data"] = Convert.ToBase64String(new byte[16 * 1024]) }.ToJsonString());
        await RefusedAsync(fleet, "chunkDamaged");
        Assert.Equal(held, Held(pupil));
        Assert.Equal(first, pupil.CurrentSnapshotId());

        await run.KillAsync();
        run = pupil.Run();
        var again = await fleet.HearsAsync("snapshot/request", r => (string?)r["bootId"] != boot, "it goes on where it stopped");
        Assert.Equal(held, (int)again["heldCount"]!);
        await using var publisher = SnapshotPublisher.Publish(teacher, broker.Port, learnt, "offers.key.pem", more: ["--chunk-kib", "16"]);
        var received = await fleet.HearsAsync("snapshot", s => (string?)s["event"] == "received", "it runs what came");
        Assert.Equal((learnt, learnt[^8..]), ((string?)received["candidateId"], ((string)received["snapshotId"]!)[^8..])); // The same graph, under a number of its own.
        Assert.Equal((string?)received["snapshotId"], pupil.CurrentSnapshotId());
        Assert.True((double)received["anchorAccuracyPercent"]! > 0, received.ToJsonString());
        Assert.DoesNotContain(fleet.On("snapshot/request").Where(r => (string?)r["bootId"] != boot), r => (int)r["heldCount"]! < held); // Nothing was fetched twice.
        await fleet.HearsAsync("status", s => (string?)s["snapshotId"] == (string?)received["snapshotId"], "the status says so");
        Assert.Equal(0, await publisher.EndAsync());
        Assert.Contains("received", Assert.Single(publisher.Output));
        await Eventually.Holds(() => !Directory.Exists(Path.Combine(pupil.Data, "incoming")) || Directory.GetDirectories(Path.Combine(pupil.Data, "incoming")).Length == 0, "nothing is left of what was fetched");
        long seen = fleet.WindowsSeen;
        await fleet.HearsAsync("prediction", p => (long)p["windowsSeen"]! > seen + 10 && (long)p["windowsDropped"]! == 0 && (string?)p["bootId"] == (string?)received["bootId"], "no window was lost");
        report.WriteLine($"{received.ToJsonString()}");
        Assert.DoesNotContain(LinuxProcess.MappedFiles(run.Id), file => file.Contains("torch", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task One_that_is_not_good_enough_on_the_receivers_anchors_is_refused_by_its_gate_and_one_for_other_windows_is_not_even_fetched()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var fleet = await Fleet.ListenAsync(broker.Port, device: Pupil);
        await using var teacher = DeviceFolder.Create(broker.Port, Teacher).With("training.method", "er");
        string offered = await LearnAsync(broker, teacher);
        await SnapshotPublisher.KeysAsync(teacher.Path);
        await using var pupil = DeviceFolder.Create(broker.Port, Pupil).With("readOut.kind", "prototypes").With("updates.acceptNewSnapshot", true).With("device.groups", new JsonArray("pumps")).With("updates.acceptSnapshots", true).With("updates.keysFile", Path.Combine(teacher.Path, "keys.json"));
        var run = pupil.Run();
        await fleet.HearsAsync("snapshot", s => (string?)s["event"] == "promoted", "it has learnt by itself");
        await run.EndByCtrlCAsync();
        string own = pupil.CurrentSnapshotId()!;
        run = pupil.With("training.enabled", false).With("promotion.maxAccuracyDropPoints", -50).Run(); // From here on it takes nothing that is not far better.
        await fleet.HearsAsync("snapshot", s => (string?)s["event"] == "restored", "it goes on with what it has learnt");
        string boot = fleet.On("snapshot")[^1]["bootId"]!.ToString();
        await fleet.HearsAsync("prediction", p => (string?)p["bootId"] == boot && (long)p["windowsSeen"]! > 150, "its anchors show every class");

        await using (var publisher = SnapshotPublisher.Publish(teacher, broker.Port, offered, "offers.key.pem", "group:pumps"))
        {
            var worse = await RefusedAsync(fleet, "gateRefused");
            Assert.Contains("accuracy on the anchor set", (string?)worse["reasons"]![0]);
            Assert.Equal(offered, (string?)worse["candidateId"]);
            Assert.Equal(1, await publisher.EndAsync()); // Every device that answered has refused.
        }

        Assert.Equal(own, pupil.CurrentSnapshotId());
        int asked = fleet.On("snapshot/request").Count;
        await run.EndByCtrlCAsync();
        run = pupil.With("window.length", 64).With("window.stride", 32).Run();
        await fleet.HearsAsync("snapshot", s => (string?)s["event"] == "initial" && (string?)s["snapshotId"] != own && fleet.On("status").Count(x => (string?)x["state"] == "online") == 3, "it cuts other windows");
        await using (var publisher = SnapshotPublisher.Publish(teacher, broker.Port, "current", "offers.key.pem", "fleet"))
        {
            var other = await RefusedAsync(fleet, "otherWindows");
            Assert.Contains("[9, 64]", (string?)other["reasons"]![0]);
            Assert.Equal(1, await publisher.EndAsync());
        }

        Assert.Equal(asked, fleet.On("snapshot/request").Count);
        Assert.True(run.IsAlive, run.Said);
    }

    private static async Task<string> LearnAsync(Mosquitto broker, DeviceFolder device)
    {
        await using var fleet = await Fleet.ListenAsync(broker.Port, device: Teacher);
        string? before = device.CurrentSnapshotId(); // The broker still tells of it.
        var run = device.Run();
        await fleet.HearsAsync("snapshot", s => (string?)s["event"] == "promoted" && (string?)s["snapshotId"] != before, "the teacher has learnt");
        await run.EndByCtrlCAsync();
        return device.CurrentSnapshotId()!;
    }

    private static Task<JsonObject> RefusedAsync(Fleet fleet, string code) =>
        fleet.HearsAsync("snapshot", s => (string?)s["event"] == "refused" && s["codes"] is JsonArray codes && codes.Any(one => (string?)one == code), $"it is refused with {code}");

    private static int Held(DeviceFolder device) => Directory.Exists(Path.Combine(device.Data, "incoming")) ? Directory.GetFiles(Path.Combine(device.Data, "incoming"), "*.chunk", SearchOption.AllDirectories).Length : 0;
}
