using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Runtime.Learning;
using Edge.Runtime.Windowing;
using Edge.Storage;
using Edge.Trainer.Onnx;

namespace Edge.Runtime.Tests.Inference;

/// <summary>One real graph in one real session.</summary>
public sealed class ClassifierTests : IDisposable
{
    private static readonly InferenceSection s_settings = new() { Providers = ["cpu"] };
    private readonly DataFolder data = new();

    public void Dispose() => data.Dispose();

    [Fact]
    public void Before_the_first_prototype_everything_is_unknown()
    {
        using var classifier = Classifier.Open(TestSnapshot.Write(data), TestSnapshot.Manifest, s_settings);
        var score = classifier.Score(TestSnapshot.WindowOf("slow", 1));
        Assert.Equal(new Score(-1, 0, 1), score);
        Assert.Equal(-1, score.ClassOrUnknown(-1)); // Not even a threshold that lets everything through makes it guess.
    }

    [Fact]
    public void With_prototypes_a_window_is_of_the_nearest_class()
    {
        using var classifier = Classifier.Open(TestSnapshot.Write(data), TestSnapshot.Manifest, s_settings, AnchorExam.BatchSize);
        var bank = new PrototypeBank(TestSnapshot.Manifest.Id, 128);
        Count(bank, AnchorExam.Encode(classifier, Windows(["still", "fast"], 100)));
        Assert.Equal(20, bank.Counts["still"]);

        var exam = AnchorExam.Examine(classifier, ReadOutWeights.OfPrototypes(bank.ToMatrix(TestSnapshot.Classes), 0), s_settings, Windows(["still", "fast"], 200));
        Assert.Equal(2, classifier.KnownCount);
        Assert.Equal(100, exam.AccuracyPercent);
        Assert.Equal((20, 20), exam.PerClass["fast"]);
        Assert.Equal(double.NaN, exam.PercentOf("slow"));

        var score = classifier.Score(TestSnapshot.WindowOf("fast", 300));
        Assert.Equal("fast", TestSnapshot.Classes[score.ClassIndex]);
        Assert.InRange(score.Confidence, 0.5, 1);
        Assert.Equal(-1, score.ClassOrUnknown(1 - score.Novelty + 0.001)); // Just farther than the threshold allows.
        Assert.Equal(score.ClassIndex, score.ClassOrUnknown(1 - score.Novelty - 0.001));
    }

    [Fact]
    public void A_batch_gives_what_single_windows_give()
    {
        string model = TestSnapshot.Write(data);
        using var single = Classifier.Open(model, TestSnapshot.Manifest, s_settings);
        using var batched = Classifier.Open(model, TestSnapshot.Manifest, s_settings, 4);
        float[][] windows = [.. Enumerable.Range(0, 3).Select(seed => TestSnapshot.WindowOf("slow", seed))];
        batched.ScoreBatch(windows.SelectMany(w => w).ToArray()); // Fewer than the batch takes.
        for (int i = 0; i < windows.Length; i++)
        {
            single.Score(windows[i]);
            Assert.Equal(0, PromotionGate.ParityError(single.EmbeddingOf(0), batched.EmbeddingOf(i)), 1e-5);
            Assert.Equal(1, Math.Sqrt(batched.EmbeddingOf(i).ToArray().Sum(v => (double)v * v)), 1e-5);
        }
    }

    [Theory]
    [InlineData(2, 1)]
    [InlineData(4, 1)]
    [InlineData(8, 1)]
    [InlineData(16, 1)]
    [InlineData(5, 1)] // None of the sizes that have tensors of their own: it is scored as eight.
    [InlineData(1, 2)]
    [InlineData(2, 2)]
    [InlineData(2, 4)] // Fewer windows than threads.
    [InlineData(5, 2)]
    [InlineData(16, 3)] // Parts of 5, 5 and 6.
    public void Windows_scored_together_get_what_each_gets_alone(int count, int threadCount)
    {
        string model = TestSnapshot.WriteFrozen(data);
        using var single = Classifier.Open(model, TestSnapshot.Manifest, s_settings);
        using var batched = new ProviderChain(s_settings) { Maker = new SharedBatches() }.Open(new GraphFile(model), TestSnapshot.Manifest, 16, threadCount);
        var bank = new PrototypeBank(TestSnapshot.Manifest.Id, 128);
        Count(bank, AnchorExam.Encode(single, Windows(["still", "slow", "fast"], 100)));
        var readOut = ReadOutWeights.OfPrototypes(bank.ToMatrix(TestSnapshot.Classes), 139);
        single.Use(readOut);
        batched.Use(readOut);
        for (int i = 0; i < count; i++) TestSnapshot.WindowOf(TestSnapshot.Classes[i % 3], i).CopyTo(batched.WindowOf(i));
        batched.ScoreLaidOut(count);
        for (int i = 0; i < count; i++)
        {
            var (alone, together) = (single.Score(TestSnapshot.WindowOf(TestSnapshot.Classes[i % 3], i)), batched.ScoreOf(i));
            Assert.Equal(alone.ClassIndex, together.ClassIndex);
            Assert.Equal(alone.Confidence, together.Confidence, 1e-6f);
            Assert.Equal(alone.Novelty, together.Novelty, 1e-6f);
            Assert.Equal(0, PromotionGate.ParityError(single.EmbeddingOf(0), batched.EmbeddingOf(i)), 1e-6);
            Assert.Equal(0, PromotionGate.ParityError(single.FrozenOf(0), batched.FrozenOf(i)), 1e-6);
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => batched.ScoreLaidOut(17));
    }

    [Fact]
    public void The_largest_values_that_the_windower_lets_through_have_a_finite_embedding()
    {
        using var classifier = Classifier.Open(TestSnapshot.Write(data), TestSnapshot.Manifest, s_settings);
        foreach (int seed in Enumerable.Range(0, 20))
        {
            var random = new Random(seed);
            classifier.Score([.. Enumerable.Range(0, TestSnapshot.Window.ValueCount).Select(_ => (random.Next(2) * 2 - 1) * Windower.LargestMagnitude)]);
            Assert.All(classifier.EmbeddingOf(0).ToArray(), value => Assert.True(float.IsFinite(value)));
        }
    }

    [Fact]
    public void The_provider_that_runs_is_the_first_that_takes_the_graph_and_the_others_say_why_not()
    {
        using var classifier = Classifier.Open(TestSnapshot.Write(data), TestSnapshot.Manifest, new InferenceSection());
        Assert.SkipUnless(classifier.Provider == "cpu", $"this machine runs {classifier.Provider}");
        Assert.Equal(2, classifier.ProvidersRefused.Count);
        Assert.StartsWith("tensorrt: ", classifier.ProvidersRefused[0].ToString());
        Assert.StartsWith("cuda: ", classifier.ProvidersRefused[1].ToString());
        Assert.All(classifier.ProvidersRefused, refusal => Assert.InRange(refusal.Reason.Length, 20, 2000));
        Assert.DoesNotContain('\n', classifier.ProvidersRefused[0].Reason + classifier.ProvidersRefused[1].Reason);
        Assert.Equal(-1, classifier.Score(TestSnapshot.WindowOf("slow", 1)).ClassIndex); // And it runs.
    }

    [Fact]
    public async Task A_classifier_that_is_disposed_of_while_it_scores_ends_that_window_and_refuses_the_next()
    {
        string model = TestSnapshot.Write(data);
        float[] windows = [.. Enumerable.Range(1, 64).SelectMany(i => TestSnapshot.WindowOf("slow", i))];
        for (int attempt = 0; attempt < 10; attempt++)
        {
            var classifier = Classifier.Open(model, TestSnapshot.Manifest, s_settings, batchSize: 64);
            var begun = new TaskCompletionSource();
            var scoring = Task.Run(() =>
            {
                while (true)
                {
                    begun.TrySetResult();
                    classifier.ScoreBatch(windows);
                }
            }, TestContext.Current.CancellationToken);
            await begun.Task;
            classifier.Dispose();
            await Assert.ThrowsAsync<ObjectDisposedException>(() => scoring);
        }
    }

    [Fact]
    public void A_graph_that_is_no_classifier_is_refused_with_what_it_lacks()
    {
        var graph = new OnnxGraph("other");
        var window = graph.Input("window", ["batch", 3, 32]);
        graph.Output("embedding", graph.Node("copy", "Identity", [window], window.Shape));
        File.WriteAllBytes(data["other.onnx"], graph.ToBytes("edge", "0", new SortedDictionary<string, string>(StringComparer.Ordinal)));
        string message = Assert.Throws<InvalidDataException>(() => Classifier.Open(data["other.onnx"], TestSnapshot.Manifest, s_settings).Dispose()).Message;
        Assert.Equal($"{data["other.onnx"]} is no classifier: it has no prototypes, class_bias, temperature, similarity, probability, novelty. Export it again with this version.", message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("not a graph")]
    public void A_file_that_is_no_graph_is_refused_by_name(string content)
    {
        File.WriteAllText(data["torn.onnx"], content);
        string message = Assert.Throws<InvalidDataException>(() => Classifier.Open(data["torn.onnx"], TestSnapshot.Manifest, new InferenceSection()).Dispose()).Message;
        Assert.StartsWith($"{data["torn.onnx"]} cannot be run: ", message);
    }

    [Fact]
    public void A_manifest_that_does_not_fit_the_graph_is_refused_by_name()
    {
        string model = TestSnapshot.Write(data);
        Assert.StartsWith($"{model} cannot be run: ", Assert.Throws<InvalidDataException>(() => Classifier.Open(model, TestSnapshot.Manifest with { EmbeddingLength = 64 }, s_settings).Dispose()).Message);
        Assert.StartsWith($"{model} cannot be run: ", Assert.Throws<InvalidDataException>(() => Classifier.Open(model, TestSnapshot.Manifest with { Window = new WindowShape(4, 32, 50) }, s_settings).Dispose()).Message);
    }

    [Fact]
    public void The_graph_takes_as_many_classes_as_the_configuration_has_now()
    {
        var grown = TestSnapshot.Manifest with { Classes = [.. TestSnapshot.Classes, "turning", "falling"] };
        using var classifier = Classifier.Open(TestSnapshot.Write(data), grown, s_settings);
        var bank = new PrototypeBank(grown.Id, 128);
        classifier.Score(TestSnapshot.WindowOf("fast", 1));
        bank.Add("falling", classifier.EmbeddingOf(0));
        classifier.Use(ReadOutWeights.OfPrototypes(bank.ToMatrix(grown.Classes), 0));
        Assert.Equal(4, classifier.Score(TestSnapshot.WindowOf("fast", 1)).ClassIndex);
    }

    [Fact]
    public void Prototypes_of_another_shape_are_a_bug_and_say_so()
    {
        using var classifier = Classifier.Open(TestSnapshot.Write(data), TestSnapshot.Manifest, s_settings);
        string message = Assert.Throws<ArgumentException>(() => classifier.Use(ReadOutWeights.OfPrototypes(new PrototypeMatrix(new float[128], new float[1], 1), 0))).Message;
        Assert.StartsWith("prototypes of 1 classes x 128 do not fit s000001-01234567: 3 x 128", message);
    }

    [Fact]
    public void The_graph_votes_as_the_read_out_says_and_taking_another_allocates_nothing()
    {
        using var classifier = Classifier.Open(TestSnapshot.WriteFrozen(data), TestSnapshot.Manifest, s_settings, 4);
        Assert.Equal("RandomConvolutionBank/1 seed 1, 139 features of 3 x 32, sampled at 50 Hz", classifier.FrozenBankId);
        var random = new Random(1);
        float[] Values(int count, double scale) => [.. Enumerable.Range(0, count).Select(_ => (float)(scale * (random.NextDouble() - 0.5)))];
        var prototypes = new PrototypeBank(TestSnapshot.Manifest.Id, 128);
        Count(prototypes, AnchorExam.Encode(classifier, Windows(["still", "slow", "fast"], 100)));
        var weights = ReadOutWeights.OfPrototypes(prototypes.ToMatrix(TestSnapshot.Classes), 139) with
        {
            Share = 0.3f, OnEmbedding = Values(3 * 128, 1), OnFrozen = Values(3 * 139, 0.1), Bias = [0.2f, -0.1f, PrototypeMatrix.AbsentBias], Rare = [0, 0, 1], Nearness = Values(3 * 139, 0.1), NearnessBias = [0, 0.5f, 1],
        };
        classifier.Use(weights);
        float[] votes = new float[3];
        foreach (string name in TestSnapshot.Classes)
        {
            classifier.Score(TestSnapshot.WindowOf(name, 300));
            weights.Score(classifier.EmbeddingOf(0), classifier.FrozenOf(0), votes);
            double sum = votes.Sum(vote => Math.Exp((vote - votes.Max()) / s_settings.Temperature));
            var score = classifier.ScoreOf(0);
            Assert.Equal(votes.IndexOf(votes.Max()), score.ClassIndex);
            Assert.Equal(1 / sum, score.Confidence, 1e-3);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++) classifier.Use(weights);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void What_a_ridge_is_certain_of_is_not_unknown_however_far_the_prototypes_are()
    {
        using var classifier = Classifier.Open(TestSnapshot.WriteFrozen(data), TestSnapshot.Manifest, s_settings);
        var bank = new PrototypeBank(TestSnapshot.Manifest.Id, 128);
        Count(bank, AnchorExam.Encode(classifier, Windows(["still", "slow", "fast"], 100)));
        var certain = ReadOutWeights.OfPrototypes(bank.ToMatrix(TestSnapshot.Classes), 139) with { Bias = [0, 9, 0], WeighsFeatures = true };
        foreach (var (weights, expected) in new[] { (certain, 1), (certain with { WeighsFeatures = false }, -1), (certain with { Share = 0, Bias = [0, 0.1f, 0] }, -1) })
        {
            classifier.Use(weights);
            Assert.Equal(expected, classifier.Score(TestSnapshot.WindowOf("fast", 300)).ClassOrUnknown(1.1));
        }
    }

    [Fact]
    public void A_read_out_for_another_frozen_branch_is_a_bug_and_says_so()
    {
        using var classifier = Classifier.Open(TestSnapshot.Write(data), TestSnapshot.Manifest, s_settings);
        string message = Assert.Throws<ArgumentException>(() => classifier.Use(ReadOutWeights.OfPrototypes(new PrototypeMatrix(new float[3 * 128], new float[3], 3), 139))).Message;
        Assert.StartsWith("weights on 139 frozen features do not fit s000001-01234567, which has 0", message);
    }

    private static void Count(PrototypeBank bank, EncodedWindows windows)
    {
        for (int i = 0; i < windows.Classes.Count; i++) bank.Add(windows.Classes[i], windows.EmbeddingOf(i));
    }

    private static IEnumerable<(ReadOnlyMemory<float> Samples, string Class)> Windows(string[] classes, int seed) =>
        classes.SelectMany(name => Enumerable.Range(0, 20).Select(i => ((ReadOnlyMemory<float>)TestSnapshot.WindowOf(name, seed + i), name)));
}
