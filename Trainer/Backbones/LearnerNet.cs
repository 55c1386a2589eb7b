using static TorchSharp.torch;

namespace Edge.Trainer.Backbones;

/// <summary>Everything that a checkpoint holds: the backbone, which is exported, and the projector and head, which only training uses.</summary>
public sealed class LearnerNet : nn.Module
{
    private const double Unseen = -1e9; // exp() of it is 0 in float32.
    private readonly bool[] isSeen;
    private readonly Backbone backbone;
    private readonly Projector projector;
    private readonly ClassifierHead head;

    /// <summary>Puts the heads on a backbone; their weights come from torch's generator, so seed it first.</summary>
    /// <param name="backbone">Owned from here on.</param>
    /// <param name="classes">Names of the head's rows; those not seen yet have a row as well, which <see cref="Logits"/> masks.</param>
    /// <param name="headKind">Which head.</param>
    public LearnerNet(Backbone backbone, IReadOnlyList<string> classes, HeadKind headKind = HeadKind.Cosine)
        : base(nameof(LearnerNet))
    {
        this.backbone = backbone;
        projector = new Projector(backbone.EmbeddingLength);
        head = ClassifierHead.Create(headKind, backbone.EmbeddingLength, classes.Count);
        Classes = classes;
        isSeen = new bool[classes.Count];
        RegisterComponents();
    }

    /// <summary>Windows [n, channels, length] to embeddings [n, embedding length], not normalised.</summary>
    public Backbone Backbone => backbone;

    /// <summary>Embeddings to the projections that the contrastive loss compares.</summary>
    public Projector Projector => projector;

    /// <summary>Embeddings to logits over <see cref="Classes"/>.</summary>
    public ClassifierHead Head => head;

    /// <summary>Names of the head's rows, in order.</summary>
    public IReadOnlyList<string> Classes { get; }

    /// <summary>Which rows of the head belong to classes that training has met; the others take no part in any softmax, as in a head that grows.</summary>
    public IReadOnlyList<bool> IsSeen => isSeen;

    /// <summary>Marks classes as met.</summary>
    public void See(IEnumerable<int> classIndices)
    {
        foreach (int c in classIndices) isSeen[c] = true;
    }

    /// <summary>Embeddings [n, d] to logits [n, classes], those of classes not met yet at -1e9.</summary>
    public Tensor Logits(Tensor embeddings)
    {
        using var scope = NewDisposeScope();
        var logits = head.forward(embeddings);
        if (Array.IndexOf(isSeen, false) < 0 || Array.IndexOf(isSeen, true) < 0) return logits.MoveToOuterDisposeScope();
        var unseen = tensor(Array.ConvertAll(isSeen, seen => !seen), device: embeddings.device);
        return logits.masked_fill(unseen.unsqueeze(0), Unseen).MoveToOuterDisposeScope();
    }

    /// <summary>Optimiser steps behind these weights, over all rounds; 0 = untrained.</summary>
    public long TrainedStepCount { get; set; }
}
