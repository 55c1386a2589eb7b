using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Edge.Trainer.Backbones;

/// <summary>
/// A classifier of embeddings by angle: [n, d] to logits [n, classes] in [-10, 10], logit_c = 10 cos(h, w_c). Without norms and biases a class cannot win by being seen last
/// (Hou et al. 2019, LUCIR, section 3.2). It steers training only; what the device reads out by is <c>readOut</c>'s.
/// </summary>
public sealed class CosineHead : ClassifierHead
{
    private const double Scale = 10; // As in the cosine variant of ER-ACE's reference implementation.
    private readonly Parameter weight;

    /// <summary>Creates the head with random directions; they come from torch's generator, so seed it first.</summary>
    public CosineHead(int embeddingLength, int classCount)
        : base(nameof(CosineHead))
    {
        weight = new Parameter(randn(classCount, embeddingLength));
        RegisterComponents();
    }

    /// <summary>One row per class, [classes, d]; only the directions matter.</summary>
    public override Parameter Weight => weight;

    /// <inheritdoc/>
    public override Parameter? Bias => null;

    /// <inheritdoc/>
    public override HeadKind Kind => HeadKind.Cosine;

    /// <inheritdoc/>
    public override Tensor forward(Tensor input)
    {
        using var directions = nn.functional.normalize(input, 2, 1);
        using var rows = nn.functional.normalize(weight, 2, 1);
        using var cosines = nn.functional.linear(directions, rows);
        return cosines * Scale;
    }
}
