using System.Text.Json;
using Edge.Runtime.Inference;
using Edge.Runtime.Snapshots;
using Edge.Runtime.Tests.Inference;
using Edge.Runtime.Tests.Learning;
using Edge.Runtime.Updates;
using Edge.Storage;

namespace Edge.Runtime.Tests.Commands;

/// <summary>Measuring a model on recorded windows.</summary>
[Collection(nameof(FirstRound))]
public sealed class InferCommandTests : IDisposable
{
    private readonly DataFolder data = new();

    public void Dispose() => data.Dispose();

    [Fact]
    public async Task Latency_throughput_and_confusions_of_a_file_that_stands_alone()
    {
        WriteModel();
        WriteData("windows.npz", TestSnapshot.Classes, 32);
        var ended = await RunAsync("--model", "model.onnx", "--data", "windows.npz", "--batch", "1,4", "--provider", "cpu", "--warmup", "2", "--passes", "2", "--json");
        Assert.True(ended.ExitCode == 0, ended.Errors);
        using var report = JsonDocument.Parse(ended.Output);
        var root = report.RootElement;
        Assert.Equal(("cpu", 30), (root.GetProperty("provider").GetString(), root.GetProperty("windowCount").GetInt32()));
        var batches = root.GetProperty("batches").EnumerateArray().ToList();
        Assert.Equal([(1, 60), (4, 14)], batches.Select(b => (b.GetProperty("batchSize").GetInt32(), b.GetProperty("callCount").GetInt32()))); // 30 = 7 * 4 + 2: what is left over is not timed.
        foreach (var batch in batches)
        {
            double[] rising = [.. new[] { "p50Ms", "p90Ms", "p99Ms", "maxMs" }.Select(name => batch.GetProperty(name).GetDouble())];
            Assert.Equal(rising.Order(), rising);
            Assert.True(rising[0] > 0);
            Assert.Equal(batch.GetProperty("callCount").GetInt64(), batch.GetProperty("histogram").EnumerateArray().Sum(bin => bin.GetProperty("callCount").GetInt64()));
        }

        var accuracy = root.GetProperty("accuracy");
        Assert.Equal((30, 30, 100.0), (accuracy.GetProperty("count").GetInt32(), accuracy.GetProperty("rightCount").GetInt32(), accuracy.GetProperty("percent").GetDouble()));
        Assert.Equal(["still", "slow", "fast", "unknown"], accuracy.GetProperty("confusion").GetProperty("answers").EnumerateArray().Select(a => a.GetString()));
        Assert.Equal([0, 10, 0, 0], accuracy.GetProperty("confusion").GetProperty("rows").GetProperty("slow").EnumerateArray().Select(n => n.GetInt32()));
        Assert.Contains("accuracy 100.0 %, 30 of 30", (await RunAsync("--model", "model.onnx", "--data", "windows.npz")).Output);
        var reduced = await RunAsync("--model", "model.onnx", "--data", "windows.npz", "--provider", "cpu", "--precision", "int8");
        Assert.Equal((0, ""), (reduced.ExitCode, reduced.Errors));
        Assert.Contains("cpu, int8, 1 thread, read out by the file's own", reduced.Output);
    }

    [Theory]
    [InlineData(0.0001f, 0)]
    [InlineData(2f, 30)]
    public async Task A_file_that_names_its_novelty_threshold_is_judged_by_it(float threshold, int rightCount)
    {
        // The fixed threshold would let everything through.
        WriteModel(new NoveltyCalibration(null, threshold, 1.64, 0, 60), unknownBelowSimilarity: -1);
        WriteData("windows.npz", TestSnapshot.Classes, 32);
        var ended = await RunAsync("--model", "model.onnx", "--data", "windows.npz", "--batch", "1", "--provider", "cpu", "--json");
        Assert.True(ended.ExitCode == 0, ended.Errors);
        using var report = JsonDocument.Parse(ended.Output);
        Assert.Equal(rightCount, report.RootElement.GetProperty("accuracy").GetProperty("rightCount").GetInt32());
        Assert.StartsWith($"above a novelty of {(threshold < 1 ? "0.0001" : "2")}, calibrated on anchors: 1.64 %", report.RootElement.GetProperty("unknown").GetString());
    }

    [Fact]
    public async Task Other_windows_are_refused_with_both_shapes_and_other_classes_leave_the_accuracy_out()
    {
        WriteModel();
        WriteData("strange.npz", ["dog", "cat"], 32);
        var strange = await RunAsync("--model", "model.onnx", "--data", "strange.npz", "--batch", "2", "--json");
        Assert.Equal(0, strange.ExitCode);
        Assert.Contains("none of the model's (still, slow, fast)", strange.Errors);
        using var report = JsonDocument.Parse(strange.Output);
        Assert.Equal(JsonValueKind.Null, report.RootElement.GetProperty("accuracy").ValueKind);

        WriteData("short.npz", TestSnapshot.Classes, 16);
        var refused = await RunAsync("--model", "model.onnx", "--data", "short.npz");
        Assert.Equal((70, ""), (refused.ExitCode, refused.Output));
        Assert.Contains("the model takes windows [3, 32] (channels, samples), 'short.npz' has [3, 16]", refused.Errors);
    }

    [Theory]
    [InlineData(64, "give either --model FILE or --snapshot ID", "--data", "x.npz")]
    [InlineData(64, "give either", "--data", "x.npz", "--model", "a", "--snapshot", "b")]
    [InlineData(64, "--batch '1,0'", "--data", "x.npz", "--model", "a", "--batch", "1,0")]
    [InlineData(64, "--threads 0: expected 1 to 64", "--data", "x.npz", "--model", "a", "--threads", "0")]
    [InlineData(70, "there is no file 'nowhere.onnx'", "--data", "x.npz", "--model", "nowhere.onnx")]
    [InlineData(70, "there is no file '.', it is a folder. Name an .onnx file", "--data", "x.npz", "--model", ".")]
    [InlineData(64, "edge: --split half: expected one of train, test.", "--data", "x.npz", "--model", "a", "--split", "half")]
    [InlineData(70, "there is no snapshot in", "--data", "x.npz", "--snapshot", "current")]
    public async Task What_makes_no_sense_is_said(int code, string expected, params string[] arguments)
    {
        var ended = await RunAsync(arguments);
        Assert.Equal((code, ""), (ended.ExitCode, ended.Output));
        Assert.Contains(expected, ended.Errors);
        Assert.DoesNotContain("   at ", ended.Errors);
    }

    private Task<Ended> RunAsync(params string[] arguments) => EdgeProgram.RunAsync(data.Path, ["infer", .. arguments]);

    /// <summary>Thirty windows, of 3 channels and the first samples of each.</summary>
    private void WriteData(string name, IReadOnlyList<string> classes, int length)
    {
        int[] labels = [.. Enumerable.Range(0, 30).Select(i => i % classes.Count)];
        NpzWriter.Write(data[name], new LabelledWindows
        {
            Window = new WindowShape(3, length, 50),
            Values = [.. labels.SelectMany((label, i) => TestSnapshot.WindowOf(TestSnapshot.Classes[label], 500 + i).Chunk(32).SelectMany(channel => channel.Take(length)))],
            Classes = labels,
            Subjects = new int[30],
            ClassNames = classes,
        });
    }

    private void WriteModel(NoveltyCalibration? novelty = null, double? unknownBelowSimilarity = null)
    {
        string plain = TestSnapshot.Write(data, "plain.onnx");
        var settings = RunningConfig.Read(null).Verdict.Config!.Inference with { Providers = ["cpu"] };
        if (unknownBelowSimilarity is { } least) settings = settings with { UnknownBelowSimilarity = least };
        using var classifier = Classifier.Open(plain, TestSnapshot.Manifest, settings, AnchorExam.BatchSize);
        var windows = AnchorExam.Encode(classifier, Enumerable.Range(0, 60).Select(i => ((ReadOnlyMemory<float>)TestSnapshot.WindowOf(TestSnapshot.Classes[i % 3], i), TestSnapshot.Classes[i % 3])));
        var bank = new PrototypeBank("x", 128);
        for (int i = 0; i < windows.Classes.Count; i++) bank.Add(windows.Classes[i], windows.EmbeddingOf(i));
        File.WriteAllBytes(data["model.onnx"], StandaloneExport.Bake(File.ReadAllBytes(plain), "x", TestSnapshot.Classes, ReadOutWeights.OfPrototypes(bank.ToMatrix(TestSnapshot.Classes), 0), settings, novelty));
    }
}
