using static TorchSharp.torch;

namespace Edge.Trainer.Backbones;

/// <summary>Everything that a checkpoint holds: the backbone, which is exported, and the projector and cosine head, which only training uses.</summary>
public sealed class LearnerNet : nn.Module
{
    private readonly Backbone backbone;
    private readonly Projector projector;
    private readonly CosineHead head;

    /// <summary>Puts the heads on a backbone; their weights come from torch's generator, so seed it first.</summary>
    public LearnerNet(Backbone backbone, IReadOnlyList<string> classes)
        : base(nameof(LearnerNet))
    {
        this.backbone = backbone;
        projector = new Projector(backbone.EmbeddingLength);
        head = new CosineHead(backbone.EmbeddingLength, classes.Count);
        Classes = classes;
        RegisterComponents();
    }

    /// <summary>Windows [n, channels, length] to embeddings [n, embedding length], not normalised.</summary>
    public Backbone Backbone => backbone;

    /// <summary>Embeddings to the projections that the contrastive loss compares.</summary>
    public Projector Projector => projector;

    /// <summary>Embeddings to logits over <see cref="Classes"/>.</summary>
    public CosineHead Head => head;

    /// <summary>Names of the head's rows, in order.</summary>
    public IReadOnlyList<string> Classes { get; }

    /// <summary>Optimiser steps behind these weights, over all rounds; 0 = untrained.</summary>
    public long TrainedStepCount { get; set; }
}
