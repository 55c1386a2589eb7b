using Edge.Config;
using Edge.Trainer.Backbones;
using Edge.Trainer.Objectives;
using static TorchSharp.torch;

namespace Edge.Trainer.Methods;

/// <summary>
/// Supervised contrastive replay, the method <c>scr</c>: <c>L = SupCon(projector(h), T)</c> over new and replayed windows and one view of each; read out by the nearest class mean of h over the memory.
/// Mai et al. 2021, "Supervised Contrastive Replay: Revisiting the Nearest Class Mean Classifier in Online Class-Incremental Continual Learning", section 4. Deviations: Adam instead of SGD; no review
/// pass (their code has one, the paper has not); as many replayed windows as the plan says, where the paper has 100: with 10 its accuracy halves.
/// </summary>
/// <param name="plan">Temperature.</param>
public sealed class ContrastiveReplay(TrainingSection plan) : TrainingMethod
{
    private readonly SupConLoss supCon = new(plan.Temperature);

    /// <inheritdoc/>
    public override HeadKind Head => HeadKind.Cosine;

    /// <inheritdoc/>
    public override ReadOutKind ReadOut => ReadOutKind.NearestMean;

    /// <inheritdoc/>
    public override bool Augments => true;

    /// <inheritdoc/>
    public override Tensor Loss(LearnerNet net, StepBatch batch, Tensor embeddings) => supCon.Loss(net.Projector.forward(embeddings), batch.Labels);
}
