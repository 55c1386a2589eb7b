using Edge.Storage;
using Edge.Trainer.Backbones;
using static TorchSharp.torch;

namespace Edge.Trainer.Bench;

/// <summary>The features that a frozen branch counts: those of a seeded bank and, from the end of the first round on where a variant wants it, what all layers of the network saw that was trained in it.</summary>
internal sealed class FrozenFeatureSpace(WindowShape window) : IDisposable
{
    private const int Chunk = 256;
    private readonly FrozenBank bank = FrozenBank.Create(window);
    private Backbone? session;

    /// <summary>Features of a window.</summary>
    public int Length => bank.FeatureLength + (session?.PooledLength ?? 0);

    /// <summary>Fixes the bank's scale, where it has one, on the windows that come first, [n, channels, length].</summary>
    public void Fit(Tensor first) => bank.Fit(first);

    /// <summary>Appends what a network sees; features of before mean nothing any more.</summary>
    /// <param name="network">Taken over, never trained again.</param>
    public void Append(Backbone network)
    {
        session?.Dispose();
        session = network;
    }

    /// <summary>Features [n, <see cref="Length"/>] of windows [n, channels, length], row-major.</summary>
    public float[] Of(Tensor windows)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        return (session is null ? bank.forward(windows) : cat([bank.forward(windows), session.PooledLayers(windows)], 1)).contiguous().data<float>().ToArray();
    }

    /// <summary>Features of all windows of a recording, a few hundred at a time.</summary>
    public float[] Of(LabelledWindows all, CancellationToken cancel)
    {
        float[] features = new float[all.Count * Length];
        for (int at = 0; at < all.Count; at += Chunk)
        {
            cancel.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            int count = Math.Min(Chunk, all.Count - at), size = all.Window.ValueCount;
            Of(tensor(all.Values.AsSpan(at * size, count * size).ToArray(), [count, all.Window.ChannelCount, all.Window.Length])).CopyTo(features.AsSpan(at * Length));
        }

        return features;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        bank.Dispose();
        session?.Dispose();
    }
}
