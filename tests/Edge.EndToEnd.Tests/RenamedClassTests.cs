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
        Assert.Equal("walking", (string?)ManifestOf(device, (string)promoted["snapshotId"]!)["classes"]![0]); // A later round finds what this one has learnt, whatever the class is called then.
        await fleet.HearsAsync("prediction", p => (string?)p["bootId"] == desired.Boot && (string?)p["snapshotId"] != snapshot && (long?)p["countsByClass"]!["jogging"] > 0, "what was learnt under the new name answers by it"); // Any such snapshot: one may be followed by the next before anybody walks.
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

        await AllIsOfWalkingAsync(device, fleet);
        using (var buffer = device.OpenBuffer(ReplayAccess.Look)) Assert.Equal("walking", (await buffer.FindAsync(oldest))!.Class);
        report.WriteLine(string.Join(", ", before));
    }

    [Fact]
    public async Task A_trial_of_a_new_name_that_a_kill_ends_leaves_what_was_labelled_meanwhile_to_the_old_one()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var fleet = await Fleet.ListenAsync(broker.Port);
        await using var device = await DeviceFolder.Create(broker.Port).With("training.enabled", false).With("updates.trialSeconds", 600).With("updates.trialAttempts", 1).WithFirstSnapshotAsync();
        var run = device.Run();
        await Eventually.Holds(() => Roles(fleet, "walking", "replay") >= 10, "walking is learnt", () => run.Said);
        await fleet.TellAsync("config/desired", $$"""{ "version": 1, "config": {{Renamed}} }""", retain: true);
        await Eventually.Holds(() => Roles(fleet, "jogging", "replay") >= 5 && CountOf(fleet.On("prediction"), "jogging") > 3, "it is on trial, labelled and answered by its new name", () => run.Said);
        await run.KillAsync();
        run = device.Run();
        var back = await fleet.HearsAsync("config/reported", r => (string?)r["lastAttempt"]?["result"] == "rolledBack", "it is rolled back");
        Assert.Equal("tooManyAttempts", (string?)Assert.Single(back["lastAttempt"]!["codes"]!.AsArray()));
        await Eventually.Holds(() => CountOf(InBoot(fleet, "prediction", (string)back["bootId"]!), "walking") > 3, "it is answered by its old name");
        run.CtrlC();
        Assert.Equal(0, await run.EndAsync());
        await AllIsOfWalkingAsync(device, fleet);
    }

    /// <summary>Every example that was acknowledged under either name lies under the old one; the sums count it, or will at the next start, where a busy machine was not given the time to write them; and no file speaks of the other.</summary>
    private async Task AllIsOfWalkingAsync(DeviceFolder device, Fleet fleet)
    {
        var told = fleet.On("label/result").Where(l => (string?)l["class"] is "walking" or "jogging" && (string?)l["role"] is "replay" or "anchor" or "fresh").ToList();
        using var buffer = device.OpenBuffer(ReplayAccess.Look);
        var kept = (await buffer.ListAsync()).ToDictionary(e => e.Id);
        Assert.DoesNotContain(kept.Values, e => e.Class == "jogging");
        Assert.All(told.Where(l => (string?)l["role"] is "replay" or "anchor"), l => Assert.Equal("walking", kept[(ulong)l["exampleId"]!].Class));

        int trainable = told.Count(l => (string?)l["role"] is "replay" or "fresh");
        var file = new StatisticsFile(Path.Combine(device.Data, "statistics.bin"));
        var statistics = file.Look(file.Head!.FeatureBankId, file.Head.FeatureLength)!;
        Assert.DoesNotContain("jogging", statistics.Classes);
        long counted = statistics.Of("walking")!.Count, later = kept.Values.Count(e => e.Class == "walking" && e.Role != ExampleRole.Anchor && e.Id > statistics.ThroughExampleId);
        Assert.True(counted + later >= trainable, $"{counted} and {later} of at least {trainable} labelled windows are counted");
        Assert.DoesNotContain("jogging", File.ReadAllText(Path.Combine(device.Data, "forgetting.json")), StringComparison.Ordinal);
        report.WriteLine($"{told.Count} labelled windows of the class, {told.Count(l => (string?)l["class"] == "jogging")} of them under its new name");
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
