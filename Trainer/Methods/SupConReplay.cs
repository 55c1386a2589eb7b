using Edge.Config;
using Edge.Trainer.Backbones;
using Edge.Trainer.Objectives;
using static TorchSharp.torch;

namespace Edge.Trainer.Methods;

/// <summary>
/// Supervised contrastive replay, held in place by relation distillation: the method <c>supconReplay</c>, and the learned branch of <c>edge</c>. The loss of a step with one light view of every window:
/// <code>L = w_con * SupCon(projector(h), T) + w_ce * MaskedCrossEntropy(head(h)) + w_ird * RelationDistillation(h, h of the parent)</code>
/// After Mai et al. 2021 (SCR, "Supervised Contrastive Replay"), Caccia et al. 2022 (ER-ACE) and Cha et al. 2021 (Co2L). Deviations: one joint forward of new, replayed and their views; new
/// windows can be replayed from the step after their own (insertion inside the step: inserted after the task, new classes never meet the old); the draw is class-balanced without duplicates;
/// distillation is between backbone embeddings of the original windows, the teacher's computed once per round; the outcome is the moving average of the weights.
/// </summary>
/// <param name="plan">Temperature and weights of the terms.</param>
public class SupConReplay(TrainingSection plan) : TrainingMethod
{
    private readonly TrainingSection plan = plan.ContrastWeight > 0 || plan.CrossEntropyWeight > 0
        ? plan
        : throw new ArgumentException("training.contrastWeight and training.crossEntropyWeight are both 0: nothing would be learnt from labels. Set one above 0.", nameof(plan));

    private readonly SupConLoss supCon = new(plan.Temperature);
    private readonly RelationDistillation distillation = new(plan.Constants.IrdTemperature, plan.Constants.IrdParentTemperature);
    private Tensor? teacher;

    /// <inheritdoc/>
    public override HeadKind Head => HeadKind.Cosine;

    /// <inheritdoc/>
    public override ReadOutKind ReadOut => ReadOutKind.PooledRidge;

    /// <inheritdoc/>
    public override bool Augments => true;

    /// <inheritdoc/>
    public override bool Averages => true;

    /// <inheritdoc/>
    public override void BeginRound(MethodRound round)
    {
        teacher?.Dispose();
        teacher = plan.DistillationWeight > 0 && round.HasParent ? round.OfPool(h => h).DetachFromDisposeScope() : null;
    }

    /// <inheritdoc/>
    public override Tensor Loss(LearnerNet net, StepBatch batch, Tensor embeddings)
    {
        var loss = ProbeLoss(net, batch, embeddings);
        if (teacher is null) return loss;
        using var rows = tensor(batch.OriginalIndices, ScalarType.Int64, embeddings.device);
        return loss + plan.DistillationWeight * distillation.Loss(batch.Originals(embeddings), teacher.index_select(0, rows));
    }

    /// <summary>Without the distillation.</summary>
    public override Tensor ProbeLoss(LearnerNet net, StepBatch batch, Tensor embeddings)
    {
        var contrast = plan.ContrastWeight > 0 ? plan.ContrastWeight * supCon.Loss(net.Projector.forward(embeddings), batch.Labels) : null;
        if (plan.CrossEntropyWeight == 0) return contrast!;
        var entropy = plan.CrossEntropyWeight * MaskedCrossEntropy.Loss(net.Logits(embeddings), batch.Labels, batch.FreshRowCount);
        return contrast is null ? entropy : contrast + entropy;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        teacher?.Dispose();
        teacher = null;
        base.Dispose(disposing);
    }
}
