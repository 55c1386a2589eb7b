using Edge.Config;

namespace Edge.Trainer.Methods;

/// <summary>
/// The method of this project, <c>edge</c>, and the default: the learned branch is trained as in <see cref="SupConReplay"/>; beside it a frozen branch of random convolutions is read out by exact ridge, and
/// the anchor set decides how much either has to say.
/// </summary>
/// <param name="plan">Temperature and weights of the terms.</param>
public sealed class EdgeMethod(TrainingSection plan) : SupConReplay(plan)
{
    /// <inheritdoc/>
    public override ReadOutKind ReadOut => ReadOutKind.Fused;
}
