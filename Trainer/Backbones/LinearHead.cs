using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Edge.Trainer.Backbones;

/// <summary>The plain classifier of the cross-entropy methods: [n, d] to logits [n, classes] = h W' + b, Xavier-initialised as in the TSCIL benchmark (Qiao et al. 2024).</summary>
public sealed class LinearHead : ClassifierHead
{
    private readonly Parameter weight;
    private readonly Parameter bias;

    /// <summary>Creates the head; its weights come from torch's generator, so seed it first.</summary>
    public LinearHead(int embeddingLength, int classCount)
        : base(nameof(LinearHead))
    {
        weight = new Parameter(nn.init.xavier_uniform_(empty(classCount, embeddingLength)));
        bias = new Parameter(zeros(classCount));
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override Parameter Weight => weight;

    /// <inheritdoc/>
    public override Parameter Bias => bias;

    /// <inheritdoc/>
    public override HeadKind Kind => HeadKind.Linear;

    /// <inheritdoc/>
    public override Tensor forward(Tensor input) => nn.functional.linear(input, weight, bias);
}
