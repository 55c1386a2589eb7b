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

    /// <summary>Length of one embedding.</summary>
    public abstract int EmbeddingLength { get; }

    /// <summary>The layers in order, input normalisation included, for the exporter.</summary>
    public abstract Sequential Layers { get; }

    /// <summary>Called once, before the first training, with the windows [n, channels, length] that it begins with: the place to fix an input scale. Nothing by default.</summary>
    public virtual void FitInput(Tensor windows)
    {
    }
}
