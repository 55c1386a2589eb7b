using Edge.Config;
using Edge.Storage;
using Microsoft.ML.OnnxRuntime;

namespace Edge.Runtime.Inference;

/// <summary>
/// One ONNX Runtime session over a snapshot's graph, with the read-out fed as inputs so that it can be fresher than the file. Inputs and outputs live in pinned memory that is used for every
/// window. Not thread-safe: one stage owns it; anyone may dispose of it, and waits until a window that is being scored is done.
/// </summary>
public sealed class Classifier : IDisposable
{
    private static readonly string[] s_inputs = ["window", "prototypes", "class_bias", "temperature"];
    private static readonly string[] s_votingInputs = ["readout_share", "readout_embedding", "readout_bias", "readout_rare"]; // Snapshots of earlier versions have none: prototypes alone decide.
    private static readonly string[] s_frozenInputs = ["readout_frozen", "nearness_frozen", "nearness_bias"];
    private static readonly string[] s_outputs = ["embedding", "similarity", "probability", "novelty"];
    private static readonly string[] s_frozenOutputs = ["frozen"];
    private readonly InferenceSession session;
    private readonly RunOptions runOptions = new();
    private readonly string[] inputNames, outputNames;
    private readonly OrtValue[] inputs, outputs;
    private readonly float[] window, prototypes, classBias, temperature, share, onEmbedding, voteBias, rare, onFrozen, nearness, nearnessBias, embedding, similarity, probability, novelty, frozen;
    private readonly Lock gate = new();
    private bool weighsFeatures, disposed;

    private Classifier(InferenceSession session, SnapshotManifest snapshot, InferenceSection settings, string provider, IReadOnlyList<string> providersRefused, int batchSize)
    {
        this.session = session;
        Snapshot = snapshot;
        Provider = provider;
        ProvidersRefused = providersRefused;
        BatchSize = batchSize;
        long classes = snapshot.Classes.Count, length = snapshot.EmbeddingLength;
        (window, prototypes, classBias, temperature) = (Pinned(batchSize * snapshot.Window.ValueCount), Pinned(classes * length), Pinned(classes), [(float)settings.Temperature]);
        (embedding, similarity, probability, novelty) = (Pinned(batchSize * length), Pinned(batchSize * classes), Pinned(batchSize * classes), Pinned(batchSize));
        long[] temperatureShape = [.. session.InputMetadata.TryGetValue("temperature", out var declared) || session.OverridableInitializerMetadata.TryGetValue("temperature", out declared) ? declared.Dimensions.Select(d => (long)d) : [1L]];
        bool votes = IsInput(session, s_votingInputs[0]);
        FrozenLength = votes && session.OutputMetadata.TryGetValue(s_frozenOutputs[0], out var features) ? features.Dimensions[1] : 0;
        FrozenBankId = FrozenLength > 0 ? session.ModelMetadata.CustomMetadataMap.GetValueOrDefault("frozenBank") : null;
        (share, onEmbedding, voteBias, rare) = (Pinned(1), Pinned(classes * length), Pinned(classes), Pinned(classes));
        (onFrozen, nearness, nearnessBias, frozen) = (Pinned(classes * FrozenLength), Pinned(classes * FrozenLength), Pinned(classes), Pinned((long)batchSize * FrozenLength));
        inputNames = [.. s_inputs, .. votes ? s_votingInputs : [], .. FrozenLength > 0 ? s_frozenInputs : []];
        outputNames = [.. s_outputs, .. FrozenLength > 0 ? s_frozenOutputs : []];
        inputs =
        [
            Tensor(window, batchSize, snapshot.Window.ChannelCount, snapshot.Window.Length), Tensor(prototypes, classes, length), Tensor(classBias, classes), Tensor(temperature, temperatureShape),
            .. votes ? [Tensor(share, 1), Tensor(onEmbedding, classes, length), Tensor(voteBias, classes), Tensor(rare, classes)] : Array.Empty<OrtValue>(),
            .. FrozenLength > 0 ? [Tensor(onFrozen, classes, FrozenLength), Tensor(nearness, classes, FrozenLength), Tensor(nearnessBias, classes)] : Array.Empty<OrtValue>(),
        ];
        outputs =
        [
            Tensor(embedding, batchSize, length), Tensor(similarity, batchSize, classes), Tensor(probability, batchSize, classes), Tensor(novelty, batchSize),
            .. FrozenLength > 0 ? [Tensor(frozen, batchSize, FrozenLength)] : Array.Empty<OrtValue>(),
        ];
        Use(ReadOutWeights.OfPrototypes(new PrototypeMatrix(new float[prototypes.Length], [.. Enumerable.Repeat(PrototypeMatrix.AbsentBias, classBias.Length)], 0), FrozenLength));

        static float[] Pinned(long count) => GC.AllocateArray<float>((int)count, pinned: true);
        static OrtValue Tensor(float[] memory, params long[] shape) => OrtValue.CreateTensorValueFromMemory(memory, shape);
    }

    /// <summary>The snapshot it runs.</summary>
    public SnapshotManifest Snapshot { get; }

    /// <summary>The execution provider that took the whole graph.</summary>
    public string Provider { get; }

    /// <summary>Providers that were asked for before it and did not, each with the reason.</summary>
    public IReadOnlyList<string> ProvidersRefused { get; }

    /// <summary>Windows scored in one call.</summary>
    public int BatchSize { get; }

    /// <summary>Whether anything but prototypes can vote: snapshots of earlier versions have no inputs for it.</summary>
    public bool TakesVotes => inputNames.Length > s_inputs.Length;

    /// <summary>Features of the frozen branch; 0 without one.</summary>
    public int FrozenLength { get; }

    /// <summary>Identity of those features; null without a frozen branch. Statistics of features with another one mean nothing.</summary>
    public string? FrozenBankId { get; }

    /// <summary>Classes that have a prototype.</summary>
    public int KnownCount { get; private set; }

    /// <summary>Opens a snapshot's graph on the first provider that takes all of it, and runs it once, so that the first real window is not the slow one.</summary>
    /// <exception cref="InvalidDataException">The graph cannot be loaded, or does not have the inputs and outputs of a classifier; the message says which.</exception>
    public static Classifier Open(string modelFile, SnapshotManifest snapshot, InferenceSection settings, int batchSize = 1)
    {
        var refused = new List<string>();
        foreach (string provider in settings.Providers)
        {
            try
            {
                using var options = Options(provider, settings.ThreadCount);
                var session = new InferenceSession(modelFile, options);
                try
                {
                    CheckContract(session, modelFile);
                    var classifier = new Classifier(session, snapshot, settings, provider, refused, batchSize);
                    classifier.Run();
                    return classifier;
                }
                catch
                {
                    session.Dispose();
                    throw;
                }
            }
            catch (Exception e) when (provider != "cpu" && e is OnnxRuntimeException or EntryPointNotFoundException or DllNotFoundException)
            {
                refused.Add(e is EntryPointNotFoundException
                    ? $"{provider}: this build of ONNX Runtime does not have it; build with -p:EdgeAccelerator=cuda"
                    : $"{provider}: {e.Message.ReplaceLineEndings(" ").Trim()}");
            }
            catch (OnnxRuntimeException e)
            {
                throw new InvalidDataException($"{modelFile} cannot be run: {e.Message}", e);
            }
        }

        throw new InvalidDataException($"{modelFile} runs on none of inference.providers: {string.Join("; ", refused)}. Add \"cpu\" as the last one.");
    }

    /// <summary>Takes another read-out from the next window on; nothing is allocated.</summary>
    public void Use(ReadOutWeights readOut)
    {
        var matrix = readOut.Prototypes;
        if (matrix.Values.Length != prototypes.Length || matrix.ClassBias.Length != classBias.Length)
            throw new ArgumentException($"prototypes of {matrix.ClassBias.Length} classes x {matrix.Values.Length / Math.Max(1, matrix.ClassBias.Length)} do not fit {Snapshot.Id}: {classBias.Length} x {Snapshot.EmbeddingLength}", nameof(readOut));
        if (readOut.OnFrozen.Length != onFrozen.Length)
            throw new ArgumentException($"weights on {readOut.OnFrozen.Length / classBias.Length} frozen features do not fit {Snapshot.Id}, which has {FrozenLength}", nameof(readOut));
        matrix.Values.CopyTo(prototypes, 0);
        matrix.ClassBias.CopyTo(classBias, 0);
        share[0] = readOut.Share;
        readOut.OnEmbedding.CopyTo(onEmbedding, 0);
        readOut.Bias.CopyTo(voteBias, 0);
        readOut.Rare.CopyTo(rare, 0);
        readOut.OnFrozen.CopyTo(onFrozen, 0);
        readOut.Nearness.CopyTo(nearness, 0);
        readOut.NearnessBias.CopyTo(nearnessBias, 0);
        KnownCount = matrix.KnownCount;
        weighsFeatures = readOut.WeighsFeatures;
    }

    /// <summary>Scores one window.</summary>
    /// <param name="samples">[channels, length] float32, row-major, in the sensor's units.</param>
    public Score Score(ReadOnlySpan<float> samples)
    {
        samples.CopyTo(window);
        Run();
        return ScoreOf(0);
    }

    /// <summary>Scores up to <see cref="BatchSize"/> windows; results are read with <see cref="ScoreOf"/> and <see cref="EmbeddingOf"/>.</summary>
    /// <param name="samples">[count, channels, length] float32, row-major.</param>
    public void ScoreBatch(ReadOnlySpan<float> samples)
    {
        samples.CopyTo(window);
        Run();
    }

    /// <summary>Score of the window at <paramref name="index"/> of the latest call.</summary>
    public Score ScoreOf(int index)
    {
        var row = probability.AsSpan(index * classBias.Length, classBias.Length);
        int best = System.Numerics.Tensors.TensorPrimitives.IndexOfMax(row);
        return KnownCount == 0 ? new Score(-1, 0, 1) : new Score(best, row[best], novelty[index], weighsFeatures && row[best] >= Inference.Score.CertainFrom);
    }

    /// <summary>L2-normalised embedding of the window at <paramref name="index"/> of the latest call: [embedding length]. Valid until the next call.</summary>
    public ReadOnlySpan<float> EmbeddingOf(int index) => embedding.AsSpan(index * Snapshot.EmbeddingLength, Snapshot.EmbeddingLength);

    /// <summary>Frozen features of the window at <paramref name="index"/> of the latest call: [frozen length]. Valid until the next call.</summary>
    public ReadOnlySpan<float> FrozenOf(int index) => frozen.AsSpan(index * FrozenLength, FrozenLength);

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (gate)
        {
            if (disposed) return;
            disposed = true;
            foreach (var value in inputs) value.Dispose();
            foreach (var value in outputs) value.Dispose();
            runOptions.Dispose();
            session.Dispose();
        }
    }

    private void Run()
    {
        // The session itself would read freed memory: that it has been disposed, and that it is while it runs. The latter happens at a stop, when a stage is slower than the time that the host gives it.
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            session.Run(runOptions, inputNames, inputs, outputNames, outputs);
        }
    }

    /// <summary>How every session of this program runs.</summary>
    internal static SessionOptions Options(string provider, int threadCount)
    {
        var options = new SessionOptions
        {
            IntraOpNumThreads = threadCount,
            InterOpNumThreads = 1,
            ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
            EnableCpuMemArena = false, // An arena keeps what a disposed session took; snapshots come and go.
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
        };
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0"); // A pool that spins takes the core that training needs.
        options.AddSessionConfigEntry("session.inter_op.allow_spinning", "0");
        if (provider != "cpu") options.AddSessionConfigEntry("session.disable_cpu_ep_fallback", "1"); // Fail here rather than run half the graph elsewhere.
        if (provider == "tensorrt") options.AppendExecutionProvider_Tensorrt();
        if (provider == "cuda") options.AppendExecutionProvider_CUDA();
        return options;
    }

    private static bool IsInput(InferenceSession session, string name) => session.InputMetadata.ContainsKey(name) || session.OverridableInitializerMetadata.ContainsKey(name);

    private static void CheckContract(InferenceSession session, string modelFile)
    {
        var missing = s_inputs.Where(name => !IsInput(session, name))
            .Concat(s_votingInputs.Any(name => IsInput(session, name)) ? s_votingInputs.Where(name => !IsInput(session, name)) : [])
            .Concat(session.OutputMetadata.ContainsKey(s_frozenOutputs[0]) ? s_frozenInputs.Where(name => !IsInput(session, name)) : [])
            .Concat(s_outputs.Where(name => !session.OutputMetadata.ContainsKey(name))).ToList();
        if (missing.Count > 0) throw new InvalidDataException($"{modelFile} is no classifier: it has no {string.Join(", ", missing)}. Export it again with this version.");
    }
}

/// <summary>What a window was taken for.</summary>
/// <param name="ClassIndex">Index of the class with the most votes; -1 when there is no prototype at all.</param>
/// <param name="Confidence">Softmax of the votes at the configured temperature, 0 to 1.</param>
/// <param name="Novelty">1 - cosine to the nearest prototype, 0 to 2.</param>
/// <param name="IsCertain">Whether a ridge votes, and gives the class <see cref="CertainFrom"/> of the probability or more. Prototypes alone are never certain: their own distance is all that they know.</param>
public readonly record struct Score(int ClassIndex, float Confidence, float Novelty, bool IsCertain = false)
{
    /// <summary>
    /// Probability from which a ridge's answer stands though the trained embedding finds the window unlike everything. Measured on held-out people of the training split of UCI HAR (three splits and class orders, after
    /// each step): 297 windows of known classes were farther than allowed from every prototype, 289 of them above this probability and right; without the rule a step would lose up to 22 points. The price: windows of classes that
    /// nobody has named yet, of which the distance alone calls up to a third unknown, are below it in fewer than one case in two hundred; 0.99 makes that one in sixty.
    /// </summary>
    public const float CertainFrom = 0.9f;

    /// <summary>The class, or -1 ("unknown") when the window is farther from every prototype than <paramref name="unknownBelowSimilarity"/> allows and the answer is not certain.</summary>
    public int ClassOrUnknown(double unknownBelowSimilarity) => !IsCertain && 1 - Novelty < unknownBelowSimilarity ? -1 : ClassIndex;
}
