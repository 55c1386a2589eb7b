using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Storage;
using Edge.Trainer.Backbones;
using Edge.Trainer.Rounds;
using static TorchSharp.torch;

namespace Edge.Benchmarks;

/// <summary>What inference is measured with: the default backbone of seeded weights, with the default frozen branch or without, a read-out of seeded weights, and windows that are all different: a sort of the same values again and again would teach the processor their order.</summary>
internal static class InferenceSubject
{
    public const int FrozenFeatures = 737;
    private const int WindowCount = 512, Seed = 1;

    public static WindowShape Window { get; } = new(9, 128, 50);

    public static InferenceSection Settings { get; } = new() { Providers = ["cpu"], UnknownBelowSimilarity = -1 };

    public static SnapshotManifest Manifest { get; } = new()
    {
        Id = "s000001-00000001", CreatedAt = DateTimeOffset.UnixEpoch, Classes = ["a", "b", "c", "d", "e", "f"], Window = Window, EmbeddingLength = 128, Round = 0,
    };

    /// <summary>Of a backbone so small that a call costs more than its arithmetic: vectors of 128 features, as a gas sensor array gives them.</summary>
    public static SnapshotManifest VectorManifest { get; } = Manifest with { Window = new(128, 1, 1) };

    /// <summary>Multiply-adds of the convolutions for one window: of the backbone, and of the frozen branch.</summary>
    public static (double Backbone, double Frozen) MultiplyAdds()
    {
        using var bank = (RandomConvolutionBank)FrozenBank.Create(Window, Seed, FrozenFeatures);
        double sum = 0;
        int inputs = Window.ChannelCount, length = Window.Length;
        foreach (int outputs in new[] { 64, 128, 256, 128 })
        {
            sum += 5.0 * inputs * outputs * length;
            (inputs, length) = (outputs, length / 2);
        }

        return (sum, bank.Kernels.MultiplyAddCount);
    }

    /// <summary>Multiply-adds of the perceptron for one vector: 128 x 256 + 256 x 128.</summary>
    public const double VectorMultiplyAdds = 2 * 128 * 256;

    public static TscilCnn Backbone()
    {
        manual_seed(Seed);
        var net = new TscilCnn(Window.ChannelCount);
        net.eval();
        return net;
    }

    public static MlpBackbone VectorBackbone()
    {
        manual_seed(Seed);
        var net = new MlpBackbone(VectorManifest.Window.ChannelCount);
        net.eval();
        return net;
    }

    public static byte[] Export(Backbone backbone, int frozenFeatures) =>
        ClassifierGraph.Write(backbone, new ClassifierGraphOptions { Window = backbone is MlpBackbone ? VectorManifest.Window : Window, Classes = Manifest.Classes, Temperature = Settings.Temperature, FrozenFeatures = frozenFeatures, FrozenSeed = Seed });

    public static float[] Windows()
    {
        var random = new Random(Seed);
        float[] windows = new float[WindowCount * Window.ValueCount];
        for (int row = 0; row < windows.Length; row += Window.Length)
        {
            double phase = random.NextDouble() * 6, frequency = random.NextDouble() * 10, level = random.NextDouble();
            for (int t = 0; t < Window.Length; t++) windows[row + t] = (float)(level + Math.Sin(phase + frequency * t * 2 * Math.PI / Window.Length) + 0.3 * random.NextDouble());
        }

        return windows;
    }

    public static ReadOutWeights ReadOut(int frozenLength)
    {
        var random = new Random(Seed);
        int classes = Manifest.Classes.Count;
        float[] Draw(int count, double scale) => [.. Enumerable.Range(0, count).Select(_ => (float)(scale * (random.NextDouble() - 0.5)))];
        var prototypes = new PrototypeMatrix(Draw(classes * Manifest.EmbeddingLength, 1), new float[classes], classes);
        return ReadOutWeights.OfPrototypes(prototypes, frozenLength) with { Share = 0.5f, OnEmbedding = Draw(classes * Manifest.EmbeddingLength, 0.1), OnFrozen = Draw(classes * frozenLength, 0.01) };
    }

    /// <summary>The same with novelty calibrated over the frozen features, half of the windows counted and half of them held out, as a device has it once it has learnt.</summary>
    public static ReadOutWeights Calibrated(Classifier session, float[] windows)
    {
        var readOut = ReadOut(session.FrozenLength);
        var encoded = AnchorExam.Encode(session, windows.Chunk(Window.ValueCount).Select((samples, i) => ((ReadOnlyMemory<float>)samples, Manifest.Classes[i % Manifest.Classes.Count])));
        var (statistics, anchors) = (new ClassStatistics(session.FrozenBankId!, session.FrozenLength), encoded.From(encoded.Classes.Count / 2));
        statistics.Add([.. encoded.Classes.Take(encoded.Classes.Count / 2)], encoded.Frozen[..(encoded.Classes.Count / 2 * session.FrozenLength)]);
        return readOut with { Calibration = NoveltyExam.Of(anchors, readOut.Prototypes, statistics, Manifest.Classes, Settings.UnknownFalseAlarmPercent) ?? throw new InvalidOperationException("novelty could not be calibrated") };
    }

    public static Classifier Open(string model, ReadOutWeights readOut, int batchSize = 1, int threadCount = 1, SnapshotManifest? manifest = null)
    {
        var classifier = new ProviderChain(Settings).Open(new GraphFile(model), manifest ?? Manifest, batchSize, threadCount);
        classifier.Use(readOut);
        return classifier;
    }
}
