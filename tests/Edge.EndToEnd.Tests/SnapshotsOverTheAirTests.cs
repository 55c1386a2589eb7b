using System.Text.Json.Nodes;
using Edge.EndToEnd.Tests.World;
using Edge.Telemetry.Tests.Mqtt;

namespace Edge.EndToEnd.Tests;

/// <summary>What one device has learnt, offered to another over mosquitto, and judged there.</summary>
public sealed class SnapshotsOverTheAirTests(ITestOutputHelper report)
{
    private const int PieceKib = 16;
    private const string Teacher = "d1", Pupil = "d2", Misled = "d3";

    [Fact]
    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    public async Task A_snapshot_is_offered_over_a_broker_that_speaks_TLS_and_to_nobody_whom_the_CA_did_not_sign()
    {
        using var certificates = new Certificates();
        using var others = new Certificates();
        var (certificate, key) = certificates.ForBroker("127.0.0.1");
        await using var broker = await Mosquitto.StartAsync($"certfile {certificate}", $"keyfile {key}");
        await using var teacher = await DeviceFolder.Create(broker.Port, Teacher).WithFirstSnapshotAsync();
        File.WriteAllText(Path.Combine(teacher.Path, "config.json"), teacher.Config.ToJsonString());
        await SnapshotPublisher.KeysAsync(teacher.Path);
        string[] publish = ["snapshot", "publish", teacher.CurrentSnapshotId()!, "--config", "config.json", "--broker", $"127.0.0.1:{broker.Port}", "--to", "fleet", "--key", "offers.key.pem", "--for", "0.1", "--tls", "--ca-file"];
        await using (var foreign = RunningDevice.Start(teacher.Path, [.. publish, others.CaFile]))
        {
            Assert.Equal(70, await foreign.EndAsync());
            Assert.DoesNotContain("is offered", foreign.Said);
        }

        await using var run = RunningDevice.Start(teacher.Path, [.. publish, certificates.CaFile]);
        Assert.True(await run.EndAsync() == 0, run.Said);
        Assert.Contains("is offered to fleet", run.Said); // Said once the broker has it.
    }

    [Fact]
    public async Task What_one_device_has_learnt_is_fetched_piece_by_piece_over_a_kill_and_a_flipped_piece_judged_by_the_other_and_run()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var fleet = await Fleet.ListenAsync(broker.Port, device: Pupil);
        await using var teacher = DeviceFolder.Create(broker.Port, Teacher);
        string learnt = await LearnAsync(broker, teacher);
        await SnapshotPublisher.KeysAsync(teacher.Path);
        await using var pupil = await DeviceFolder.Create(broker.Port, Pupil).With("training.enabled", false).With("updates.acceptSnapshots", true).With("updates.keysFile", Path.Combine(teacher.Path, "keys.json")).With("promotion.maxAccuracyDropPoints", 100).With("promotion.maxClassDropPoints", 100).WithFirstSnapshotAsync();
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

        // The publisher dies when eight pieces are there; the device dies too; both come back. Who offers here is killed before the device can ask, and the pieces come from the test: which of two processes is faster decides nothing.
        await run.EndByCtrlCAsync();
        await fleet.TellAsync("snapshot/offer", "", retain: true); // The stranger's is kept no longer.
        await using (var torn = SnapshotPublisher.Publish(teacher, broker.Port, learnt, "offers.key.pem", more: ["--chunk-kib", $"{PieceKib}"]))
        {
            await SnapshotPublisher.IsOfferedAsync(broker.Port, Pupil);
            await torn.KillAsync();
        }

        run = pupil.Run();
        byte[] graph = await File.ReadAllBytesAsync(Path.Combine(teacher.Data, "snapshots", learnt, "model.onnx"), TestContext.Current.CancellationToken);
        for (int had = 0; had < 8; had += 4)
        {
            var wants = await fleet.HearsAsync("snapshot/request", r => (int)r["heldCount"]! == had, $"it asks for what follows piece {had}");
            foreach (int piece in wants["chunks"]!.AsArray().Select(index => (int)index!)) await fleet.TellAsync("snapshot/chunk", Piece(wants, piece, graph.AsSpan(piece * PieceKib * 1024, PieceKib * 1024)));
        }

        await Eventually.Holds(() => Held(pupil) == 8, "it is on disk");
        // Somebody on the broker sends another thing in place of what is asked for.
        var asked = await fleet.HearsAsync("snapshot/request", r => (int)r["heldCount"]! == 8, "it asks on");
        string boot = (string)asked["bootId"]!;
        int wanted = (int)asked["chunks"]![0]!, held = Held(pupil);
        await fleet.TellAsync("snapshot/chunk", Piece(asked, wanted, new byte[PieceKib * 1024]));
        await RefusedAsync(fleet, "chunkDamaged");
        Assert.Equal(held, Held(pupil));
        Assert.Equal(first, pupil.CurrentSnapshotId());

        await run.KillAsync();
        var before = fleet.All.Select(heard => heard.BootId).ToHashSet();
        run = pupil.Run();
        var again = await fleet.HearsAsync("snapshot/request", r => !before.Contains((string)r["bootId"]!), "it goes on where it stopped");
        Assert.Equal(held, (int)again["heldCount"]!);
        await using var publisher = SnapshotPublisher.Publish(teacher, broker.Port, learnt, "offers.key.pem", more: ["--chunk-kib", $"{PieceKib}"]);
        var received = await fleet.HearsAsync("snapshot", s => (string?)s["event"] == "received", "it runs what came");
        Assert.Equal((learnt, learnt[^8..]), ((string?)received["candidateId"], ((string)received["snapshotId"]!)[^8..])); // The same graph, under a number of its own.
        Assert.Equal((string?)received["snapshotId"], pupil.CurrentSnapshotId());
        Assert.True((double)received["anchorAccuracyPercent"]! > 0, received.ToJsonString());
        Assert.DoesNotContain(fleet.On("snapshot/request").Where(r => !before.Contains((string)r["bootId"]!)), r => (int)r["heldCount"]! < held); // Nothing was fetched twice.
        await fleet.HearsAsync("status", s => (string?)s["snapshotId"] == (string?)received["snapshotId"], "the status says so");
        Assert.Equal(0, await publisher.EndAsync());
        Assert.Contains("received", Assert.Single(publisher.Output));
        await Eventually.Holds(() => !Directory.Exists(Path.Combine(pupil.Data, "incoming")) || Directory.GetDirectories(Path.Combine(pupil.Data, "incoming")).Length == 0, "nothing is left of what was fetched");
        long seen = (long)fleet.On("prediction").Last(p => (string?)p["bootId"] == (string?)received["bootId"])["windowsSeen"]!;
        await fleet.HearsAsync("prediction", p => (long)p["windowsSeen"]! > seen + 10 && (string?)p["bootId"] == (string?)received["bootId"], "windows are classified by it");
        report.WriteLine($"{received.ToJsonString()}");
        Assert.DoesNotContain(LinuxProcess.MappedFiles(run.Id), file => file.Contains("torch", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task One_that_is_worse_on_the_receivers_anchors_is_refused_by_its_gate_a_better_one_is_taken_and_one_for_other_windows_is_not_even_fetched()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var fleet = await Fleet.ListenAsync(broker.Port, device: Pupil);
        DeviceFolder InNoise(string id) => DeviceFolder.Create(broker.Port, id).With("sensor.speed", 40).With("sensor.simulated.noiseStd", 0.5); // In little noise any network tells the activities apart.
        await using var teacher = await InNoise(Teacher).With("training.roundExamples", 60).WithFirstSnapshotAsync();
        string good = await LearnAsync(broker, teacher);
        await using var misled = await InNoise(Misled).With("training.learningRate", 0.02).With("training.patienceEpochs", 0).With("labels.sourceShare", 0).With("training.epochs", 5).With("promotion.maxAccuracyDropPoints", 100).With("promotion.maxClassDropPoints", 100).WithFirstSnapshotAsync();
        string bad = await LearnWrongAsync(broker, misled);
        await SnapshotPublisher.KeysAsync(teacher.Path);
        File.Copy(Path.Combine(teacher.Path, "offers.key.pem"), Path.Combine(misled.Path, "offers.key.pem"));
        await using var pupil = await InNoise(Pupil).With("training.enabled", false).With("readOut.kind", "prototypes").With("updates.acceptNewSnapshot", true).With("device.groups", new JsonArray("pumps")).With("updates.acceptSnapshots", true).With("updates.keysFile", Path.Combine(teacher.Path, "keys.json")).WithFirstSnapshotAsync();
        var run = pupil.Run();
        await fleet.HearsAsync("prediction", p => (long)p["windowsSeen"]! > 150, "its anchors show every class");
        string own = pupil.CurrentSnapshotId()!;

        // What another was taught by somebody who calls nearly everything walking; the pupil's limits are the defaults.
        await using (var publisher = SnapshotPublisher.Publish(misled, broker.Port, bad, "offers.key.pem", "group:pumps"))
        {
            var worse = await JudgedAsync(fleet, bad);
            Assert.Equal(("refused", "gateRefused"), ((string?)worse["event"], (string?)worse["codes"]?[0]));
            Assert.Contains(worse["reasons"]!.AsArray(), reason => ((string)reason!).StartsWith("accuracy on the anchor set", StringComparison.Ordinal) && ((string)reason!).EndsWith("promotion.maxAccuracyDropPoints is 0.5", StringComparison.Ordinal));
            Assert.Equal(1, await publisher.EndAsync()); // Every device that answered has refused.
        }

        Assert.Equal(own, pupil.CurrentSnapshotId());
        await using (var publisher = SnapshotPublisher.Publish(teacher, broker.Port, good, "offers.key.pem", "group:pumps"))
        {
            var better = await JudgedAsync(fleet, good);
            Assert.Equal(("received", pupil.CurrentSnapshotId()), ((string?)better["event"], (string?)better["snapshotId"]));
            Assert.Equal(0, await publisher.EndAsync());
        }

        int asked = fleet.On("snapshot/request").Count;
        own = pupil.CurrentSnapshotId()!;
        await run.EndByCtrlCAsync();
        run = pupil.With("window.length", 64).With("window.stride", 32).Run();
        await fleet.HearsAsync("snapshot", s => (string?)s["event"] == "initial" && string.CompareOrdinal((string?)s["snapshotId"], own) > 0, "it cuts other windows");
        await using (var publisher = SnapshotPublisher.Publish(teacher, broker.Port, "current", "offers.key.pem", "fleet"))
        {
            var other = await RefusedAsync(fleet, "otherWindows");
            Assert.Contains("[9, 64]", (string?)other["reasons"]![0]);
            Assert.Equal(1, await publisher.EndAsync());
        }

        Assert.Equal(asked, fleet.On("snapshot/request").Count);
        Assert.True(run.IsAlive, run.Said);
    }

    /// <summary>Teaches a device by labels that are wrong: nine windows of ten are walking, whatever they show.</summary>
    private static async Task<string> LearnWrongAsync(Mosquitto broker, DeviceFolder device)
    {
        await using var fleet = await Fleet.ListenAsync(broker.Port, device: Misled);
        var run = device.Run();
        ulong next = 1;
        await Eventually.Holds(() => fleet.On("snapshot").Any(s => (string?)s["event"] == "promoted"), "it has learnt", () => run.Said, eachTime: async () =>
        {
            if (fleet.On("prediction") is not [.., { } summary] || summary["latest"] is not { } latest || (ulong)latest["windowId"]! < next + 10) return;
            ulong first = Math.Max(next, (ulong)latest["windowId"]! - 100);
            next = (ulong)latest["windowId"]!;
            await fleet.TellLinesAsync("label", [.. Enumerable.Range(0, (int)(next - first)).Select(i => $$"""{ "windowId": {{first + (ulong)i}}, "class": "{{(i % 10 == 0 ? "laying" : "walking")}}" }""")]);
        });
        await run.EndByCtrlCAsync();
        return device.CurrentSnapshotId()!;
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

    private async Task<JsonObject> JudgedAsync(Fleet fleet, string offered)
    {
        var judged = await fleet.HearsAsync("snapshot", s => (string?)s["candidateId"] == offered, $"{offered} is judged");
        report.WriteLine(judged.ToJsonString());
        return judged;
    }

    private static Task<JsonObject> RefusedAsync(Fleet fleet, string code) =>
        fleet.HearsAsync("snapshot", s => (string?)s["event"] == "refused" && s["codes"] is JsonArray codes && codes.Any(one => (string?)one == code), $"it is refused with {code}");

    private static string Piece(JsonObject request, int index, ReadOnlySpan<byte> data) =>
        new JsonObject { ["sha256"] = (string?)request["sha256"], ["index"] = index, ["data"] = Convert.ToBase64String(data) }.ToJsonString();

    private static int Held(DeviceFolder device) => Directory.Exists(Path.Combine(device.Data, "incoming")) ? Directory.GetFiles(Path.Combine(device.Data, "incoming"), "*.chunk", SearchOption.AllDirectories).Length : 0;
}
