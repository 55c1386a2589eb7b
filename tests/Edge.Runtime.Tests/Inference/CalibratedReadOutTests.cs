using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Runtime.Stages;
using Edge.Storage;

namespace Edge.Runtime.Tests.Inference;

/// <summary>"Unknown" in service: real buffer with anchors, real graph with a frozen branch, the read-out as it is published.</summary>
public sealed class CalibratedReadOutTests : IDisposable
{
    private static readonly InferenceSection s_settings = new() { Providers = ["cpu"], UnknownFalseAlarmPercent = 5 };
    private static readonly ReplayBufferOptions s_options = new() { Capacity = 200, AnchorCapacity = 60, AnchorShare = 0.3, AnchorBlockSeconds = 10, FreshCapacity = 400, Seed = 1 };
    private readonly DataFolder data = new();
    private readonly ReadOutSlot slot = new();
    private readonly ReplayBuffer buffer;
    private ulong lastId;

    public CalibratedReadOutTests() => buffer = ReplayBuffer.Open(data["replay.db"], s_options, TimeProvider.System);

    public void Dispose()
    {
        buffer.Dispose();
        slot.Dispose();
        data.Dispose();
    }

    [Fact]
    public async Task A_class_that_nobody_has_named_is_unknown_and_those_that_were_named_are_not()
    {
        await LabelAsync(240);
        using var readOut = Open();
        await readOut.RestoreAsync(buffer);
        using var session = Classifier.Open(TestSnapshot.WriteFrozen(data), TestSnapshot.Manifest, s_settings);
        session.Use(slot.LatestFor(TestSnapshot.Manifest.Id)!.Weights);
        Assert.InRange(session.Calibration!.AnchorCount, 40, 60);
        Assert.InRange(Unknown(session, "still", "slow"), 0, 15); // Of two hundred; ten are stated.
        Assert.InRange(Unknown(session, "fast", "fast"), 190, 200);
    }

    [Fact]
    public async Task A_restart_and_the_end_of_a_round_calibrate_on_the_anchors_that_there_are()
    {
        await LabelAsync(180);
        NoveltyCalibration before;
        using (var readOut = Open())
        {
            await readOut.RestoreAsync(buffer);
            before = Published()!;
            readOut.Save();
        }

        using var restarted = Open();
        await restarted.RestoreAsync(buffer);
        Assert.Equal((before.Threshold, before.AnchorCount, before.FalseAlarmPercent), (Published()!.Threshold, Published()!.AnchorCount, Published()!.FalseAlarmPercent));
        Assert.Equal(buffer.Counts.AnchorCount, before.AnchorCount);

        await LabelAsync(100);
        restarted.Publish();
        Assert.Equal(before.AnchorCount, Published()!.AnchorCount); // Between two rounds what is stated stays as it is.
        await restarted.SettleAsync(new Settlement(lastId, TestSnapshot.Manifest.Id, null, new TaskCompletionSource()), buffer);
        Assert.Equal(buffer.Counts.AnchorCount, Published()!.AnchorCount);
        Assert.True(Published()!.AnchorCount > before.AnchorCount);
    }

    [Fact]
    public async Task A_look_from_outside_calibrates_as_the_service_would()
    {
        await LabelAsync(180);
        using var session = Classifier.Open(TestSnapshot.WriteFrozen(data), TestSnapshot.Manifest, s_settings, AnchorExam.BatchSize);
        var files = new ReadOutFiles(data["statistics.bin"], data["readout.json"]);
        Assert.Null((await StoredReadOut.ReadAsync(session, buffer, files, new ReadOutSection())).Calibration);
        var looked = (await StoredReadOut.ReadAsync(session, buffer, files, new ReadOutSection(), null, s_settings.UnknownFalseAlarmPercent)).Calibration!;
        using var readOut = Open();
        await readOut.RestoreAsync(buffer);
        Assert.Equal((Published()!.Threshold, Published()!.AnchorCount), (looked.Threshold, looked.AnchorCount));
        Assert.NotNull(looked.Metric);
        Assert.True(looked.Covers(TestSnapshot.Classes.ToList().IndexOf("still")));
        Assert.False(looked.Covers(TestSnapshot.Classes.ToList().IndexOf("fast")));
    }

    [Fact]
    public async Task With_too_few_anchors_the_fixed_threshold_decides()
    {
        await LabelAsync(20);
        using var readOut = Open();
        await readOut.RestoreAsync(buffer);
        Assert.Null(Published());
        using var session = Classifier.Open(TestSnapshot.WriteFrozen(data), TestSnapshot.Manifest, s_settings);
        session.Use(slot.LatestFor(TestSnapshot.Manifest.Id)!.Weights);
        var score = session.Score(TestSnapshot.WindowOf("slow", 5));
        Assert.Equal(score.ClassIndex, UnknownRule.Answer(session, 0, score, s_settings with { UnknownBelowSimilarity = -1 }, out float ratio));
        Assert.Equal(0, ratio);
        Assert.Equal(-1, UnknownRule.Answer(session, 0, score with { IsCertain = false }, s_settings with { UnknownBelowSimilarity = 1 }, out _));
    }

    [Fact]
    public async Task Distances_out_of_fewer_bits_are_calibrated_by_the_session_that_runs_and_stay_so_at_the_end_of_a_round()
    {
        await LabelAsync(240);
        using var readOut = new ReadOut(slot, s_settings, new ReadOutSection { Kind = "prototypes" }, new ReadOutFiles(data["statistics.bin"], data["readout.json"]), TestSnapshot.Write(data), TestSnapshot.Manifest);
        await readOut.RestoreAsync(buffer);
        var inFloat32 = Published()!;
        ReadOnlyMemory<float>[] windows = [.. (await buffer.TrainableAsync()).Select(e => (ReadOnlyMemory<float>)e.Samples)];
        File.WriteAllBytes(data["model.int8.onnx"], ReducedGraph.Derive("int8", File.ReadAllBytes(data["model.onnx"]), TestSnapshot.Window, windows, s_settings));
        Classifier Reduced() => new ProviderChain(s_settings).Open(new GraphFile(data["model.int8.onnx"], "int8"), TestSnapshot.Manifest, AnchorExam.BatchSize);
        await readOut.RunAsync(Reduced(), buffer);
        var asRun = Published()!;
        using var session = Reduced();
        session.Use(slot.LatestFor(TestSnapshot.Manifest.Id)!.Weights);
        var distances = (await buffer.AnchorsAsync()).Select(e => session.Score(e.Samples).Novelty).ToList();
        Assert.InRange(distances.Count(one => asRun.RatioOf(one, []) > 1.0001), 0, distances.Count * 5 / 100);
        Assert.NotEqual(inFloat32.Threshold, asRun.Threshold);

        await readOut.SettleAsync(new Settlement(lastId, TestSnapshot.Manifest.Id, null, new TaskCompletionSource()), buffer);
        Assert.Equal(asRun.Threshold, Published()!.Threshold);
        await readOut.RunAsync(Classifier.Open(data["model.onnx"], TestSnapshot.Manifest, s_settings), buffer); // Back to float32.
        Assert.Equal(inFloat32.Threshold, Published()!.Threshold);
    }

    private static int Unknown(Classifier session, string even, string odd) => Enumerable.Range(5000, 200).Count(seed =>
    {
        var score = session.Score(TestSnapshot.WindowOf(seed % 2 == 0 ? even : odd, seed));
        int answer = UnknownRule.Answer(session, 0, score, s_settings, out float ratio);
        Assert.Equal(answer < 0, ratio > 1);
        return answer < 0;
    });

    private NoveltyCalibration? Published() => slot.LatestFor(TestSnapshot.Manifest.Id)!.Weights.Calibration;

    private ReadOut Open() => new(slot, s_settings, new ReadOutSection(), new ReadOutFiles(data["statistics.bin"], data["readout.json"]), TestSnapshot.WriteFrozen(data), TestSnapshot.Manifest);

    private async Task LabelAsync(int count) => await buffer.OfferAsync([.. Enumerable.Range(0, count).Select(_ => ExampleOf(++lastId))], null);

    private static Example ExampleOf(ulong id) => new()
    {
        WindowId = id,
        Class = id % 2 == 0 ? "still" : "slow",
        StartSeconds = id,
        LabelledAt = DateTimeOffset.UnixEpoch,
        Samples = TestSnapshot.WindowOf(id % 2 == 0 ? "still" : "slow", (int)id),
    };
}
