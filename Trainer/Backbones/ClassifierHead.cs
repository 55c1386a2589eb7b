using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Edge.Trainer.Backbones;

/// <summary>How a head scores an embedding.</summary>
public enum HeadKind
{
    /// <summary>By angle: <see cref="CosineHead"/>.</summary>
    Cosine,

    /// <summary>By an affine map: <see cref="LinearHead"/>.</summary>
    Linear,
}

/// <summary>A classifier of embeddings that training uses: [n, d] to logits [n, classes]. One row per class, so that a class can be added.</summary>
public abstract class ClassifierHead(string name) : nn.Module<Tensor, Tensor>(name)
{
    /// <summary>One row per class, [classes, d].</summary>
    public abstract Parameter Weight { get; }

    /// <summary>One value per class, [classes]; null when the head has none.</summary>
    public abstract Parameter? Bias { get; }

    /// <summary>Which head it is.</summary>
    public abstract HeadKind Kind { get; }

    /// <summary>Creates a head with random rows; they come from torch's generator, so seed it first.</summary>
    public static ClassifierHead Create(HeadKind kind, int embeddingLength, int classCount) =>
        kind == HeadKind.Linear ? new LinearHead(embeddingLength, classCount) : new CosineHead(embeddingLength, classCount);
}
