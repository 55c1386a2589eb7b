using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Edge.Trainer.Backbones;

/// <summary>An encoder h = f(x): windows [batch, channels, length] to embeddings [batch, <see cref="EmbeddingLength"/>], not normalised.</summary>
public abstract class Backbone(string name) : nn.Module<Tensor, Tensor>(name)
{
    /// <summary>Channels of the windows it takes.</summary>
    public abstract int ChannelCount { get; }

    /// <summary>Samples per channel that a window must at least have.</summary>
    public abstract int MinimumLength { get; }

    /// <summary>Samples per channel of the only windows it takes; null: any number from <see cref="MinimumLength"/>.</summary>
    public virtual int? FixedLength => null;

    /// <summary>Length of one embedding.</summary>
    public abstract int EmbeddingLength { get; }

    /// <summary>Values per window of <see cref="PooledLayers"/>.</summary>
    public virtual int PooledLength => EmbeddingLength;

    /// <summary>The layers in order, input normalisation included, for the exporter.</summary>
    public abstract Sequential Layers { get; }

    /// <summary>
    /// Takes the scale of the input from windows [n, channels, length], for backbones that keep one; without effect on the others. To be called once, before the first training: afterwards it would move
    /// the input under the trained weights.
    /// </summary>
    public virtual void FitInput(Tensor windows)
    {
    }

    /// <summary>Memory that one window takes in a training step, forward and backward, bytes: an upper estimate from a measurement, for batches that must fit. The default is that of the dearest backbone here.</summary>
    /// <param name="length">Samples per channel.</param>
    public virtual long TrainingBytesPerWindow(int length) => 16384L * length;

    /// <summary>What all layers see, for a read-out: windows to [batch, <see cref="PooledLength"/>]; the embedding where a backbone offers nothing more.</summary>
    public virtual Tensor PooledLayers(Tensor windows) => forward(windows);
}
