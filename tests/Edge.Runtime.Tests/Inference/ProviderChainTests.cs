using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Storage;
using Microsoft.ML.OnnxRuntime;

namespace Edge.Runtime.Tests.Inference;

/// <summary>The fastest provider that takes the graph runs; why another one does not is known; and one that fails in the middle of a window costs no window.</summary>
public sealed class ProviderChainTests : IDisposable
{
    private static readonly InferenceSection s_settings = new();
    private readonly DataFolder data = new();
    private readonly FailingCuda cuda = new();

    public void Dispose() => data.Dispose();

    [Fact]
    public void A_build_without_a_provider_says_so_and_what_to_build()
    {
        Assert.SkipUnless(OrtEnv.Instance().GetAvailableProviders() is ["CPUExecutionProvider"], "this build of ONNX Runtime has more than the CPU");
        var chain = new ProviderChain(s_settings);
        using var classifier = chain.Open(new GraphFile(TestSnapshot.Write(data)), TestSnapshot.Manifest);
        Assert.Equal(("cpu", "float32"), (classifier.Provider, classifier.Precision));
        Assert.Equal(
            [
                new ProviderRefusal("tensorrt", "this build of ONNX Runtime does not have it; build with -p:EdgeAccelerator=cuda"),
                new ProviderRefusal("cuda", "this build of ONNX Runtime does not have it; build with -p:EdgeAccelerator=cuda"),
            ],
            chain.Refused);
        Assert.Equal((null, 0), (chain.FailedProvider, chain.FailureCount));
    }

    [Fact]
    public void Cuda_without_its_graph_runs_and_says_why_it_has_none()
    {
        var chain = Chain();
        using var classifier = chain.Open(new GraphFile(TestSnapshot.Write(data)), TestSnapshot.Manifest);
        Assert.Equal("cuda", classifier.Provider);
        Assert.Equal(["tensorrt", "cudaGraph", "ioBinding"], chain.Refused.Select(one => one.Provider));
        Assert.StartsWith("CUDA runs without it: ", chain.Refused[1].Reason); // Device memory is what a session on the CPU cannot give.
        Assert.True(chain.Refused[1].Reason.Length > 40, chain.Refused[1].Reason);
    }

    [Theory]
    [InlineData(false, new[] { "tensorrt" })]
    [InlineData(true, new[] { "tensorrt", "cudaGraph" })] // Its replay does not see what is copied in.
    public void What_is_bound_in_device_memory_once_scores_as_what_is_handed_over_each_time_and_fails_over_alike(bool isReplayDeaf, string[] refused)
    {
        var bound = new FailingCuda { Memory = made => new HostMemory(isReplayDeaf && made == 0) };
        var chain = new ProviderChain(s_settings) { Maker = bound };
        string model = TestSnapshot.WriteFrozen(data);
        using var onCpu = Classifier.Open(model, TestSnapshot.Manifest, s_settings with { Providers = ["cpu"] });
        using var classifier = chain.Open(new GraphFile(model), TestSnapshot.Manifest, batchSize: 4);
        Assert.Equal(refused, chain.Refused.Select(one => one.Provider));
        var readOut = ReadOutWeights.OfPrototypes(Prototypes(onCpu), onCpu.FrozenLength);
        onCpu.Use(readOut);
        classifier.Use(readOut);
        bound.FailAfter(6);
        for (int i = 0; i < 9; i++)
        {
            float[] window = TestSnapshot.WindowOf(TestSnapshot.Classes[i % 3], i);
            var (expected, actual) = (onCpu.Score(window), classifier.Score(window));
            Assert.Equal((expected.ClassIndex, expected.Confidence, expected.Novelty), (actual.ClassIndex, actual.Confidence, actual.Novelty), Near);
            Assert.Equal(i < 6 ? "cuda" : "cpu", classifier.Provider);
        }

        Assert.Equal(("cuda", 1), (chain.FailedProvider, chain.FailureCount));

        static bool Near((int Class, float Confidence, float Novelty) a, (int Class, float Confidence, float Novelty) b) =>
            a.Class == b.Class && MathF.Abs(a.Confidence - b.Confidence) < 1e-5f && MathF.Abs(a.Novelty - b.Novelty) < 1e-5f; // A batch of four is another order of sums than one window.
    }

    [Fact]
    public void Where_no_memory_can_be_bound_the_inputs_are_handed_over_each_time_and_the_reason_is_said()
    {
        var chain = new ProviderChain(s_settings) { Maker = new FailingCuda { Memory = _ => new HostMemory(isDeaf: true) } };
        using var classifier = chain.Open(new GraphFile(TestSnapshot.Write(data)), TestSnapshot.Manifest);
        Assert.Equal(("cuda", 3), (classifier.Provider, chain.Refused.Count));
        Assert.Equal("cuda runs, and is handed its inputs anew with every call: a run over bound memory does not compute what is copied into it (differs by 0.0e+0 from itself, by 0.0e+0 between two windows)", chain.Refused[2].Reason);
    }

    [Fact]
    public void A_window_in_which_the_provider_fails_is_scored_again_on_the_cpu_and_nothing_of_it_differs()
    {
        var chain = Chain();
        var told = new List<ProviderRefusal>();
        chain.Failed += told.Add;
        string model = TestSnapshot.WriteFrozen(data);
        using var onCpu = Classifier.Open(model, TestSnapshot.Manifest, s_settings with { Providers = ["cpu"] });
        using var classifier = chain.Open(new GraphFile(model), TestSnapshot.Manifest);
        var readOut = ReadOutWeights.OfPrototypes(Prototypes(onCpu), onCpu.FrozenLength);
        onCpu.Use(readOut);
        classifier.Use(readOut);
        cuda.FailAfter(3);
        for (int i = 0; i < 9; i++)
        {
            float[] window = TestSnapshot.WindowOf(TestSnapshot.Classes[i % 3], i);
            Assert.Equal(onCpu.Score(window), classifier.Score(window)); // The fourth is the one that fails; the read-out is still that of before.
            Assert.Equal(onCpu.EmbeddingOf(0).ToArray(), classifier.EmbeddingOf(0).ToArray());
            Assert.Equal(i < 3 ? "cuda" : "cpu", classifier.Provider);
        }

        var failed = Assert.Single(told);
        Assert.Equal("cuda", failed.Provider);
        Assert.StartsWith("it failed while it ran, and the CPU goes on until the service starts again: ", failed.Reason);
        Assert.EndsWith(FailingCuda.Message, failed.Reason);
        Assert.Equal(("cuda", 1), (chain.FailedProvider, chain.FailureCount));
        Assert.Contains(failed, chain.Refused);
    }

    [Fact]
    public void Sessions_opened_after_a_failure_start_on_the_cpu_and_those_that_run_follow_at_their_next_window()
    {
        var chain = Chain();
        string model = TestSnapshot.Write(data);
        using var first = chain.Open(new GraphFile(model), TestSnapshot.Manifest);
        using var second = chain.Open(new GraphFile(model), TestSnapshot.Manifest, 4);
        cuda.FailAfter(0);
        first.Score(TestSnapshot.WindowOf("slow", 1));
        using var third = chain.Open(new GraphFile(model), TestSnapshot.Manifest);
        Assert.Equal(("cpu", "cuda", "cpu"), (first.Provider, second.Provider, third.Provider));
        Assert.Equal(1, chain.FailureCount);
        second.ScoreBatch(TestSnapshot.WindowOf("slow", 1));
        Assert.Equal(("cpu", 2), (second.Provider, chain.FailureCount));
        Assert.Equal("cuda", new ProviderChain(s_settings) { Maker = new FailingCuda() }.Open(new GraphFile(model), TestSnapshot.Manifest).Provider); // The next start tries again.
    }

    [Fact]
    public void An_error_on_the_cpu_is_no_providers_failure()
    {
        var chain = new ProviderChain(s_settings with { Providers = ["cpu"] });
        using var classifier = chain.Open(new GraphFile(TestSnapshot.Write(data)), TestSnapshot.Manifest);
        Assert.Throws<ArgumentException>(() => classifier.Score(new float[1000]));
        Assert.Equal(0, chain.FailureCount);
    }

    [Fact]
    public void A_cpu_takes_the_float32_graph_in_the_place_of_one_that_was_made_for_a_gpu()
    {
        string model = TestSnapshot.Write(data);
        File.WriteAllBytes(data["half.onnx"], ReducedGraph.Derive("float16", File.ReadAllBytes(model), TestSnapshot.Window, [], s_settings));
        var chain = Chain();
        using var classifier = chain.Open(new GraphFile(data["half.onnx"], "float16", new GraphFile(model)), TestSnapshot.Manifest);
        Assert.Equal(("cuda", "float16"), (classifier.Provider, classifier.Precision));
        cuda.FailAfter(0);
        classifier.Score(TestSnapshot.WindowOf("slow", 1));
        Assert.Equal(("cpu", "float32"), (classifier.Provider, classifier.Precision));
        Assert.Equal((model, "cpu"), cuda.Opened[^1]);
    }

    [Theory]
    [InlineData("auto", "float16", "cuda", "cuda", "float16")]
    [InlineData("auto", "float16", "cuda", "tensorrt", "float16")]
    [InlineData("auto", "float16", "cuda", "cpu", "float32")]
    [InlineData("auto", "int8", "cpu", "cpu", "int8")]
    [InlineData("auto", "int8", "cpu", "cuda", "float32")]
    [InlineData("float16", "float16", "cuda", "cuda", "float16")]
    [InlineData("float16", "float16", "cuda", "cpu", "float32")] // The next start has no GPU, or it fails while it runs.
    [InlineData("float16", "float16", "cpu", "cpu", "float16")]
    [InlineData("float16", "float16", "cpu", "cuda", "float32")]
    [InlineData("int8", "int8", "cpu", "cpu", "int8")]
    [InlineData("int8", "int8", "cpu", "cuda", "float32")]
    [InlineData("int8", "int8", "cuda", "cuda", "int8")]
    [InlineData("int8", "int8", "cuda", "cpu", "float32")]
    [InlineData("int8", "float16", "cuda", "cuda", "float32")]
    [InlineData("auto", "int8", "cuda", "cpu", "float32")]
    [InlineData("float32", "int8", "cpu", "cpu", "float32")]
    public void A_reduced_graph_runs_only_on_what_it_was_examined_on(string wanted, string kept, string examinedOn, string provider, string runs)
    {
        var snapshots = new SnapshotStore(data["snapshots"], 3);
        File.WriteAllText(data["checkpoint"], "checkpoint");
        File.WriteAllText(data["reduced"], kept);
        string name = RunningGraph.NameOf(kept, examinedOn);
        var snapshot = snapshots.Promote(TestSnapshot.Write(data), data["checkpoint"], TestSnapshot.Manifest, (name, data["reduced"]));
        foreach (var graph in new[] { RunningGraph.Of(snapshots, snapshot, wanted), RunningGraph.Of(SnapshotStore.Look(data["snapshots"])[0], wanted) })
        {
            Assert.Equal(runs, graph.For(provider).Precision);
            Assert.Equal(runs == "float32" ? snapshots.ModelFile(snapshot) : snapshots.RunningFile(snapshot, name, out _), graph.For(provider).Path);
        }
    }

    [Theory]
    [InlineData("int8", "cpu", "int8")] // These two are as every version has named them.
    [InlineData("float16", "tensorrt", "float16")]
    [InlineData("int8", "cuda", "int8.accelerator")]
    [InlineData("float16", "cpu", "float16.cpu")]
    public void A_kept_graph_says_where_it_was_examined_unless_that_is_where_its_kind_belongs(string kind, string provider, string name) => Assert.Equal(name, RunningGraph.NameOf(kind, provider));

    [Fact]
    public void A_session_whose_step_cannot_be_made_is_closed()
    {
        var maker = new WatchedSessions();
        var chain = new ProviderChain(s_settings with { Providers = ["cpu"] }) { Maker = maker };
        Assert.Contains("cannot be run", Assert.Throws<InvalidDataException>(() => chain.Open(new GraphFile(TestSnapshot.Write(data)), TestSnapshot.Manifest, batchSize: 2)).Message);
        Assert.True(Assert.Single(maker.Sessions).IsClosed);
    }

    [Fact]
    public void A_session_over_whose_graph_no_tensor_can_be_laid_is_closed()
    {
        var maker = new WatchedSessions();
        var chain = new ProviderChain(s_settings with { Providers = ["cpu"] }) { Maker = maker };
        Assert.ThrowsAny<Exception>(() => chain.Open(new GraphFile(TestSnapshot.Write(data)), TestSnapshot.Manifest with { EmbeddingLength = -1 }));
        Assert.True(Assert.Single(maker.Sessions).IsClosed);
    }

    [Fact]
    public void Cuda_is_told_to_compute_in_whole_float32_and_tensorrt_in_float16_only_what_was_examined_in_it()
    {
        Assert.Equal(("1", "0"), (ProviderOptions.Cuda(true)["enable_cuda_graph"], ProviderOptions.Cuda(true)["use_tf32"]));
        Assert.Equal("0", ProviderOptions.Cuda(false)["enable_cuda_graph"]);
        Assert.Equal("0", Assert.Single(ProviderOptions.TensorRt("float32", null)).Value);
        var told = ProviderOptions.TensorRt("float16", "/d/engines/a");
        Assert.Equal(("1", "1", "/d/engines/a", "1", "/d/engines"), (told["trt_fp16_enable"], told["trt_engine_cache_enable"], told["trt_engine_cache_path"], told["trt_timing_cache_enable"], told["trt_timing_cache_path"]));
    }

    [Fact]
    public void Engines_of_other_weights_lie_in_another_folder_and_the_longest_unused_go()
    {
        var engines = new EngineCache(data["engines"]);
        string a = engines.FolderOf(TestSnapshot.Write(data, "a.onnx"))!;
        Assert.Equal(a, engines.FolderOf(TestSnapshot.Write(data, "copy.onnx"))); // Same content.
        string b = engines.FolderOf(TestSnapshot.WriteOther(data, "a.onnx"))!; // Same name, other weights.
        Assert.NotEqual(a, b);
        File.WriteAllText(Path.Combine(b, "x.engine"), "built");
        engines.Drop(data["a.onnx"]);
        Assert.False(Directory.Exists(b));
        for (int i = 0; i < EngineCache.KeepCount + 3; i++)
        {
            File.WriteAllText(data["any"], $"{i}");
            Assert.True(Directory.Exists(engines.FolderOf(data["any"])));
        }

        Assert.Equal(EngineCache.KeepCount, Directory.GetDirectories(data["engines"]).Length);
        Assert.False(Directory.Exists(a));
        File.WriteAllText(data["taken"], "");
        Assert.Null(new EngineCache(data["taken"]).FolderOf(data["any"])); // A disk that refuses costs the cache, not the session.
    }

    private ProviderChain Chain() => new(s_settings) { Maker = cuda };

    private static Storage.PrototypeMatrix Prototypes(Classifier classifier)
    {
        var bank = new Storage.PrototypeBank(classifier.Snapshot.Id, 128);
        foreach (string name in TestSnapshot.Classes)
        {
            classifier.Score(TestSnapshot.WindowOf(name, 100));
            bank.Add(name, classifier.EmbeddingOf(0));
        }

        return bank.ToMatrix(TestSnapshot.Classes);
    }

    /// <summary>Sessions that say whether they are closed, with steps that hand them windows of another length.</summary>
    private sealed class WatchedSessions : SessionMaker
    {
        public List<Watched> Sessions { get; } = [];

        public override InferenceSession Open(string file, string provider, Func<SessionOptions> options)
        {
            using var made = options();
            Sessions.Add(new Watched(file, made));
            return Sessions[^1];
        }

        public override ISessionStep Step(InferenceSession session, SessionValues values, string provider, bool isBound) =>
            new CpuStep(session, values with { ThreadCount = 2, Window = values.Window with { RowShape = [3, 16] } });
    }

    private sealed class Watched(string file, SessionOptions options) : InferenceSession(file, options)
    {
        public bool IsClosed { get; private set; }

        protected override void Dispose(bool disposing)
        {
            IsClosed = true;
            base.Dispose(disposing);
        }
    }
}
