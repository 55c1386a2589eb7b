using System.Numerics.Tensors;
using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Runtime.Learning;
using Edge.Runtime.Tests.Inference;
using Edge.Storage;

namespace Edge.Runtime.Tests.Learning;

/// <summary>Less than float32 runs only where it costs next to nothing and is faster.</summary>
public sealed class PrecisionGateTests : IDisposable
{
    private static readonly InferenceSection s_settings = new() { Providers = ["cpu"], Precision = "int8" };
    private readonly DataFolder data = new();

    public void Dispose() => data.Dispose();

    [Theory]
    [InlineData(995, 0.9, "")]
    [InlineData(994, 0.9, "accuracy on the anchor set 99.4 %, float32 has 100.0 %; at most 0.5 points may be lost")]
    [InlineData(1000, 1.0, "it is not faster: 1.000 ms a window, float32 takes 1.000 ms on this machine")]
    [InlineData(0, 2.0, "accuracy on the anchor set 0.0 %, float32 has 100.0 %; at most 0.5 points may be lost|it is not faster: 2.000 ms a window, float32 takes 1.000 ms on this machine")]
    public void Half_a_point_and_no_time_may_be_lost(int right, double ms, string reasons) =>
        Assert.Equal(reasons, string.Join('|', PrecisionGate.Judge(Exam(1000), Exam(right), new SideBySide(1, ms))));

    [Theory]
    [InlineData("float32", "cpu", null)]
    [InlineData("auto", "cpu", "int8")]
    [InlineData("auto", "cuda", "float16")]
    [InlineData("auto", "tensorrt", "float16")]
    [InlineData("float16", "cpu", "float16")]
    public void What_is_tried_follows_from_the_configuration_and_the_provider(string wanted, string provider, string? kind) => Assert.Equal(kind, ReducedGraph.KindFor(wanted, provider));

    [Theory]
    [InlineData("int8", 0.99f)]
    [InlineData("float16", 0.9999f)]
    public void The_embedding_stays_about_the_same_and_the_frozen_features_stay_as_they_are(string kind, float leastCosine)
    {
        string file = TestSnapshot.WriteFrozen(data);
        byte[] derived = ReducedGraph.Derive(kind, File.ReadAllBytes(file), TestSnapshot.Window, Windows(1, 60), s_settings);
        File.WriteAllBytes(data["derived.onnx"], derived);
        Assert.Equal(kind, Edge.Runtime.Snapshots.ModelDescription.Read(data["derived.onnx"]).Metadata["precision"]);
        using var full = Classifier.Open(file, TestSnapshot.Manifest, s_settings);
        using var reduced = Classifier.Open(data["derived.onnx"], TestSnapshot.Manifest, s_settings);
        foreach (var window in Windows(900, 9))
        {
            full.Score(window.Span);
            reduced.Score(window.Span);
            float cosine = TensorPrimitives.CosineSimilarity(full.EmbeddingOf(0), reduced.EmbeddingOf(0));
            Assert.InRange(cosine, leastCosine, 0.9999999f); // Not the same: something was computed otherwise.
            Assert.Equal(full.FrozenOf(0).ToArray(), reduced.FrozenOf(0).ToArray());
        }
    }

    [Fact]
    public void An_examined_graph_runs_or_is_refused_with_reasons_and_leaves_nothing_behind()
    {
        string file = TestSnapshot.Write(data);
        using var classifier = Classifier.Open(file, TestSnapshot.Manifest, s_settings);
        var bank = new PrototypeBank("x", 128);
        foreach (var example in Examples(1, 30))
        {
            classifier.Score(example.Samples);
            bank.Add(example.Class, classifier.EmbeddingOf(0));
        }

        var readOut = ReadOutWeights.OfPrototypes(bank.ToMatrix(TestSnapshot.Classes), 0);
        Assert.Null(PrecisionGate.Examine(file, TestSnapshot.Manifest, readOut, Examples(1, 30), Examples(100, 9), s_settings with { Precision = "float32" }, TimeProvider.System));
        var verdict = PrecisionGate.Examine(file, TestSnapshot.Manifest, readOut, Examples(1, 30), Examples(100, 9), s_settings, TimeProvider.System)!;
        Assert.Equal(verdict.Reasons.Count == 0, verdict.File is not null);
        Assert.Equal(("cpu", verdict.File is null ? "float32" : "int8"), (verdict.Provider, verdict.Runs));
        Assert.DoesNotContain(verdict.Reasons, reason => !reason.StartsWith("it is not faster", StringComparison.Ordinal)); // Accurate it is; whether it is faster is the machine's to say.
        Assert.Contains("% in int8; ", verdict.ToString());
        Assert.Equal([file], Directory.GetFiles(data.Path));
    }

    [Fact]
    public void Where_nothing_can_be_measured_float32_runs_and_it_is_said_why()
    {
        string file = TestSnapshot.Write(data);
        var readOut = ReadOutWeights.OfPrototypes(new PrototypeBank("x", 128).ToMatrix(TestSnapshot.Classes), 0);
        Assert.Equal("int8 refused: there is no anchor to examine it on", PrecisionGate.Examine(file, TestSnapshot.Manifest, readOut, Examples(1, 3), [], s_settings, TimeProvider.System)!.ToString());
        Assert.Equal("int8 refused: there is no window to calibrate int8 on.", PrecisionGate.Examine(file, TestSnapshot.Manifest, readOut, [], Examples(1, 3), s_settings, TimeProvider.System)!.ToString());
    }

    [Fact]
    public void A_graph_that_opens_and_fails_later_is_refused_with_what_the_runtime_said()
    {
        string file = TestSnapshot.Write(data);
        var readOut = ReadOutWeights.OfPrototypes(new PrototypeBank("x", 128).ToMatrix(TestSnapshot.Classes), 0);
        var providers = new ProviderChain(s_settings) { Maker = new FailingReduced() };
        var verdict = PrecisionGate.Examine(file, TestSnapshot.Manifest, readOut, Examples(1, 30), Examples(100, 9), s_settings, TimeProvider.System, providers)!;
        Assert.Equal(("float32", $"int8 refused: [ErrorCode:Fail] {FailingCuda.Message}"), (verdict.Runs, verdict.ToString()));
        Assert.Equal([file], Directory.GetFiles(data.Path));
    }

    /// <summary>Sessions of a graph under examination fail at their third call, when they are warm.</summary>
    private sealed class FailingReduced : SessionMaker
    {
        private bool isReduced;

        public override Microsoft.ML.OnnxRuntime.InferenceSession Open(string file, string provider, Func<Microsoft.ML.OnnxRuntime.SessionOptions> options)
        {
            isReduced = file.EndsWith(".exam", StringComparison.Ordinal);
            return base.Open(file, provider, options);
        }

        public override ISessionStep Step(Microsoft.ML.OnnxRuntime.InferenceSession session, SessionValues values, string provider, bool isBound)
        {
            var step = base.Step(session, values, provider, isBound);
            return isReduced ? new Failing(step) : step;
        }

        private sealed class Failing(ISessionStep step) : ISessionStep
        {
            private int calls;

            public void Run(int windowCount)
            {
                if (++calls == 3) throw FailingCuda.Error();
                step.Run(windowCount);
            }

            public void Dispose() => step.Dispose();
        }
    }

    private static ExamResult Exam(int right) => new(new Dictionary<string, (int Right, int Count)> { ["a"] = (right, 1000) });

    private static List<ReadOnlyMemory<float>> Windows(int first, int count) => Examples(first, count).ConvertAll(e => (ReadOnlyMemory<float>)e.Samples);

    private static List<Example> Examples(int first, int count) => [.. Enumerable.Range(first, count).Select(i => new Example
    {
        WindowId = (ulong)i,
        Class = TestSnapshot.Classes[i % 3],
        StartSeconds = i,
        LabelledAt = DateTimeOffset.UnixEpoch,
        Samples = TestSnapshot.WindowOf(TestSnapshot.Classes[i % 3], i),
    })];
}
