using Edge.Trainer.Backbones;
using Edge.Trainer.Objectives;
using static TorchSharp.torch;

namespace Edge.Trainer.Methods;

/// <summary>
/// Experience replay with asymmetric cross-entropy: new windows compete among the classes of their batch, replayed ones among all, <see cref="MaskedCrossEntropy"/>. Caccia et al. 2022, "New Insights on
/// Reducing Abrupt Representation Change in Online Continual Learning", section 4.1. Deviations: the linear head of <see cref="ExperienceReplay"/>, where an implementation in use has a cosine head of
/// scale 10, so that the two rows differ in the mask alone; no augmentation; new and replayed windows in one forward pass; the mean of the two terms instead of their sum.
/// </summary>
/// <remarks>It stands or falls with new windows being replayed from the step after their own: remembered after the round instead, new classes never meet the old ones.</remarks>
public sealed class ErAce : TrainingMethod
{
    /// <inheritdoc/>
    public override int? ReplayBatchSize => 32;

    /// <inheritdoc/>
    public override Tensor Loss(LearnerNet net, StepBatch batch, Tensor embeddings) => MaskedCrossEntropy.Loss(net.Logits(embeddings), batch.Labels, batch.FreshRowCount);
}
