using Edge.Trainer.Backbones;
using static TorchSharp.torch;

namespace Edge.Trainer.Methods;

/// <summary>
/// Training from new weights on everything met so far, with the loss of <see cref="NaiveFineTuning"/>: <c>L = CE(head(h), y)</c>. The upper bound of a comparison, not a method for a device: it needs all
/// windows ever labelled. Called "Offline" in the TSCIL benchmark (Qiao et al. 2024).
/// </summary>
public sealed class JointTraining : TrainingMethod
{
    /// <inheritdoc/>
    public override bool Replays => false;

    /// <inheritdoc/>
    public override bool SeesEverything => true;

    /// <inheritdoc/>
    public override Tensor Loss(LearnerNet net, StepBatch batch, Tensor embeddings) => nn.functional.cross_entropy(net.Logits(embeddings), batch.Labels);
}
