using System.Text.Json;
using Edge.Runtime.Inference;
using Edge.Runtime.Snapshots;
using Edge.Runtime.Stages;
using Edge.Runtime.Tests.Inference;
using Edge.Runtime.Tests.Learning;
using Edge.Runtime.Updates;
using Edge.Runtime.Windowing;
using Edge.Storage;
using Microsoft.ML.OnnxRuntime;

namespace Edge.Runtime.Tests.Commands;

/// <summary>The verbs of the models, as a person meets them.</summary>
[Collection(nameof(FirstRound))]
public sealed class SnapshotCommandTests : IDisposable
{
    internal const string Device = """{ "window": { "length": 32, "stride": 16 }, "labels": { "classes": ["still", "slow", "fast", "walking", "walkingUpstairs", "walkingDownstairs", "sitting", "standing", "laying"] }, "inference": { "providers": ["cpu"] } }""";
    private readonly DataFolder data = new();
    private readonly FirstRound first;

    public SnapshotCommandTests(FirstRound first)
    {
        this.first = first;
        File.WriteAllText(data["device.json"], Device);
    }

    public void Dispose() => data.Dispose();

    [Fact]
    public async Task List_shows_what_runs_and_what_is_damaged_beside_a_running_service_and_changes_nothing()
    {
        var ids = Fill(3);
        File.AppendAllText(data[$"edge-data/snapshots/{ids[1]}/model.onnx"], "x");
        Directory.CreateDirectory(data["edge-data/snapshots/s000009-00000000.tmp"]);
        using var held = DataDirectory.Take(data["edge-data"]);

        var listed = await RunAsync("list");
        Assert.Equal((1, ""), (listed.ExitCode, listed.Errors));
        string[] lines = listed.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.StartsWith($"  {ids[0]}", lines[0]);
        Assert.StartsWith($"  {ids[1]}  DAMAGED: model.onnx has SHA-256", lines[1]);
        Assert.Matches($@"^\* {ids[2]}  {ids[1]}  .*\[3, 32\]  +93\.0 %  +\d+  still, slow, fast$", lines[2]);

        var json = (await RunAsync("list", "--json")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.Equal([false, false, true], json.Select(one => one.GetProperty("isCurrent").GetBoolean()));
        Assert.Contains("its manifest says", json[1].GetProperty("damage").GetString());
        Assert.Equal(JsonValueKind.Null, json[2].GetProperty("damage").ValueKind);
        Assert.True(Directory.Exists(data["edge-data/snapshots/s000009-00000000.tmp"]));
    }

    [Fact]
    public async Task Show_reads_the_graph_and_names_an_unknown_snapshot_with_what_is_there()
    {
        var ids = Fill(2);
        using var shown = await OneLineAsync("show", "1", "--json");
        Assert.Equal((ids[0], false), (shown.RootElement.GetProperty("manifest").GetProperty("id").GetString(), shown.RootElement.GetProperty("isCurrent").GetBoolean()));
        var model = shown.RootElement.GetProperty("model");
        Assert.Contains(model.GetProperty("inputs").EnumerateArray(), input => input.GetProperty("name").GetString() == "window" && !input.GetProperty("hasDefault").GetBoolean());
        Assert.Contains(model.GetProperty("inputs").EnumerateArray(), input => input.GetProperty("name").GetString() == "prototypes" && input.GetProperty("hasDefault").GetBoolean());
        Assert.Equal("32", model.GetProperty("metadata").GetProperty("windowLength").GetString());
        Assert.Contains("output          novelty float [batch]", (await RunAsync("show")).Output);

        var unknown = await RunAsync("show", "s000007");
        Assert.Equal((70, ""), (unknown.ExitCode, unknown.Output));
        Assert.Contains($"there are {ids[0]}, {ids[1]}", unknown.Errors);
    }

    [Fact]
    public async Task Rollback_makes_an_earlier_snapshot_current_for_good_and_waits_for_the_service_to_stop()
    {
        var ids = Fill(3);
        using (DataDirectory.Take(data["edge-data"]))
        {
            var refused = await RunAsync("rollback");
            Assert.Equal((70, ""), (refused.ExitCode, refused.Output));
            Assert.Contains("held by another edge service", refused.Errors);
        }

        Assert.Equal(ids[2], SnapshotStore.Look(data["edge-data/snapshots"]).Single(s => s.IsCurrent).Id);
        using (var done = await OneLineAsync("rollback", "--json")) Assert.Equal((ids[1], ids[2]), (done.RootElement.GetProperty("id").GetString(), done.RootElement.GetProperty("previousId").GetString()));
        Assert.Equal(ids[1], new SnapshotStore(data["edge-data/snapshots"], 5).Current!.Id);
        Assert.Equal(0, (await RunAsync("rollback")).ExitCode);
        Assert.Contains("no good snapshot older than", (await RunAsync("rollback")).Errors);
        Assert.Equal(0, (await RunAsync("rollback", "3")).ExitCode);
        Assert.Equal(ids[2], new SnapshotStore(data["edge-data/snapshots"], 5).Current!.Id);
        Assert.Equal(ids, SnapshotStore.Look(data["edge-data/snapshots"]).Select(s => s.Id));
    }

    [Fact]
    public async Task Rollback_refuses_a_damaged_snapshot_and_one_of_other_windows()
    {
        var ids = Fill(2);
        File.WriteAllText(data["device.json"], Device.Replace("32", "64", StringComparison.Ordinal));
        Assert.Contains("window.length", (await RunAsync("rollback")).Errors);
        File.WriteAllText(data["device.json"], Device);
        File.Delete(data[$"edge-data/snapshots/{ids[0]}/model.checkpoint"]);
        Assert.Contains("model.checkpoint is missing", (await RunAsync("rollback", ids[0])).Errors);
        Assert.Equal(ids[1], new SnapshotStore(data["edge-data/snapshots"], 5).Current!.Id);
    }

    [Fact]
    public async Task A_rounds_candidate_is_promoted_and_an_exported_pair_as_well()
    {
        using (var done = await OneLineAsync("promote", first.Folder.Path, "--json"))
        {
            Assert.True(done.RootElement.GetProperty("promoted").GetBoolean());
            Assert.True(done.RootElement.GetProperty("parityError").GetDouble() < 1e-5);
        }

        Assert.Equal(0, (await RunAsync("export", "current", "out.onnx", "--with-checkpoint")).ExitCode);
        string hash = SnapshotFolder.HashOf(data["out.onnx"]);
        Assert.Equal(SnapshotFolder.HashOf(first.Folder.ModelFile), hash);
        using (var again = await OneLineAsync("promote", "out.onnx", "--sha256", hash, "--json")) Assert.StartsWith("s000002-", again.RootElement.GetProperty("id").GetString());
        Assert.Equal($"s000002-{hash[..8]}", new SnapshotStore(data["edge-data/snapshots"], 5).Current!.Id);
    }

    [Fact]
    public async Task A_candidate_that_does_not_fit_is_refused_with_all_reasons_and_nothing_changes()
    {
        var ids = Fill(1);
        TestSnapshot.WriteOther(data, "foreign.onnx");
        File.WriteAllText(data["device.json"], Device.Replace("32", "48", StringComparison.Ordinal));
        var refused = await RunAsync("promote", "foreign.onnx", "--checkpoint", first.Folder.CheckpointFile, "--sha256", "00ff");
        Assert.Equal(1, refused.ExitCode);
        string[] reasons = refused.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        foreach (string kind in new[] { "hash: ", "contract: it takes windows [3, 32]", "parity: the graph differs from its checkpoint" }) Assert.Contains(reasons, reason => reason.StartsWith(kind, StringComparison.Ordinal));
        Assert.Equal(3, reasons.Length);
        Assert.Equal($"refused for 3 reasons; {ids[0]} stays\n", refused.Output);
        Assert.Equal(ids, SnapshotStore.Look(data["edge-data/snapshots"]).Select(s => s.Id));

        File.WriteAllText(data["noise.onnx"], "this is no graph");
        var noise = await RunAsync("promote", "noise.onnx", "--checkpoint", first.Folder.CheckpointFile);
        Assert.Equal(1, noise.ExitCode);
        Assert.Contains("contract: 'noise.onnx' cannot be loaded", noise.Errors);
        Assert.Contains("there is no checkpoint", (await RunAsync("promote", "noise.onnx")).Errors);
    }

    [Fact]
    public async Task Other_frozen_features_than_the_statistics_count_are_not_taken_unasked_nor_anything_beside_a_service()
    {
        var ids = Fill(1);
        TestSnapshot.Write(data, "plain.onnx"); // The same weights without a frozen branch.
        string[] promote = ["promote", "plain.onnx", "--checkpoint", first.Folder.CheckpointFile];
        using (DataDirectory.Take(data["edge-data"])) Assert.Contains("held by another edge service", (await RunAsync(promote)).Errors);
        File.WriteAllText(data["edge-data/statistics.bin"], "sums");
        var refused = await RunAsync(promote);
        Assert.Equal((1, $"refused for 1 reason; {ids[0]} stays\n"), (refused.ExitCode, refused.Output));
        Assert.StartsWith("statistics: it computes other frozen features (none) than ", refused.Errors);
        Assert.Equal(0, (await RunAsync([.. promote, "--drop-statistics"])).ExitCode);
        Assert.Equal(0, (await RunAsync("rollback")).ExitCode); // Back to a snapshot with a frozen branch nothing is lost: the one that runs has none.
        Assert.Equal(ids[0], SnapshotStore.Look(data["edge-data/snapshots"]).Single(s => s.IsCurrent).Id);
    }

    [Fact]
    public async Task An_export_with_the_read_out_answers_alone_as_the_device_would()
    {
        File.WriteAllText(data["device.json"], Device.Replace("[\"cpu\"]", "[\"cpu\"], \"unknownFalseAlarmPercent\": 20", StringComparison.Ordinal)); // Five anchors are enough.
        var store = new SnapshotStore(data["edge-data/snapshots"], 5);
        var manifest = store.Promote(first.Folder.CandidateDirectory, TestSnapshot.Manifest);
        var config = RunningConfig.Read(data["device.json"]).Verdict.Config!;
        ReadOutWeights weights;
        using var classifier = Classifier.Open(store.ModelFile(manifest), manifest with { Classes = config.Labels.Classes }, config.Inference, AnchorExam.BatchSize);
        using (var buffer = ReplayBuffer.Open(data["edge-data/replay.db"], ServiceHost.OptionsOf(config) with { CopyCount = 0 }, TimeProvider.System))
        {
            await buffer.OfferAsync([.. Enumerable.Range(1, 90).Select(Labelled)], null);
            weights = await StoredReadOut.ReadAsync(classifier, buffer, DataDirectory.At(data["edge-data"]).ReadOut, config.ReadOut);
        }

        Assert.True(weights.WeighsFeatures); // Or the claim would be about prototypes alone.
        var exported = await RunAsync("export", "1", "alone.onnx", "--with-readout");
        Assert.Equal((0, ""), (exported.ExitCode, exported.Errors));
        Assert.Contains("read out by frozen ridge", exported.Output);

        classifier.Use(weights);
        using var session = new InferenceSession(data["alone.onnx"]);
        int right = 0;
        foreach (int seed in Enumerable.Range(1000, 12))
        {
            string name = TestSnapshot.Classes[seed % 3];
            float[] window = TestSnapshot.WindowOf(name, seed);
            var expected = classifier.Score(window);
            using var input = OrtValue.CreateTensorValueFromMemory(window, [1, 3, 32]);
            using var outputs = session.Run(new RunOptions(), ["window"], [input], ["probability"]);
            float[] probability = outputs[0].GetTensorDataAsSpan<float>().ToArray();
            Assert.Equal(expected.Confidence, probability[expected.ClassIndex], 1e-5f);
            if (TestSnapshot.Classes[expected.ClassIndex] == name) right++;
        }

        Assert.Equal(12, right);
        var about = session.ModelMetadata.CustomMetadataMap;
        Assert.InRange(float.Parse(about["noveltyThreshold"], System.Globalization.CultureInfo.InvariantCulture), 1e-6f, 2f);
        Assert.InRange(double.Parse(about["noveltyFalseAlarmPercent"], System.Globalization.CultureInfo.InvariantCulture), 1, 20);
    }

    [Fact]
    public async Task The_stated_rate_of_an_export_is_that_of_anchors_of_its_own_windows()
    {
        File.WriteAllText(data["device.json"], Device.Replace("[\"cpu\"]", "[\"cpu\"], \"unknownFalseAlarmPercent\": 20", StringComparison.Ordinal));
        var store = new SnapshotStore(data["edge-data/snapshots"], 5);
        var manifest = store.Promote(first.Folder.CandidateDirectory, TestSnapshot.Manifest);
        var config = RunningConfig.Read(data["device.json"]).Verdict.Config!;
        var shapes = ShapeHistory.Load(DataDirectory.At(data["edge-data"]).Shapes);
        float? own, all;
        using (var classifier = Classifier.Open(store.ModelFile(manifest), manifest with { Classes = config.Labels.Classes }, config.Inference, AnchorExam.BatchSize))
        using (var buffer = ReplayBuffer.Open(data["edge-data/replay.db"], ServiceHost.OptionsOf(config) with { CopyCount = 0 }, TimeProvider.System))
        {
            // Ninety windows of as many samples, sampled twice as fast, that are like no class.
            await buffer.OfferAsync([.. Enumerable.Range(1, 90).Select(i => Labelled(i) with { WindowId = 1000 + (ulong)i, StartSeconds = 1000 + i, Samples = [.. Enumerable.Range(0, TestSnapshot.Window.ValueCount).Select(k => (float)(5 * Math.Sin(k * k * 0.7 + i)))] })], null);
            shapes.Note(TestSnapshot.Window with { SampleRateHz = 100 }, 0, null);
            shapes.Note(TestSnapshot.Window, 90, null);
            await buffer.OfferAsync([.. Enumerable.Range(1, 90).Select(Labelled)], null);
            var prototypes = (await StoredReadOut.ReadAsync(classifier, buffer, DataDirectory.At(data["edge-data"]).ReadOut, config.ReadOut, shapes)).Prototypes;
            var anchors = await buffer.AnchorsAsync();
            float? ThresholdOn(IEnumerable<Example> examples) =>
                NoveltyExam.Of(AnchorExam.Encode(classifier, AnchorExam.Pairs(examples), withFrozen: false), prototypes, null, config.Labels.Classes, 20)?.Threshold;
            (own, all) = (ThresholdOn(shapes.Fitting(anchors, TestSnapshot.Window)), ThresholdOn(anchors));
        }

        Assert.True(own < all, $"{own} and {all}"); // Or it would not matter.
        var exported = await RunAsync("export", "1", "alone.onnx", "--with-readout");
        Assert.Equal((0, ""), (exported.ExitCode, exported.Errors));
        var about = ModelDescription.Read(data["alone.onnx"]).Metadata;
        Assert.Equal(own!.Value, float.Parse(about["noveltyThreshold"], System.Globalization.CultureInfo.InvariantCulture), 1e-6f);
        Assert.Equal(manifest.Id, about["snapshot"]);
        Assert.Equal(manifest.Id[^8..], SnapshotFolder.HashOf(store.ModelFile(manifest))[..8]); // As Trainer/Onnx/README.md says.
    }

    [Fact]
    public async Task Diff_tells_which_constants_moved()
    {
        var ids = Fill(2);
        using var same = await OneLineAsync("diff", "1", "2", "--json");
        Assert.Empty(same.RootElement.GetProperty("initializers").EnumerateArray());
        var store = new SnapshotStore(data["edge-data/snapshots"], 5);
        TestSnapshot.WriteOther(data, "other.onnx");
        store.Promote(data["other.onnx"], first.Folder.CheckpointFile, TestSnapshot.Manifest with { Classes = ["still", "slow", "jump"], AnchorAccuracy = 50 });
        using var other = await OneLineAsync("diff", "2", "--json");
        Assert.Equal(["jump"], other.RootElement.GetProperty("classesAdded").EnumerateArray().Select(c => c.GetString()));
        Assert.Equal(["fast"], other.RootElement.GetProperty("classesRemoved").EnumerateArray().Select(c => c.GetString()));
        var moved = other.RootElement.GetProperty("initializers").EnumerateArray().Where(i => i.GetProperty("differenceNorm").ValueKind == JsonValueKind.Number).ToList();
        Assert.NotEmpty(moved);
        Assert.All(moved, i => Assert.True(i.GetProperty("differenceNorm").GetDouble() > 0));
        Assert.Contains(other.RootElement.GetProperty("operators").EnumerateArray(), o => o.GetProperty("countA").GetInt32() > o.GetProperty("countB").GetInt32()); // The frozen branch is gone.
        Assert.Contains($"{ids[1]} -> s000003-", (await RunAsync("diff", "2")).Output);
    }

    [Fact]
    public async Task The_doctor_says_what_the_snapshot_runs_on_and_why_on_nothing_faster()
    {
        var ids = Fill(2);
        File.WriteAllText(data["device.json"], """{ "window": { "length": 32, "stride": 16 }, "telemetry": { "port": 0 } }""");
        var ended = await EdgeProgram.RunAsync(data.Path, "doctor", "--json", "--config", "device.json");
        using var report = JsonDocument.Parse(ended.Output);
        var finding = report.RootElement.GetProperty("findings").EnumerateArray().Single(one => one.GetProperty("name").GetString() == "inference");
        Assert.Equal("ok", finding.GetProperty("state").GetString());
        string detail = finding.GetProperty("detail").GetString()!;
        Assert.StartsWith($"{ids[1]} runs on ", detail);
        if (detail.Contains("runs on cpu", StringComparison.Ordinal)) Assert.Matches("; tensorrt: .{20,}; cuda: .{20,}", detail);

        File.WriteAllText(data[$"edge-data/snapshots/{ids[0]}/model.onnx"], "");
        File.WriteAllText(data[$"edge-data/snapshots/{ids[1]}/model.onnx"], "");
        Assert.Matches("absent +inference +there is no snapshot in ", (await EdgeProgram.RunAsync(data.Path, "doctor", "--config", "device.json")).Output); // Both are damaged.
    }

    private static Example Labelled(int i) => new()
    {
        WindowId = (ulong)i,
        Class = TestSnapshot.Classes[i % 3],
        StartSeconds = i,
        LabelledAt = DateTimeOffset.UnixEpoch,
        Samples = TestSnapshot.WindowOf(TestSnapshot.Classes[i % 3], i),
    };

    private List<string> Fill(int count)
    {
        var store = new SnapshotStore(data["edge-data/snapshots"], 5);
        var ids = new List<string>();
        for (int i = 1; i <= count; i++) ids.Add(store.Promote(first.Folder.CandidateDirectory, TestSnapshot.Manifest with { ParentId = ids.LastOrDefault(), Round = i, AnchorAccuracy = 90 + i }).Id);
        return ids;
    }

    private Task<Ended> RunAsync(params string[] arguments) => EdgeProgram.RunAsync(data.Path, ["snapshot", .. arguments, "--config", "device.json"]);

    private async Task<JsonDocument> OneLineAsync(params string[] arguments)
    {
        var ended = await RunAsync(arguments);
        Assert.True(ended.ExitCode == 0, ended.Errors + ended.Output);
        Assert.Single(ended.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        return JsonDocument.Parse(ended.Output);
    }
}
