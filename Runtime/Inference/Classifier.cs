using System.Globalization;
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
    private static readonly string s_features = $"1 to {PackedSymmetric.MaximumOrder}";
    private readonly ProviderChain chain;
    private readonly GraphFile file;
    private readonly SessionValues values;
    private readonly float[] window, prototypes, classBias, temperature, share, onEmbedding, voteBias, rare, onFrozen, nearness, nearnessBias, embedding, similarity, probability, novelty, frozen;
    private readonly Lock gate = new();
    private ISessionStep step;
    private bool weighsFeatures, disposed;

    /// <summary>Opens the graph on one provider and runs it; for <see cref="ProviderChain.Open"/>.</summary>
    internal Classifier(ProviderChain chain, GraphFile file, SnapshotManifest snapshot, InferenceSection settings, string provider, int batchSize, int threadCount)
    {
        (this.chain, this.file) = (chain, file);
        Snapshot = snapshot;
        Provider = provider;
        BatchSize = batchSize;
        var session = chain.Session(file, provider, withGraph: false);
        try
        {
            CheckContract(session, file.For(provider).Path);
            long classes = snapshot.Classes.Count, length = snapshot.EmbeddingLength;
            (window, prototypes, classBias, temperature) = (Pinned(batchSize * snapshot.Window.ValueCount), Pinned(classes * length), Pinned(classes), [(float)settings.Temperature]);
            (embedding, similarity, probability, novelty) = (Pinned(batchSize * length), Pinned(batchSize * classes), Pinned(batchSize * classes), Pinned(batchSize));
            long[] temperatureShape = [.. session.InputMetadata.TryGetValue("temperature", out var declared) || session.OverridableInitializerMetadata.TryGetValue("temperature", out declared) ? declared.Dimensions.Select(_ => 1L) : [1L]];
            bool votes = TakesVotes = IsInput(session, s_votingInputs[0]);
            FrozenLength = votes && session.OutputMetadata.TryGetValue(s_frozenOutputs[0], out var features) ? features.Dimensions[1] : 0;
            FrozenBankName = FrozenLength > 0 ? session.ModelMetadata.CustomMetadataMap.GetValueOrDefault("frozenBank") : null;
            (share, onEmbedding, voteBias, rare) = (Pinned(1), Pinned(classes * length), Pinned(classes), Pinned(classes));
            (onFrozen, nearness, nearnessBias, frozen) = (Pinned(classes * FrozenLength), Pinned(classes * FrozenLength), Pinned(classes), Pinned((long)batchSize * FrozenLength));
            (string Name, OrtValue Value)[] readOut =
            [
                (s_inputs[1], Tensor(prototypes, classes, length)), (s_inputs[2], Tensor(classBias, classes)), (s_inputs[3], Tensor(temperature, temperatureShape)),
                .. votes ? s_votingInputs.Zip([Tensor(share, 1), Tensor(onEmbedding, classes, length), Tensor(voteBias, classes), Tensor(rare, classes)]) : [],
                .. FrozenLength > 0 ? s_frozenInputs.Zip([Tensor(onFrozen, classes, FrozenLength), Tensor(nearness, classes, FrozenLength), Tensor(nearnessBias, classes)]) : [],
            ];
            BatchTensor[] results =
            [
                new(s_outputs[0], embedding, length), new(s_outputs[1], similarity, classes), new(s_outputs[2], probability, classes), new(s_outputs[3], novelty),
                .. FrozenLength > 0 ? [new BatchTensor(s_frozenOutputs[0], frozen, FrozenLength)] : Array.Empty<BatchTensor>(),
            ];
            values = new SessionValues(batchSize, threadCount, new BatchTensor(s_inputs[0], window, snapshot.Window.ChannelCount, snapshot.Window.Length), readOut, results);
            Use(ReadOutWeights.OfPrototypes(new PrototypeMatrix(new float[prototypes.Length], [.. Enumerable.Repeat(PrototypeMatrix.AbsentBias, classBias.Length)], 0), FrozenLength));
        }
        catch
        {
            values?.Dispose();
            session.Dispose();
            throw;
        }

        try
        {
            step = chain.Step(file, provider, session, values);
        }
        catch
        {
            values.Dispose(); // The session is the step's already.
            throw;
        }

        try
        {
            for (int size = 1; size < batchSize; size *= 2) step.Run(size);
            step.Run(batchSize); // Each size once, so that the first real window of it is not the slow one.
        }
        catch
        {
            Dispose();
            throw;
        }

        static float[] Pinned(long count) => GC.AllocateArray<float>((int)count, pinned: true);
        static OrtValue Tensor(float[] memory, params long[] shape) => OrtValue.CreateTensorValueFromMemory(memory, shape);
    }

    /// <summary>The snapshot it runs.</summary>
    public SnapshotManifest Snapshot { get; }

    /// <summary>The execution provider that runs the whole graph: the one that took it, or the CPU once that one has failed.</summary>
    public string Provider { get; private set; }

    /// <summary>Providers that were asked for before it and do not run, each with the reason.</summary>
    public IReadOnlyList<ProviderRefusal> ProvidersRefused => chain.Refused;

    /// <summary>Numbers that the graph computes with: those of the file that its provider runs.</summary>
    public string Precision => file.For(Provider).Precision;

    /// <summary>Windows scored in one call.</summary>
    public int BatchSize { get; }

    /// <summary>Whether anything but prototypes can vote: snapshots of earlier versions have no inputs for it.</summary>
    public bool TakesVotes { get; }

    /// <summary>Features of the frozen branch; 0 without one.</summary>
    public int FrozenLength { get; }

    /// <summary>What computes those features, as the graph says it; null without a frozen branch.</summary>
    public string? FrozenBankName { get; }

    /// <summary>Identity of those features; null without a frozen branch. Statistics of features with another one mean nothing. The same bank over windows that are sampled faster or slower computes other features.</summary>
    public string? FrozenBankId => FrozenBankName is { } bank ? FrozenStatistics.FeaturesOf(bank, Snapshot.Window.SampleRateHz) : null;

    /// <summary>Classes that can be the answer: <see cref="ReadOutWeights.KnownCount"/>.</summary>
    public int KnownCount { get; private set; }

    /// <summary>Classes that have a prototype; without any there is neither novelty nor margin.</summary>
    public int PrototypeCount { get; private set; }

    /// <summary>From which novelty on a window is unknown; null: not calibrated.</summary>
    public NoveltyCalibration? Calibration { get; private set; }

    /// <summary>Opens a snapshot's graph on the first provider that takes all of it, outside of a service: see <see cref="ProviderChain.Open"/>.</summary>
    /// <exception cref="InvalidDataException">The graph cannot be loaded, or does not have the inputs and outputs of a classifier; the message says which.</exception>
    public static Classifier Open(string modelFile, SnapshotManifest snapshot, InferenceSection settings, int batchSize = 1) => new ProviderChain(settings).Open(new GraphFile(modelFile), snapshot, batchSize);

    /// <summary>Takes another read-out from the next window on; nothing is allocated.</summary>
    public void Use(ReadOutWeights weights)
    {
        var matrix = weights.Prototypes;
        if (matrix.Values.Length != prototypes.Length || matrix.ClassBias.Length != classBias.Length)
            throw new ArgumentException($"prototypes of {matrix.ClassBias.Length} classes x {matrix.Values.Length / Math.Max(1, matrix.ClassBias.Length)} do not fit {Snapshot.Id}: {classBias.Length} x {Snapshot.EmbeddingLength}", nameof(weights));
        if (weights.OnFrozen.Length != onFrozen.Length)
            throw new ArgumentException($"weights on {weights.OnFrozen.Length / classBias.Length} frozen features do not fit {Snapshot.Id}, which has {FrozenLength}", nameof(weights));
        matrix.Values.CopyTo(prototypes, 0);
        matrix.ClassBias.CopyTo(classBias, 0);
        share[0] = weights.Share;
        weights.OnEmbedding.CopyTo(onEmbedding, 0);
        weights.Bias.CopyTo(voteBias, 0);
        weights.Rare.CopyTo(rare, 0);
        weights.OnFrozen.CopyTo(onFrozen, 0);
        weights.Nearness.CopyTo(nearness, 0);
        weights.NearnessBias.CopyTo(nearnessBias, 0);
        (KnownCount, PrototypeCount) = (weights.KnownCount, matrix.KnownCount);
        weighsFeatures = weights.WeighsFeatures;
        Calibration = weights.Calibration;
    }

    /// <summary>Scores one window.</summary>
    /// <param name="samples">[channels, length] float32, row-major, in the sensor's units.</param>
    public Score Score(ReadOnlySpan<float> samples)
    {
        ScoreBatch(samples);
        return ScoreOf(0);
    }

    /// <summary>Scores up to <see cref="BatchSize"/> windows; results are read with <see cref="ScoreOf"/> and <see cref="EmbeddingOf"/>.</summary>
    /// <param name="samples">[count, channels, length] float32, row-major. Counts of 1, 2, 4, 8 … cost what they need, others as much as the next of these or a whole batch.</param>
    public void ScoreBatch(ReadOnlySpan<float> samples)
    {
        samples.CopyTo(window);
        ScoreLaidOut(samples.Length / Snapshot.Window.ValueCount);
    }

    /// <summary>Where the window at <paramref name="index"/> of the next call is written, for <see cref="ScoreLaidOut"/>: [channels, length] float32, row-major, in the sensor's units.</summary>
    public Span<float> WindowOf(int index) => window.AsSpan(index * Snapshot.Window.ValueCount, Snapshot.Window.ValueCount);

    /// <summary>As <see cref="ScoreBatch"/>, for windows that have been written to <see cref="WindowOf"/>.</summary>
    public void ScoreLaidOut(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, BatchSize);
        Run(count);
    }

    /// <summary>Score of the window at <paramref name="index"/> of the latest call.</summary>
    public Score ScoreOf(int index)
    {
        var row = probability.AsSpan(index * classBias.Length, classBias.Length);
        int best = System.Numerics.Tensors.TensorPrimitives.IndexOfMax(row);
        return KnownCount == 0 ? new Score(-1, 0, 1) : new Score(best, row[best], PrototypeCount == 0 ? 1 : novelty[index], weighsFeatures && row[best] >= Inference.Score.CertainFrom);
    }

    /// <summary>L2-normalised embedding of the window at <paramref name="index"/> of the latest call: [embedding length]. Valid until the next call.</summary>
    public ReadOnlySpan<float> EmbeddingOf(int index) => embedding.AsSpan(index * Snapshot.EmbeddingLength, Snapshot.EmbeddingLength);

    /// <summary>Probabilities of the window at <paramref name="index"/> of the latest call: [classes]. Valid until the next call.</summary>
    public ReadOnlySpan<float> ProbabilityOf(int index) => probability.AsSpan(index * classBias.Length, classBias.Length);

    /// <summary>Cosine of the window at <paramref name="index"/> of the latest call to its nearest prototype less that to the second nearest; 0 with fewer than two prototypes.</summary>
    public float MarginOf(int index)
    {
        if (PrototypeCount < 2) return 0;
        (float best, float second) = (float.NegativeInfinity, float.NegativeInfinity);
        for (int c = 0; c < classBias.Length; c++)
        {
            if (classBias[c] <= PrototypeMatrix.AbsentBias) continue;
            float cosine = similarity[index * classBias.Length + c];
            (best, second) = cosine > best ? (cosine, best) : (best, Math.Max(second, cosine));
        }

        return best - second;
    }

    /// <summary>Frozen features of the window at <paramref name="index"/> of the latest call: [frozen length]. Valid until the next call.</summary>
    public ReadOnlySpan<float> FrozenOf(int index) => frozen.AsSpan(index * FrozenLength, FrozenLength);

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (gate)
        {
            if (disposed) return;
            disposed = true;
            step.Dispose();
            values.Dispose();
        }
    }

    private void Run(int windowCount)
    {
        // The session itself would read freed memory: that it has been disposed, and that it is while it runs. The latter happens at a stop, when a stage is slower than the time that the host gives it.
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            try
            {
                step.Run(windowCount);
            }
            catch (Exception e) when (Provider != ProviderChain.Cpu && e is OnnxRuntimeException or CudaCopyException)
            {
                GoOnOnCpu(e);
                step.Run(windowCount);
            }
        }
    }

    /// <summary>The provider has failed in the middle of a window: the CPU takes the same inputs.</summary>
    private void GoOnOnCpu(Exception error)
    {
        var failed = (Step: step, Provider);
        step = new CpuStep(chain.Session(file, ProviderChain.Cpu, withGraph: false), values);
        Provider = ProviderChain.Cpu;
        failed.Step.Dispose();
        chain.Fail(failed.Provider, error);
    }

    private static bool IsInput(InferenceSession session, string name) => session.InputMetadata.ContainsKey(name) || session.OverridableInitializerMetadata.ContainsKey(name);

    private static void CheckContract(InferenceSession session, string modelFile)
    {
        var missing = s_inputs.Where(name => !IsInput(session, name))
            .Concat(s_votingInputs.Any(name => IsInput(session, name)) ? s_votingInputs.Where(name => !IsInput(session, name)) : [])
            .Concat(session.OutputMetadata.ContainsKey(s_frozenOutputs[0]) ? s_frozenInputs.Where(name => !IsInput(session, name)) : [])
            .Concat(s_outputs.Where(name => !session.OutputMetadata.ContainsKey(name))).ToList();
        if (missing.Count > 0) throw new InvalidDataException($"{modelFile} is no classifier: it has no {string.Join(", ", missing)}. Export it again with this version.");
        foreach (string name in s_outputs) CheckShape(session.OutputMetadata[name], $"output '{name}'", name == "novelty" ? ["batch"] : ["batch", name == "embedding" ? s_features : "classes"], modelFile);
        if (IsInput(session, s_votingInputs[0]) && session.OutputMetadata.TryGetValue(s_frozenOutputs[0], out var frozen)) CheckShape(frozen, $"output '{s_frozenOutputs[0]}'", ["batch", s_features], modelFile);
        var temperature = session.InputMetadata.TryGetValue("temperature", out var fed) ? fed : session.OverridableInitializerMetadata["temperature"];
        if (temperature.OnnxValueType != OnnxValueType.ONNX_TYPE_TENSOR || temperature.Dimensions.Any(size => size is not (1 or -1))) throw Misshapen(temperature, "input 'temperature'", "[1]", modelFile);
    }

    /// <summary>What its other inputs are sized by must be a number that sums can be kept of; of the other axes only their count is looked at.</summary>
    private static void CheckShape(NodeMetadata found, string what, string[] expected, string modelFile)
    {
        bool fits = found.OnnxValueType == OnnxValueType.ONNX_TYPE_TENSOR && found.Dimensions.Length == expected.Length && (expected[^1] != s_features || found.Dimensions[^1] is >= 1 and <= PackedSymmetric.MaximumOrder);
        if (!fits) throw Misshapen(found, what, $"[{string.Join(", ", expected)}]", modelFile);
    }

    private static InvalidDataException Misshapen(NodeMetadata found, string what, string expected, string modelFile)
    {
        string shape = found.OnnxValueType != OnnxValueType.ONNX_TYPE_TENSOR ? "no tensor"
            : $"[{string.Join(", ", found.Dimensions.Zip(found.SymbolicDimensions, (size, name) => size >= 0 ? size.ToString(CultureInfo.InvariantCulture) : name.Length > 0 ? name : "?"))}]";
        return new InvalidDataException($"{modelFile} is no classifier of this version: its {what} is {shape}, expected {expected}. Export it again with this version.");
    }
}

/// <summary>What a window was taken for.</summary>
/// <param name="ClassIndex">Index of the class with the most votes; -1 when none is known at all.</param>
/// <param name="Confidence">Softmax of the votes at the configured temperature, 0 to 1.</param>
/// <param name="Novelty">1 - cosine to the nearest prototype, 0 to 2; 1 where there is none.</param>
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
