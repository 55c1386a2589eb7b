using Edge.Trainer.Backbones;
using static TorchSharp.torch;

namespace Edge.Trainer.Methods;

/// <summary>Training on with cross-entropy over the new windows alone, <c>L = CE(head(h), y)</c>: what everybody does first, and the lower bound of every comparison.</summary>
public sealed class NaiveFineTuning : TrainingMethod
{
    /// <inheritdoc/>
    public override bool Replays => false;

    /// <inheritdoc/>
    public override Tensor Loss(LearnerNet net, StepBatch batch, Tensor embeddings) => nn.functional.cross_entropy(net.Logits(embeddings), batch.Labels);
}
