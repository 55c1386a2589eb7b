using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Edge.Trainer.Backbones;

/// <summary>
/// The projection head of contrastive training: embeddings [n, d] to projections [n, 128] by Linear(d, d), ReLU, Linear(d, 128). Only the contrastive loss sees its output; the read-out uses the
/// embedding before it, which keeps what the loss throws away (Chen et al. 2020, SimCLR, section 4.2; Khosla et al. 2020, section 3.1).
/// </summary>
public sealed class Projector : Module<Tensor, Tensor>
{
    private const int ProjectionLength = 128;
    private readonly Sequential layers;

    /// <summary>Creates the head for embeddings of <paramref name="embeddingLength"/> values; weights come from torch's generator, so seed it first.</summary>
    public Projector(int embeddingLength)
        : base(nameof(Projector))
    {
        layers = Sequential(("hidden", Linear(embeddingLength, embeddingLength)), ("relu", ReLU()), ("out", Linear(embeddingLength, ProjectionLength)));
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override Tensor forward(Tensor input) => layers.forward(input);
}
