using Edge.Storage;
using Edge.Trainer.Backbones;
using Edge.Trainer.Onnx;
using Edge.Trainer.Rounds;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Edge.Trainer.Tests.Onnx;

/// <summary>What the exported classifier promises to those who run it.</summary>
[Collection(TorchGeneratorCollection.Name)]
public class ClassifierGraphTests
{
    private static readonly float[] s_window345 = [3, 4, 0];

    // Class 0 lies on the first axis, class 1 on the second and is not of norm 1, class 2 has no prototype.
    private static readonly float[] s_prototypes = [1, 0, 0, 0, 2, 0, 0, 0, 0];

    [Fact]
    public void Cosines_probabilities_and_novelty_are_those_worked_out_by_hand()
    {
        using var model = new OrtModel(WritePassThrough(s_prototypes));
        var outputs = model.Run(("window", s_window345, [1, 3, 1]));

        Near([0.6f, 0.8f, 0], outputs["embedding"].Values);
        Near([0.6f, 0.8f], outputs["similarity"].Values[..2]);
        Assert.Equal(ClassifierGraph.AbsentClassBias, outputs["similarity"].Values[2]);
        Near([0.1192029f, 0.8807971f], outputs["probability"].Values[..2]); // 1 / (1 + e^2), temperature 0.1
        Assert.Equal(0, outputs["probability"].Values[2]);
        Near([0.2f], outputs["novelty"].Values);
    }

    [Fact]
    public void Outputs_have_the_promised_shapes_and_a_free_batch()
    {
        using var model = new OrtModel(WritePassThrough(s_prototypes));
        var outputs = model.Run(("window", [3, 4, 0, 0, 5, 0], [2, 3, 1]));
        Assert.Equal([2, 3], outputs["embedding"].Shape);
        Assert.Equal([2, 3], outputs["similarity"].Shape);
        Assert.Equal([2, 3], outputs["probability"].Shape);
        Assert.Equal([2], outputs["novelty"].Shape);
        Near([0.2f, 0], outputs["novelty"].Values);
    }

    [Fact]
    public void A_window_that_the_backbone_maps_to_zero_has_a_zero_embedding_and_no_NaN()
    {
        using var model = new OrtModel(WritePassThrough(s_prototypes));
        var outputs = model.Run(("window", [0, 0, 0], [1, 3, 1]));
        Assert.Equal([0, 0, 0], outputs["embedding"].Values);
        Near([0.5f, 0.5f, 0], outputs["probability"].Values);
        Near([1], outputs["novelty"].Values);
    }

    [Fact]
    public void Only_the_window_must_be_fed()
    {
        using var model = new OrtModel(WritePassThrough(s_prototypes));
        Assert.Equal(["window"], model.Session.InputNames);
        Assert.Equal(
            ["class_bias", "prototypes", "readout_bias", "readout_embedding", "readout_rare", "readout_share", "temperature"], model.Session.OverridableInitializerMetadata.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(["embedding", "similarity", "probability", "novelty"], model.Session.OutputNames);
    }

    [Fact]
    public void Prototypes_fed_at_run_time_take_the_place_of_the_file_s()
    {
        using var model = new OrtModel(WritePassThrough(prototypes: null));
        var outputs = model.Run(("window", s_window345, [1, 3, 1]), ("prototypes", [0, 0, 7, 3, 4, 0, 1, 0, 0], [3, 3]), ("class_bias", [0, 0, 0], [3]));
        Near([0, 1, 0.6f], outputs["similarity"].Values);
        Near([0], outputs["novelty"].Values);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(40)]
    public void More_or_fewer_classes_than_the_file_was_written_with_may_be_fed(int classCount)
    {
        using var model = new OrtModel(WritePassThrough(s_prototypes));
        float[] prototypes = new float[classCount * 3], bias = new float[classCount];
        for (int c = 0; c < classCount; c++) prototypes[c * 3 + (c == classCount - 1 ? 1 : 2)] = 1; // the last class on the second axis, the others on the third
        var outputs = model.Run(("window", [3, 4, 0, 0, 0, 1], [2, 3, 1]), ("prototypes", prototypes, [classCount, 3]), ("class_bias", bias, [classCount]));
        Assert.Equal([2, classCount], outputs["probability"].Shape);
        Near([.. Enumerable.Repeat(0f, classCount - 1), 0.8f], outputs["similarity"].Values[..classCount]);
        Near([0.2f, classCount == 1 ? 1 : 0], outputs["novelty"].Values);
    }

    [Fact]
    public void A_higher_temperature_fed_at_run_time_flattens_the_probabilities()
    {
        using var model = new OrtModel(WritePassThrough(s_prototypes));
        var outputs = model.Run(("window", s_window345, [1, 3, 1]), ("temperature", [1], [1]));
        Near([0.4501660f, 0.5498340f, 0], outputs["probability"].Values); // 1 / (1 + e^0.2)
    }

    [Fact]
    public void Without_any_prototype_every_class_is_as_probable_and_the_novelty_is_above_one()
    {
        using var model = new OrtModel(WritePassThrough(prototypes: null));
        var outputs = model.Run(("window", s_window345, [1, 3, 1]));
        Near([1 / 3f, 1 / 3f, 1 / 3f], outputs["probability"].Values);
        Assert.True(outputs["novelty"].Values[0] > 1);
    }

    [Theory]
    [InlineData(0.001f)]
    [InlineData(10f)]
    public void The_absent_bias_alone_makes_it_so_whatever_stands_in_the_prototypes(float temperature)
    {
        using var model = new OrtModel(WritePassThrough(s_prototypes));
        float absent = ClassifierGraph.AbsentClassBias;
        var outputs = model.Run(
            ("window", s_window345, [1, 3, 1]), ("prototypes", [1, 0, 0, 3, 4, 0, -3, -4, 0], [3, 3]), ("class_bias", [absent, absent, absent], [3]), ("temperature", [temperature], [1]));
        Near([1 / 3f, 1 / 3f, 1 / 3f], outputs["probability"].Values);
        Assert.True(outputs["novelty"].Values[0] > 1);
    }

    [Theory]
    [InlineData(0.001f)]
    [InlineData(10f)]
    public void One_class_with_a_prototype_has_all_the_probability_however_unlike_it_is(float temperature)
    {
        using var model = new OrtModel(WritePassThrough(s_prototypes));
        float absent = ClassifierGraph.AbsentClassBias;
        var outputs = model.Run(
            ("window", s_window345, [1, 3, 1]), ("prototypes", [-3, -4, 0, 3, 4, 0, 0, 0, 0], [3, 3]), ("class_bias", [0, absent, absent], [3]), ("temperature", [temperature], [1]));
        Assert.Equal([1, 0, 0], outputs["probability"].Values);
        Near([2], outputs["novelty"].Values);
    }

    [Fact]
    public void Votes_are_share_times_similarity_plus_weights_on_the_embedding_plus_bias()
    {
        using var model = new OrtModel(WritePassThrough(s_prototypes));
        // Similarities 0.6, 0.8, absent; halved 0.3, 0.4. E gives 0.6 * 1, 0, 0.8 * 2; b lifts the absent one back out of its bias.
        var outputs = model.Run(
            ("window", s_window345, [1, 3, 1]), ("class_bias", [0, 0, 0], [3]), ("readout_share", [0.5f], [1]), ("readout_embedding", [1, 0, 0, 0, 0, 0, 0, 2, 0], [3, 3]), ("readout_bias", [0, 0.1f, -0.7f], [3]),
            ("temperature", [1], [1]));
        Near(Softmax(0.3 + 0.6, 0.4 + 0.1, 1.6 - 0.7), outputs["probability"].Values);
        Near([0.2f], outputs["novelty"].Values); // Measured from the prototypes whoever votes.
    }

    [Fact]
    public void A_rare_class_takes_over_where_its_prototype_is_nearer_than_the_winner_s()
    {
        using var model = new OrtModel(WritePassThrough(s_prototypes));
        // Classes 0 and 1 vote by weights; class 2 is rare, its prototype at 45 degrees between the first two axes.
        (string, float[], long[])[] Feeds(float[] window) =>
        [
            ("window", window, [1, 3, 1]), ("prototypes", [1, 0, 0, 0, 1, 0, 1, 1, 0], [3, 3]), ("class_bias", [0, 0, 0], [3]), ("readout_share", [0], [1]),
            ("readout_embedding", [1, 0, 0, 0, 0.5f, 0, 0, 0, 0], [3, 3]), ("readout_bias", [0, 0, ClassifierGraph.AbsentClassBias], [3]), ("readout_rare", [0, 0, 1], [3]), ("temperature", [1], [1]),
        ];
        double nearer = (0.6 + 0.8) / Math.Sqrt(2) - 0.6; // Class 0 wins with 0.6 against 0.4; its similarity is 0.6 too.
        Near(Softmax(0.6, 0.4, 0.6 + nearer / (1 + nearer)), model.Run(Feeds(s_window345))["probability"].Values);
        double behind = 1 - 1 / Math.Sqrt(2);
        Near(Softmax(1, 0, 1 - behind / (1 + behind)), model.Run(Feeds([1, 0, 0]))["probability"].Values); // On class 0's own prototype it stays behind.
    }

    [Fact]
    public void The_frozen_branch_puts_out_what_its_bank_computes_and_votes_with_the_weights_that_are_fed()
    {
        manual_seed(5);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var window = new WindowShape(3, 32, 50);
        using var bank = FrozenBank.Create(window, 7, 200);
        using var model = new OrtModel(ClassifierGraph.Write(new TscilCnn(3), Options(window, 2) with { FrozenFeatures = 200, FrozenSeed = 7 }));
        Assert.Equal($"RandomConvolutionBank/1 seed 7, {bank.FeatureLength} features of 3 x 32", model.Session.ModelMetadata.CustomMetadataMap[ClassifierGraph.FrozenBankKey]);
        var windows = randn(5, 3, 32);
        float[] expected = bank.forward(windows).data<float>().ToArray(), weights = [.. Enumerable.Range(0, 2 * bank.FeatureLength).Select(i => (float)Math.Sin(i) / 50)];

        var still = model.Run(("window", windows.data<float>().ToArray(), windows.shape));
        Parity.Close(expected, still["frozen"].Values, "frozen");
        Near([.. Enumerable.Repeat(0.5f, 10)], still["probability"].Values); // No prototype, no weights.

        var voted = model.Run(("window", windows.data<float>().ToArray(), windows.shape), ("readout_share", [0], [1]), ("readout_frozen", weights, [2, bank.FeatureLength]), ("temperature", [1], [1]));
        for (int i = 0; i < 5; i++)
        {
            double[] votes = [.. Enumerable.Range(0, 2).Select(c => Enumerable.Range(0, bank.FeatureLength).Sum(f => (double)expected[i * bank.FeatureLength + f] * weights[c * bank.FeatureLength + f]))];
            float[] probabilities = Softmax(votes);
            for (int c = 0; c < 2; c++) Assert.Equal(probabilities[c], voted["probability"].Values[i * 2 + c], 1e-4f);
        }
    }

    [Theory]
    [InlineData(9, 128, 737, 1)]
    [InlineData(3, 32, 140, 7)]
    [InlineData(2, 64, 2000, 3)]
    [InlineData(16, 1, 600, 2)]
    [InlineData(16, 1, 3, 2)]
    public void The_identity_of_frozen_features_is_known_without_drawing_them(int channels, int length, int features, int seed)
    {
        var window = new WindowShape(channels, length, 50);
        using var bank = FrozenBank.Create(window, seed, features);
        Assert.Equal($"{bank.GetName()}/1 seed {seed}, {bank.FeatureLength} features of {channels} x {length}", ClassifierGraph.FrozenBankIdFor(window, features, seed));
        Assert.Null(ClassifierGraph.FrozenBankIdFor(window, 0, seed));
    }

    [Fact]
    public void The_embedding_of_TscilCnn_and_its_cosines_are_TorchSharp_s()
    {
        manual_seed(3);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var backbone = new TscilCnn(9);
        var prototypes = randn(6, backbone.EmbeddingLength);
        using var model = new OrtModel(ClassifierGraph.Write(backbone, Options(new WindowShape(9, 128, 50), 6) with { Prototypes = prototypes.data<float>().ToArray() }));
        foreach (int batch in new[] { 1, 7 })
        {
            var windows = randn(batch, 9, 128) * 3 + 1;
            var embeddings = nn.functional.normalize(backbone.forward(windows), dim: 1);
            var cosines = embeddings.matmul(nn.functional.normalize(prototypes, dim: 1).t());
            var outputs = model.Run(("window", windows.data<float>().ToArray(), windows.shape));
            Parity.Close(embeddings.data<float>().ToArray(), outputs["embedding"].Values, "embedding");
            Parity.Close(cosines.data<float>().ToArray(), outputs["similarity"].Values, "similarity");
        }
    }

    [Fact]
    public void The_file_says_what_it_is_for()
    {
        byte[] file = WritePassThrough(s_prototypes, new Dictionary<string, string> { ["snapshot"] = "s000001-0123abcd", ["parent"] = "" });
        using var model = new OrtModel(file);
        var metadata = model.Session.ModelMetadata;
        Assert.Equal("edge", metadata.ProducerName);
        Assert.Equal("""["walking","sit \u0022down\u0022","\u7720\u308B"]""", metadata.CustomMetadataMap["classes"]);
        Assert.Equal("3", metadata.CustomMetadataMap["windowChannels"]);
        Assert.Equal("1", metadata.CustomMetadataMap["windowLength"]);
        Assert.Equal("12.5", metadata.CustomMetadataMap["sampleRateHz"]);
        Assert.Equal("s000001-0123abcd", metadata.CustomMetadataMap["snapshot"]);
        Assert.Equal(6, metadata.CustomMetadataMap.Count);
    }

    [Fact]
    public void The_same_backbone_gives_the_same_bytes_and_another_gives_others()
    {
        var options = Options(new WindowShape(9, 128, 50), 6) with { Metadata = new Dictionary<string, string> { ["b"] = "1", ["a"] = "2" } };
        var reordered = options with { Metadata = new Dictionary<string, string> { ["a"] = "2", ["b"] = "1" } };
        Assert.Equal(Seeded(1, options), Seeded(1, reordered));
        Assert.NotEqual(Seeded(1, options), Seeded(2, options));

        static byte[] Seeded(long seed, ClassifierGraphOptions options)
        {
            manual_seed(seed);
            using var backbone = new TscilCnn(9);
            return ClassifierGraph.Write(backbone, options);
        }
    }

    [Fact]
    public void Writing_leaves_no_tensor_behind()
    {
        using var backbone = new TscilCnn(9);
        GC.Collect();
        GC.WaitForPendingFinalizers(); // of the tensors that other tests left to them
        long before = Tensor.TotalCount;
        for (int n = 0; n < 3; n++) ClassifierGraph.Write(backbone, Options(new WindowShape(9, 128, 50), 6));
        Assert.Equal(before, Tensor.TotalCount);
    }

    [Fact]
    public void Options_that_contradict_are_refused_with_the_value_and_the_remedy()
    {
        using var backbone = new PassThrough(3);
        var good = Options(new WindowShape(3, 1, 12.5), 2);
        Refused("Classes is empty. Name at least one class.", good with { Classes = [] });
        Refused("Temperature is 0. It must be above 0.", good with { Temperature = 0 });
        Refused("Prototypes has 5 values. It must have 2 classes x 3 = 6.", good with { Prototypes = new float[5] });
        Refused("Prototypes holds NaN. Recompute it from finite embeddings.", good with { Prototypes = [0, 0, float.NaN, 0, 0, 0] });
        Refused("FrozenFeatures is -1. It must be 0 (no frozen branch) or more.", good with { FrozenFeatures = -1 });
        Refused("Metadata 'classes' is written by the graph itself. Leave it out.", good with { Metadata = new Dictionary<string, string> { ["classes"] = "[]" } });

        void Refused(string text, ClassifierGraphOptions options) =>
            Assert.StartsWith(text, Assert.Throws<ArgumentException>(() => ClassifierGraph.Write(backbone, options, PassThrough.Writer())).Message, StringComparison.Ordinal);
    }

    private static byte[] WritePassThrough(float[]? prototypes, Dictionary<string, string>? metadata = null)
    {
        using var backbone = new PassThrough(3);
        var options = new ClassifierGraphOptions
        {
            Window = new WindowShape(3, 1, 12.5),
            Classes = ["walking", "sit \"down\"", "眠る"],
            Temperature = 0.1,
            Prototypes = prototypes,
            Metadata = metadata ?? [],
        };
        return ClassifierGraph.Write(backbone, options, PassThrough.Writer());
    }

    private static ClassifierGraphOptions Options(WindowShape window, int classCount) =>
        new() { Window = window, Classes = [.. Enumerable.Range(0, classCount).Select(c => $"class {c}")], Temperature = 0.1 };

    private static float[] Softmax(params double[] votes)
    {
        double sum = votes.Sum(Math.Exp);
        return [.. votes.Select(vote => (float)(Math.Exp(vote) / sum))];
    }

    private static void Near(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++) Assert.Equal(expected[i], actual[i], 2e-6f);
    }

    // The window itself is the embedding, so that the read-out can be worked out by hand.
    private sealed class PassThrough : Backbone
    {
        private readonly Flatten flatten = nn.Flatten();

        public PassThrough(int length)
            : base(nameof(PassThrough))
        {
            EmbeddingLength = length;
            RegisterComponents();
        }

        public override int ChannelCount => 1;

        public override int MinimumLength => 1;

        public override int EmbeddingLength { get; }

        public override Sequential Layers => nn.Sequential(flatten);

        public static OnnxWriter Writer() => new OnnxWriter().Register<PassThrough>((module, input, scope) => scope.Write("flatten", module.flatten, input));

        public override Tensor forward(Tensor input) => flatten.forward(input);
    }
}
