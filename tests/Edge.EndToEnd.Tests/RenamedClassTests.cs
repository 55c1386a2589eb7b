using System.Text.Json.Nodes;
using Edge.EndToEnd.Tests.World;
using Edge.Storage;

namespace Edge.EndToEnd.Tests;

/// <summary>A class is called otherwise over the air, on a device that works: nothing of it is learnt anew, and the old name comes back with all of it.</summary>
public sealed class RenamedClassTests(ITestOutputHelper report)
{
    private const string Five = "\"walkingUpstairs\", \"walkingDownstairs\", \"sitting\", \"standing\", \"laying\"";
    private const string Renamed = $$"""{ "labels": { "classes": ["jogging", {{Five}}], "renamed": { "walking": "jogging" } } }""";

    [Fact]
    public async Task It_is_known_by_its_new_name_at_once_and_by_its_old_one_again_with_all_that_came_meanwhile()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var fleet = await Fleet.ListenAsync(broker.Port);
        await using var device = await DeviceFolder.Create(broker.Port).With("training.enabled", false).WithFirstSnapshotAsync(); // No round: what answers under the new name was learnt under the old one.
        var run = device.Run();
        await Eventually.Holds(() => Roles(fleet, "walking", "anchor") >= 3 && Roles(fleet, "walking", "replay") >= 20 && CountOf(fleet.On("prediction"), "walking") >= 10, "walking is learnt, held out and answered", () => run.Said);
        var desired = new Desired(fleet, report);
        string snapshot = device.CurrentSnapshotId()!;
        await desired.BecomesAsync("labels seldom", """{ "labels": { "sourceShare": 0 } }"""); // So that what is counted before and after is the same.
        var before = await ExaminedAsync(fleet, desired.Boot);
        ulong oldest = fleet.On("label/result").Where(l => (string?)l["class"] == "walking" && (string?)l["role"] == "replay").Min(l => (ulong)l["exampleId"]!);

        await desired.BecomesAsync("called otherwise", Renamed);
        var status = await fleet.HearsAsync("status", s => (string?)s["bootId"] == desired.Boot && (string?)s["state"] == "online", "it is online");
        Assert.Equal("jogging", (string?)status["classes"]![0]);
        Assert.Equal(snapshot, (string?)status["snapshotId"]);
        var after = await ExaminedAsync(fleet, desired.Boot);
        Assert.Equal(before, after.Select(one => one with { Class = one.Class == "jogging" ? "walking" : one.Class }));
        await Eventually.Holds(() => CountOf(InBoot(fleet, "prediction", desired.Boot), "jogging") > 3, "it is answered by its new name");
        Assert.Equal(0, CountOf(InBoot(fleet, "prediction", desired.Boot), "walking"));

        await desired.BecomesAsync("labels come again, from a sensor that says walking", """{ "labels": { "sourceShare": 1 } }""");
        await Eventually.Holds(() => Roles(fleet, "jogging", "replay") >= 5, "they count for jogging");
        Assert.DoesNotContain(InBoot(fleet, "label/result", desired.Boot), l => (string?)l["class"] == "walking");
        await desired.BecomesAsync("a round", """{ "training": { "enabled": true }, "promotion": { "maxAccuracyDropPoints": 100, "maxClassDropPoints": 100 } }""");
        var promoted = await fleet.HearsAsync("snapshot", s => (string?)s["event"] == "promoted", "a round brings a snapshot");
        await fleet.HearsAsync("prediction", p => (string?)p["snapshotId"] == (string?)promoted["snapshotId"] && (long?)p["countsByClass"]!["jogging"] > 0, "it answers by the new name");
        Assert.Equal("walking", (string?)ManifestOf(device, (string)promoted["snapshotId"]!)["classes"]![0]); // A later round finds what this one has learnt, whatever the class is called then.
        var refused = await desired.EndsAsync("refused", """{ "labels": { "renamed": { "walking": "running" } } }""");
        Assert.Contains("labels.renamed.walking is \"running\"", (string?)refused["reasons"]![0]);
        var harmful = await desired.EndsAsync("rolledBack", """{ "sensor": { "kind": "uciHar", "uciHar": { "path": "/nowhere" } } }""");
        Assert.Equal("startFailed", (string?)Assert.Single(harmful["codes"]!.AsArray()));
        string boot = (string)fleet.On("config/reported")[^1]["bootId"]!;
        await Eventually.Holds(() => CountOf(InBoot(fleet, "prediction", boot), "jogging") > 3, "what is harmful goes, and the class keeps its new name");

        await run.KillAsync(); // Names on the disk stay as they are: nothing is under way that a kill could break off.
        run = device.Run();
        await desired.BecomesAsync("called as before", """{ "training": null, "labels": { "classes": null, "renamed": null, "sourceShare": 0 } }""");
        await Eventually.Holds(() => CountOf(InBoot(fleet, "prediction", desired.Boot), "walking") > 3, "it is answered by its old name");
        Assert.Equal(0, CountOf(InBoot(fleet, "prediction", desired.Boot), "jogging"));
        await ExaminedAsync(fleet, desired.Boot);
        run.CtrlC();
        Assert.Equal(0, await run.EndAsync());

        int labelled = fleet.On("label/result").Count(l => (string?)l["class"] is "walking" or "jogging" && (string?)l["role"] is "replay" or "fresh");
        using var buffer = device.OpenBuffer(ReplayAccess.Look);
        var kept = await buffer.ListAsync();
        Assert.DoesNotContain(kept, e => e.Class == "jogging");
        Assert.Equal("walking", (await buffer.FindAsync(oldest))!.Class);
        foreach (var told in fleet.On("label/result").Where(l => (string?)l["class"] == "jogging" && (string?)l["role"] is "replay" or "anchor"))
            Assert.Equal("walking", kept.Single(e => e.Id == (ulong)told["exampleId"]!).Class);
        var head = new StatisticsFile(Path.Combine(device.Data, "statistics.bin")).Head!;
        var statistics = new StatisticsFile(Path.Combine(device.Data, "statistics.bin")).Look(head.FeatureBankId, head.FeatureLength)!;
        Assert.DoesNotContain("jogging", statistics.Classes);
        Assert.True(statistics.Of("walking")!.Count >= labelled, $"{statistics.Of("walking")!.Count} of at least {labelled} labelled windows are counted");
        Assert.DoesNotContain("jogging", File.ReadAllText(Path.Combine(device.Data, "forgetting.json")), StringComparison.Ordinal);
        report.WriteLine($"{labelled} labelled windows of the class; {string.Join(", ", before)}");
    }

    /// <summary>The first exam of the anchors by a start: accuracy and number of each class.</summary>
    private static async Task<IReadOnlyList<Anchors>> ExaminedAsync(Fleet fleet, string boot)
    {
        var exam = await fleet.HearsAsync("forgetting", f => (string?)f["bootId"] == boot && f["perClass"]!.AsArray().Count > 0, "the anchors are examined");
        return [.. exam["perClass"]!.AsArray().Select(one => new Anchors((string)one!["class"]!, (double)one["accuracyPercent"]!, (double)one["bestPercent"]!, (int)one["anchorCount"]!))];
    }

    private static JsonNode ManifestOf(DeviceFolder device, string snapshot) => JsonNode.Parse(File.ReadAllText(Path.Combine(device.Data, "snapshots", snapshot, "manifest.json")))!;

    private static IReadOnlyList<JsonObject> InBoot(Fleet fleet, string topic, string boot) => [.. fleet.On(topic).Where(message => (string?)message["bootId"] == boot)];

    private static int Roles(Fleet fleet, string name, string role) => fleet.On("label/result").Count(l => (string?)l["class"] == name && (string?)l["role"] == role);

    private static long CountOf(IEnumerable<JsonObject> predictions, string name) => predictions.Sum(p => (long?)p["countsByClass"]![name] ?? 0);

    private sealed record Anchors(string Class, double AccuracyPercent, double BestPercent, int Count);
}
