using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Edge.LinkVictim;
using Edge.Storage;

namespace Edge.Benchmarks.OverTheAir;

/// <summary>Documents that pass every check and harm: how long from publish to the report that they were rolled back, and whether data and snapshot are as before.</summary>
internal static class HarmFigures
{
    private static readonly (string What, Func<string> Config)[] s_kinds =
    [
        ("a broker that is not there", () => $$"""{ "telemetry": { "port": {{Ports.Free()}} } }"""),
        ("a sensor that is not there", () => """{ "sensor": { "kind": "uciHar", "uciHar": { "path": "/nowhere" } } }"""),
        ("a learning rate that ruins training", () => """{ "training": { "enabled": true, "method": "supconReplay", "learningRate": 1, "patienceEpochs": 0, "epochs": 1 } }"""),
        ("windows that never fill", () => """{ "sensor": { "sampleRateHz": 1 }, "window": { "length": 4096, "stride": 4096 }, "updates": { "acceptNewSnapshot": true } }"""),
    ];

    private sealed record Kept(string Snapshot, long Examples, long Anchors, long Counted);

    public static async Task<IReadOnlyList<string>> MeasureAsync(ConfigLoad load, Action<string> tell)
    {
        using var broker = new Broker(Directory.CreateTempSubdirectory("edge-config-broker-").FullName);
        await broker.StartAsync();
        await using var device = new MeasuredDevice(broker.Port, string.Create(CultureInfo.InvariantCulture, $$"""
            {
              "sensor": { "speed": 20 },
              "replay": { "capacity": 10000, "anchorCapacity": 1000, "anchorShare": 0.3, "freshCapacity": 10000 },
              "training": { "roundExamples": 24, "epochs": 2, "batchSize": 16, "replayBatchSize": 16 },
              "readOut": { "kind": "prototypes" },
              "updates": { "trialSeconds": {{load.TrialSeconds}}, "graceSeconds": {{load.GraceSeconds}} }
            }
            """));
        await device.StartAsync();
        await device.HearsAsync("snapshot", 0, body => (string?)body["event"] == "promoted", "it has learnt");
        long frozen = device.Desire(1, """{ "training": { "enabled": false } }""");
        await device.IsActiveAsync(1, frozen);
        tell("the device has learnt");
        long version = 1;
        var rows = new List<string>();
        foreach (var (what, config) in s_kinds)
        {
            var (took, codes, changes) = (new List<double>(), new SortedSet<string>(StringComparer.Ordinal), new List<string>());
            string why = "";
            for (int time = 0; time < load.HarmTimes; time++)
            {
                await device.StopAsync();
                var before = await KeptByAsync(device);
                long started = Stopwatch.GetTimestamp();
                await device.StartAsync();
                await device.HearsAsync("forgetting", started, body => body["perClass"]!.AsArray().Count > 0, "its accuracy is known");
                await device.HearsAsync("label/result", started, _ => device.Heard("label/result", started).Count > 60, "enough for a round waits");
                var document = JsonNode.Parse(config())!.AsObject();
                if (document["training"] is null) document["training"] = new JsonObject { ["enabled"] = false };
                long start = device.Desire(++version, document.ToJsonString());
                var back = await device.HearsAsync("config/reported", start, body => (long?)body["lastAttempt"]?["version"] == version && (string?)body["lastAttempt"]!["result"] is "rolledBack" or "applied", $"version {version} has come to its end", TimeSpan.FromSeconds(300 + (load.TrialSeconds + load.GraceSeconds) * 3));
                string result = (string)back.Body["lastAttempt"]!["result"]!;
                if (result != "rolledBack") changes.Add($"NOT rolled back, but {result}{RoundSince(start)}");
                took.Add(Stopwatch.GetElapsedTime(start, back.Ticks).TotalSeconds);
                codes.UnionWith(back.Body["lastAttempt"]!["codes"]?.AsArray().Select(code => (string)code!) ?? []);
                why = string.Join("; ", back.Body["lastAttempt"]!["reasons"]!.AsArray().Select(reason => (string)reason!));
                await device.HearsAsync("prediction", back.Ticks, body => (long)body["windowsSeen"]! > 5, "it works as before");
                tell(string.Create(CultureInfo.InvariantCulture, $"{what}: {took[^1]:0.0} s, {string.Join(", ", codes)}: {why}"));

                await device.StopAsync();
                var after = await KeptByAsync(device);
                if (after.Snapshot != before.Snapshot) changes.Add($"snapshot {before.Snapshot}, then {after.Snapshot}");
                if (after.Examples < before.Examples || after.Anchors < before.Anchors) changes.Add($"{before.Examples} examples and {before.Anchors} anchors, then {after.Examples} and {after.Anchors}");
                if (after.Counted < before.Counted) changes.Add($"{before.Counted} counted in statistics.bin, then {after.Counted}");
                await device.StartAsync();
            }

            took.Sort();
            rows.Add(string.Create(CultureInfo.InvariantCulture, $"| {what} | {string.Join(", ", codes)} | {took[0]:0.0} | {LiveFigures.Quantile(took, 0.5):0.0} | {took[^1]:0.0} | {(changes.Count == 0 ? "as before" : string.Join("; ", changes))} |"));
        }

        string RoundSince(long start) => device.Heard("snapshot", start).LastOrDefault(message => (string?)message.Body["event"] is "promoted" or "refused") is { } round
            ? string.Create(CultureInfo.InvariantCulture, $" ({(string)round.Body["event"]!} with {(double)round.Body["anchorAccuracyPercent"]!:0.0} % on the anchors, {(double)round.Body["previousAnchorAccuracyPercent"]!:0.0} % before)")
            : " (no round was judged)";

        return
        [
            "## Valid and harmful", "",
            string.Create(CultureInfo.InvariantCulture, $"Each document {load.HarmTimes} times, to a device that has learnt, with `updates.trialSeconds` {load.TrialSeconds} and `graceSeconds` {load.GraceSeconds}. Time from publish to the report rolledBack. Data: running snapshot, examples, anchors, and what is counted in `statistics.bin`, read after a clean stop before and after (labels go on coming, so that there may be more). Read out by prototypes of the trained network, so that whatever a round does to it shows on the anchors, where the loss has not shown it before. Bar: rolled back by itself within the trial time, data and snapshot intact."), "",
            "| document | reason | least, s | p50, s | most, s | data and snapshot |", "|---|---|---:|---:|---:|---|",
            .. rows,
        ];
    }

    private static async Task<Kept> KeptByAsync(MeasuredDevice device)
    {
        var (_, lines) = await EdgeVerb.RunAsync(device.Folder, ["replay", "stats", "--json", "--config", "config.json"], 0);
        var classes = JsonNode.Parse(lines[^1])!["classes"]!.AsArray();
        using var stream = File.OpenRead(Path.Combine(device.Data, "statistics.bin"));
        long counted = StatisticsRecord.Read(stream, null, 0, out string problem)?.Count ?? throw new InvalidDataException(problem);
        return new Kept(device.CurrentSnapshotId, classes.Sum(row => (long)row!["replay"]! + (long)row["fresh"]!), classes.Sum(row => (long)row!["anchor"]!), counted);
    }
}
