using Edge.Trainer.Backbones;
using Edge.Trainer.Objectives;
using static TorchSharp.torch;

namespace Edge.Trainer.Methods;

/// <summary>
/// Proxy-based contrastive replay, the method <c>pcr</c>: <c>L = ProxyContrast(h, rows of the head)</c> over new and replayed windows and one view of each; read out by the head, that is by the nearest
/// proxy. Lin et al. 2023, "PCR: Proxy-based Contrastive Replay for Online Class-Incremental Continual Learning", section 4. Deviations: Adam instead of SGD; trains from the first step on, not only
/// once there is something to replay.
/// </summary>
/// <param name="temperature">T, above 0.</param>
public sealed class ProxyContrastiveReplay(double temperature = 0.09) : TrainingMethod
{
    private readonly ProxyContrast contrast = new(temperature);

    /// <inheritdoc/>
    public override HeadKind Head => HeadKind.Cosine;

    /// <inheritdoc/>
    public override int? ReplayBatchSize => 32;

    /// <inheritdoc/>
    public override bool Augments => true;

    /// <inheritdoc/>
    public override Tensor Loss(LearnerNet net, StepBatch batch, Tensor embeddings) => contrast.Loss(embeddings, net.Head.Weight, batch.Labels);
}
