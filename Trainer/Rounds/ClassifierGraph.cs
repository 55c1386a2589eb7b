using System.Globalization;
using System.Text.Json;
using Edge.Storage;
using Edge.Trainer.Backbones;
using Edge.Trainer.Onnx;

namespace Edge.Trainer.Rounds;

/// <summary>What a classifier graph is written with, besides the backbone.</summary>
public sealed record ClassifierGraphOptions
{
    /// <summary>Shape of the windows it takes.</summary>
    public required WindowShape Window { get; init; }

    /// <summary>Names of the classes in the order of the outputs, at least one.</summary>
    public required IReadOnlyList<string> Classes { get; init; }

    /// <summary>Default of the <c>temperature</c> input, above 0.</summary>
    public required double Temperature { get; init; }

    /// <summary>Further metadata of the file: round, parent, names of the channels, <see cref="TrainingSummary"/>; a read-out that was baked in adds the snapshot's id.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// Default of the <c>prototypes</c> input: [classes, embedding length], row-major, of any norm; a row of zeros is a class without a prototype. Null: no class has one yet.
    /// </summary>
    public float[]? Prototypes { get; init; }

    /// <summary>Wanted number of features of the frozen branch, met from below where the windows allow it; 0: no frozen branch.</summary>
    public int FrozenFeatures { get; init; }

    /// <summary>Seed of the frozen branch.</summary>
    public int FrozenSeed { get; init; } = 1;
}

/// <summary>
/// Edge's classifier as one ONNX file that stands alone: a raw window in, the embedding, the class probabilities and the novelty out. What the service and anybody else relies on:
/// <list type="table">
/// <item><term>input <c>window</c></term><description>float32 [batch, channels, length], in the sensor's units; normalisation is a part of the backbone.</description></item>
/// <item><term>input <c>prototypes</c></term><description>float32 [classes, D], of any norm; optional, its default is in the file.</description></item>
/// <item><term>input <c>class_bias</c></term><description>float32 [classes], 0 for a class with a prototype, <see cref="AbsentClassBias"/> for one without; optional.</description></item>
/// <item><term>input <c>temperature</c></term><description>float32 [1], above 0; optional.</description></item>
/// <item><term>input <c>readout_share</c></term><description>float32 [classes] or [1]: what the similarity counts; optional, default 1.</description></item>
/// <item><term>input <c>readout_embedding</c></term><description>E, float32 [classes, D] or [1, D]: weights on the embedding; optional, default 0.</description></item>
/// <item><term>input <c>readout_bias</c></term><description>b, float32 [classes] or [1]; optional, default 0.</description></item>
/// <item><term>input <c>readout_rare</c></term><description>float32 [classes] or [1]: 1 for a class of which too few examples are known to weigh features, else 0; optional, default 0.</description></item>
/// <item><term>input <c>readout_frozen</c></term><description>R, float32 [classes, F] or [1, F]: weights on the frozen features; only where there is a frozen branch, optional, default 0.</description></item>
/// <item><term>inputs <c>nearness_frozen</c>, <c>nearness_bias</c></term><description>N and n, as R and b: how near a window is to a class, for rare ones; likewise.</description></item>
/// <item><term>output <c>embedding</c></term><description>[batch, D] of norm 1, or all zeros where the backbone gives all zeros.</description></item>
/// <item><term>output <c>similarity</c></term><description>[batch, classes]: cosine of embedding and prototype, plus <c>class_bias</c>.</description></item>
/// <item><term>output <c>probability</c></term><description>[batch, classes]: softmax(votes / temperature), votes = share * similarity + embedding . E' + frozen . R' + b. The vote of a rare class is that of the winner
/// among the others + softsign(its nearness - the winner's nearness), so it takes over where it is nearer; its b must keep it from being that winner. Nearness is frozen . N' + n, and the similarity without a frozen branch.</description></item>
/// <item><term>output <c>novelty</c></term><description>[batch]: 1 - max similarity; 0 to 2, and above 2 when no class has a prototype.</description></item>
/// <item><term>output <c>frozen</c></term><description>[batch, F] features of the frozen branch in its own units; only where there is one.</description></item>
/// </list>
/// <c>batch</c> and <c>classes</c> are free: one who feeds <c>prototypes</c> and <c>class_bias</c> together may feed more or fewer classes than the file was written with. As it stands the file reads out
/// by prototypes: one row of zeros serves any number of classes, so a caller that knows nothing of the <c>readout_</c> inputs need not feed them. The whole read-out is linear in what the branches
/// compute; which of them vote, and how much, is the caller's to say between two windows.
/// </summary>
public static class ClassifierGraph
{
    /// <summary>
    /// <c>class_bias</c> of a class without a prototype. Neighbouring float32 near 1e9 lie 64 apart, so a cosine added to it vanishes: among classes without a prototype the probability is exactly
    /// uniform, whatever stands in their rows; and next to a class with a prototype it is exactly 0 at every temperature that the configuration allows. It does not fit float16: the read-out stays float32.
    /// </summary>
    public const float AbsentClassBias = -1e9f;

    /// <summary>Key of the metadata that says which frozen features the file computes: bank, version, seed, number and windows. Absent without a frozen branch.</summary>
    public const string FrozenBankKey = "frozenBank";

    // Version of the banks' arithmetic: statistics of features that were computed otherwise mean nothing. Raise it when a bank changes what it computes.
    private const int FrozenBankVersion = 1;

    // As in torch's normalize: only a vector that is zero for all purposes meets it.
    private const float NormEpsilon = 1e-12f;

    /// <summary>Writes the file. The same backbone and options give the same bytes.</summary>
    /// <param name="backbone">The encoder, in any mode; it is written as it evaluates.</param>
    /// <param name="options">Everything else.</param>
    /// <param name="writer">A writer that knows the modules of the backbone; null: TorchSharp's and Edge's own.</param>
    /// <exception cref="OnnxExportException">The backbone has a module that cannot be expressed, or does not take such windows.</exception>
    /// <exception cref="ArgumentException">The options contradict each other or the backbone; the message says which.</exception>
    public static byte[] Write(Backbone backbone, ClassifierGraphOptions options, OnnxWriter? writer = null)
    {
        long classCount = options.Classes.Count, length = backbone.EmbeddingLength;
        float[] prototypes = options.Prototypes ?? new float[classCount * length];
        Check(options, prototypes, classCount, length);

        var graph = new OnnxGraph("classifier");
        var window = graph.Input("window", ["batch", options.Window.ChannelCount, options.Window.Length]);
        var prototypesInput = graph.InputWithDefault("prototypes", ["classes", length], prototypes, classCount, length);
        var bias = graph.InputWithDefault("class_bias", ["classes"], DefaultBias(prototypes, (int)length), classCount);
        var temperature = graph.InputWithDefault("temperature", [1], [(float)options.Temperature], 1);

        var features = (writer ?? BackboneTranslators.RegisterIn(new OnnxWriter())).Write(backbone, window, graph, "backbone");
        if (features.Rank != 2 || features.Shape[1].Size != length)
            throw new ArgumentException($"{backbone.GetName()} says that its embedding has {length} values but puts out {features}. Correct its EmbeddingLength.", nameof(backbone));

        var epsilon = graph.Initializer("norm_epsilon", [NormEpsilon]);
        using var bank = options.FrozenFeatures > 0 ? FrozenBank.Create(options.Window, options.FrozenSeed, options.FrozenFeatures) : null;
        var frozen = bank is null ? null : BackboneTranslators.RegisterIn(new OnnxWriter()).Write(bank, window, graph, "frozen_bank");
        var embedding = Normalise(graph, "embedding", features, epsilon);
        var similarity = graph.Node(
            "readout/similarity", "Gemm", [embedding, Normalise(graph, "prototypes", prototypesInput, epsilon), bias], ["batch", "classes"], [new OnnxAttribute("transB", 1)]);
        var one = graph.Initializer("one", [1f]);
        var votes = LetRareTakeOver(graph, WriteVotes(graph, similarity, embedding, length, frozen), WriteNearness(graph, similarity, frozen), one);
        var probability = graph.Node(
            "readout/softmax", "Softmax", [graph.Node("readout/sharpen", "Div", [votes, temperature], similarity.Shape)], similarity.Shape, [new OnnxAttribute("axis", -1)]);
        var nearest = graph.Node("readout/nearest", "ReduceMax", [similarity], ["batch"], [new OnnxAttribute("axes", [1]), new OnnxAttribute("keepdims", 0)]);
        var novelty = graph.Node("readout/novelty", "Sub", [one, nearest], ["batch"]);

        graph.Output("embedding", embedding);
        graph.Output("similarity", similarity);
        graph.Output("probability", probability);
        graph.Output("novelty", novelty);
        if (frozen is not null) graph.Output("frozen", frozen);
        return graph.ToBytes("edge", typeof(ClassifierGraph).Assembly.GetName().Version?.ToString(3) ?? "", MetadataOf(options, bank));
    }

    /// <summary>What stands under <see cref="FrozenBankKey"/> in a graph that was written with such options; null: nothing. Computed without the bank.</summary>
    /// <param name="window">Shape of the windows.</param>
    /// <param name="features">Wanted number of features; 0: no frozen branch.</param>
    /// <param name="seed">Seed of the bank.</param>
    public static string? FrozenBankIdFor(WindowShape window, int features, int seed) => features == 0 ? null
        : window.Length > 1 ? BankIdOf(nameof(RandomConvolutionBank), seed, RandomConvolutionBank.LengthOf(RandomConvolutionBankOptions.OfSize(window.ChannelCount, window.Length, features), window.ChannelCount, window.Length), window.ChannelCount, window.Length)
        : BankIdOf(nameof(FeatureVectorBank), seed, Math.Max(1, features - FeatureVectorBank.PlainCount(window.ChannelCount)) + FeatureVectorBank.PlainCount(window.ChannelCount), window.ChannelCount, window.Length);

    // Identity of the features that a bank computes: statistics of features with another identity mean nothing.
    private static string BankIdOf(FrozenBank bank) => BankIdOf(bank.GetName(), bank.Seed, bank.FeatureLength, bank.ChannelCount, bank.Length);

    private static string BankIdOf(string name, int seed, int featureLength, int channelCount, int length) =>
        string.Create(CultureInfo.InvariantCulture, $"{name}/{FrozenBankVersion} seed {seed}, {featureLength} features of {channelCount} x {length}");

    // share * similarity + embedding . E' + b + frozen . R'. One row stands for all classes, so a default of one row fits however many classes are fed.
    private static OnnxValue WriteVotes(OnnxGraph graph, OnnxValue similarity, OnnxValue embedding, long length, OnnxValue? frozen)
    {
        var share = graph.InputWithDefault("readout_share", ["share_rows"], [1f], 1);
        var onEmbedding = graph.InputWithDefault("readout_embedding", ["embedding_rows", length], new float[length], 1, length);
        var bias = graph.InputWithDefault("readout_bias", ["bias_rows"], [0f], 1);
        var votes = graph.Node("readout/prototype_votes", "Mul", [similarity, share], similarity.Shape);
        votes = graph.Node("readout/biased_votes", "Add", [votes, bias], similarity.Shape);
        votes = Add("trained", embedding, onEmbedding);
        if (frozen is null) return votes;
        long width = frozen.Shape[1].Size!.Value;
        return Add("frozen", frozen, graph.InputWithDefault("readout_frozen", ["frozen_rows", width], new float[width], 1, width));

        OnnxValue Add(string name, OnnxValue features, OnnxValue weights)
        {
            var product = graph.Node($"readout/{name}_votes", "Gemm", [features, weights], ["batch", weights.Shape[0]], [new OnnxAttribute("transB", 1)]);
            return graph.Node($"readout/with_{name}_votes", "Add", [votes, product], similarity.Shape);
        }
    }

    private static OnnxValue WriteNearness(OnnxGraph graph, OnnxValue similarity, OnnxValue? frozen)
    {
        if (frozen is null) return similarity;
        long width = frozen.Shape[1].Size!.Value;
        var weights = graph.InputWithDefault("nearness_frozen", ["nearness_rows", width], new float[width], 1, width);
        var bias = graph.InputWithDefault("nearness_bias", ["nearness_bias_rows"], [0f], 1);
        var product = graph.Node("readout/nearness_product", "Gemm", [frozen, weights], ["batch", "nearness_rows"], [new OnnxAttribute("transB", 1)]);
        // Zeros of the similarity's shape: one row of defaults becomes one column for each class.
        var spread = graph.Node("readout/no_similarity", "Mul", [similarity, graph.Initializer("zero", [0f])], similarity.Shape);
        return graph.Node("readout/nearness", "Add", [graph.Node("readout/spread_nearness", "Add", [product, spread], similarity.Shape), bias], similarity.Shape);
    }

    // (1 - rare) * votes + rare * (best vote + softsign(nearness - nearness of the class with the best vote)).
    private static OnnxValue LetRareTakeOver(OnnxGraph graph, OnnxValue votes, OnnxValue nearness, OnnxValue one)
    {
        var rare = graph.InputWithDefault("readout_rare", ["rare_rows"], [0f], 1);
        OnnxDim[] column = ["batch", 1];
        OnnxAttribute[] overClasses = [new OnnxAttribute("axis", 1), new OnnxAttribute("keepdims", 1)];
        var winner = graph.Node("readout/winner", "ArgMax", [votes], column, overClasses, OnnxElement.Int64);
        var best = graph.Node("readout/best_vote", "ReduceMax", [votes], column, [new OnnxAttribute("axes", [1]), new OnnxAttribute("keepdims", 1)]);
        var rival = graph.Node("readout/winner_nearness", "GatherElements", [nearness, winner], column, [new OnnxAttribute("axis", 1)]);
        var lead = graph.Node("readout/bounded_lead", "Softsign", [graph.Node("readout/lead", "Sub", [nearness, rival], votes.Shape)], votes.Shape);
        var takeOver = graph.Node("readout/take_over", "Mul", [graph.Node("readout/rare_votes", "Add", [lead, best], votes.Shape), rare], votes.Shape);
        var established = graph.Node("readout/established", "Mul", [votes, graph.Node("readout/not_rare", "Sub", [one, rare], rare.Shape)], votes.Shape);
        return graph.Node("readout/all_votes", "Add", [established, takeOver], votes.Shape);
    }

    // Rows x / max(‖x‖, ε).
    private static OnnxValue Normalise(OnnxGraph graph, string name, OnnxValue rows, OnnxValue epsilon)
    {
        OnnxDim[] column = [rows.Shape[0], 1];
        var norm = graph.Node($"readout/{name}_norm", "ReduceL2", [rows], column, [new OnnxAttribute("axes", [1]), new OnnxAttribute("keepdims", 1)]);
        return graph.Node($"readout/{name}_unit", "Div", [rows, graph.Node($"readout/{name}_floor", "Max", [norm, epsilon], column)], rows.Shape);
    }

    private static float[] DefaultBias(float[] prototypes, int length)
    {
        float[] bias = new float[prototypes.Length / length];
        for (int c = 0; c < bias.Length; c++) bias[c] = prototypes.AsSpan(c * length, length).ContainsAnyExcept(0f) ? 0 : AbsentClassBias;
        return bias;
    }

    private static SortedDictionary<string, string> MetadataOf(ClassifierGraphOptions options, FrozenBank? bank)
    {
        var metadata = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["classes"] = JsonSerializer.Serialize(options.Classes),
            ["windowChannels"] = options.Window.ChannelCount.ToString(CultureInfo.InvariantCulture),
            ["windowLength"] = options.Window.Length.ToString(CultureInfo.InvariantCulture),
            ["sampleRateHz"] = options.Window.SampleRateHz.ToString("R", CultureInfo.InvariantCulture),
        };
        if (bank is not null) metadata[FrozenBankKey] = BankIdOf(bank);
        foreach (var (key, value) in options.Metadata)
            if (!metadata.TryAdd(key, value)) throw new ArgumentException($"Metadata '{key}' is written by the graph itself. Leave it out.", nameof(options));
        return metadata;
    }

    private static void Check(ClassifierGraphOptions options, float[] prototypes, long classCount, long length)
    {
        if (classCount == 0) throw new ArgumentException("Classes is empty. Name at least one class.", nameof(options));
        if (!(options.Temperature > 0) || !double.IsFinite(options.Temperature)) throw new ArgumentException($"Temperature is {options.Temperature}. It must be above 0.", nameof(options));
        if (prototypes.LongLength != classCount * length)
            throw new ArgumentException($"Prototypes has {prototypes.Length} values. It must have {classCount} classes x {length} = {classCount * length}.", nameof(options));
        if (options.FrozenFeatures < 0) throw new ArgumentException($"FrozenFeatures is {options.FrozenFeatures}. It must be 0 (no frozen branch) or more.", nameof(options));
        foreach (float value in prototypes)
            if (!float.IsFinite(value)) throw new ArgumentException($"Prototypes holds {value}. Recompute it from finite embeddings.", nameof(options));
    }
}
