using Edge.Trainer.Backbones;
using static TorchSharp.torch;

namespace Edge.Trainer.Methods;

/// <summary>
/// Experience replay: cross-entropy over new and replayed windows alike, <c>L = CE(head(h), y)</c> with the mean over all rows. Chaudhry et al. 2019, "On Tiny Episodic Memories in Continual Learning",
/// algorithm 1. Deviation: new and replayed windows go through the network in one batch.
/// </summary>
public sealed class ExperienceReplay : TrainingMethod
{
    /// <inheritdoc/>
    public override int? ReplayBatchSize => 32;

    /// <inheritdoc/>
    public override Tensor Loss(LearnerNet net, StepBatch batch, Tensor embeddings) => nn.functional.cross_entropy(net.Logits(embeddings), batch.Labels);
}
