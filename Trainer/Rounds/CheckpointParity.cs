using Edge.Storage;
using static TorchSharp.torch;

namespace Edge.Trainer.Rounds;

/// <summary>Parity cases of a checkpoint that comes without them, from elsewhere: what the trainer computes of some windows. Loads libtorch; not for the service's process.</summary>
public static class CheckpointParity
{
    private const int Count = 8;

    /// <summary>Embeddings of seeded noise.</summary>
    /// <param name="checkpointFile">The trainer's weights.</param>
    /// <param name="window">Windows that the graph takes.</param>
    /// <param name="seed">Seed of the windows.</param>
    /// <exception cref="InvalidDataException">The file is no checkpoint, or one of other windows; the message says which.</exception>
    public static ParityCases Of(string checkpointFile, WindowShape window, int seed)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        set_num_threads(1);
        using var net = LearnerCheckpoint.Read(checkpointFile, ["any"]);
        var backbone = net.Backbone;
        if (backbone.ChannelCount != window.ChannelCount || (backbone.FixedLength ?? window.Length) != window.Length)
            throw new InvalidDataException($"{checkpointFile} takes {backbone.ChannelCount} channels{(backbone.FixedLength is { } length ? $" of {length} samples" : "")}, the graph takes {window.ChannelCount} of {window.Length}. They do not belong together.");
        net.eval();
        var random = new Random(seed);
        float[] values = new float[Count * window.ValueCount];
        for (int i = 0; i < values.Length; i++) values[i] = (float)(2 * (random.NextDouble() + random.NextDouble() + random.NextDouble()) - 3);
        var embeddings = nn.functional.normalize(backbone.forward(tensor(values, [Count, window.ChannelCount, window.Length])), 2, 1);
        return new ParityCases(values, embeddings.data<float>().ToArray(), Count);
    }
}
