using static TorchSharp.torch;

namespace Edge.Trainer.Backbones;

/// <summary>An encoder h = f(x): windows [batch, channels, length] to embeddings [batch, <see cref="EmbeddingLength"/>], not normalised.</summary>
public abstract class Backbone(string name) : nn.Module<Tensor, Tensor>(name)
{
    /// <summary>Length of one embedding.</summary>
    public abstract int EmbeddingLength { get; }
}
