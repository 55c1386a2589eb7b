using Edge.Storage;
using Edge.Trainer.Backbones;
using Edge.Trainer.Rounds;
using static TorchSharp.torch;

namespace Edge.Runtime.Tests.Inference;

/// <summary>A real snapshot: a seeded, untrained backbone, exported as the training child exports it.</summary>
internal static class TestSnapshot
{
    public static WindowShape Window { get; } = new(3, 32, 50);

    public static IReadOnlyList<string> Classes { get; } = ["still", "slow", "fast"];

    public static SnapshotManifest Manifest { get; } = new()
    {
        Id = "s000001-01234567",
        CreatedAt = DateTimeOffset.UnixEpoch,
        Classes = Classes,
        Window = Window,
        EmbeddingLength = 128,
        Round = 0,
    };

    private static readonly Lock s_generator = new();
    private static readonly Lazy<byte[]> s_model = new(() => Export(0, 1)), s_frozen = new(() => Export(140, 1)), s_otherFrozen = new(() => Export(140, 2));

    /// <summary>Writes the exported graph into a folder: without a frozen branch.</summary>
    public static string Write(DataFolder folder, string name = "model.onnx") => Write(folder, name, s_model.Value);

    /// <summary>The same with a frozen branch.</summary>
    public static string WriteFrozen(DataFolder folder, int seed = 1) => Write(folder, $"frozen{seed}.onnx", seed == 1 ? s_frozen.Value : s_otherFrozen.Value);

    /// <summary>The same without a frozen branch, of other weights.</summary>
    public static string WriteOther(DataFolder folder, string name) => Write(folder, name, Export(0, 1, seed: 2));

    private static string Write(DataFolder folder, string name, byte[] model)
    {
        File.WriteAllBytes(folder[name], model);
        return folder[name];
    }

    private static byte[] Export(int frozenFeatures, int frozenSeed, int seed = 1)
    {
        using var alone = Seeding();
        manual_seed(seed);
        using var net = new TscilCnn(Window.ChannelCount);
        net.eval();
        return ClassifierGraph.Write(net, new ClassifierGraphOptions { Window = Window, Classes = Classes, Temperature = 0.1, FrozenFeatures = frozenFeatures, FrozenSeed = frozenSeed });
    }

    /// <summary>Torch has one generator for the whole process, and tests run side by side: whoever seeds it holds this until the weights are drawn.</summary>
    public static Lock.Scope Seeding() => s_generator.EnterScope();

    /// <summary>A window of a class: a wave of its frequency with some noise, [channels, length].</summary>
    public static float[] WindowOf(string className, int seed)
    {
        var random = new Random(seed);
        double frequency = className switch { "still" => 0, "slow" => 1, _ => 6 };
        double phase = random.NextDouble();
        float[] samples = new float[Window.ValueCount];
        for (int channel = 0; channel < Window.ChannelCount; channel++)
            for (int i = 0; i < Window.Length; i++)
                samples[channel * Window.Length + i] = (float)((channel + 1) * Math.Sin(2 * Math.PI * (frequency * i / Window.Length + phase)) + 0.02 * random.NextDouble());
        return samples;
    }
}
