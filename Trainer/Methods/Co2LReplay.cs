using Edge.Config;
using Edge.Trainer.Backbones;
using Edge.Trainer.Objectives;
using static TorchSharp.torch;

namespace Edge.Trainer.Methods;

/// <summary>
/// Co2L in its replay form: new windows are the anchors of the contrastive loss, replayed ones are only contrasted with, and all keep their relations as the parent saw them.
/// <code>L = SupCon(projector(h), T, anchors: new) + weight * RelationDistillation(projector(h), parent's, T current and past)</code>
/// Cha et al. 2021, "Co2L: Contrastive Continual Learning", section 4; by default with its T 0.5, 0.2 and 0.01 and weight 1. Deviations: rounds instead of tasks; Adam instead of SGD at 0.5; relations of the
/// original windows, not of their views, so that the parent's are computed once per round; read out by ridge over the memory instead of a linear head that is trained afterwards.
/// </summary>
/// <param name="constants">Temperatures and weight.</param>
public sealed class Co2LReplay(MethodConstantsSection constants) : TrainingMethod
{
    private readonly SupConLoss supCon = new(constants.Co2lTemperature);
    private readonly RelationDistillation distillation = new(constants.IrdTemperature, constants.Co2lParentTemperature);
    private Tensor? teacher;

    /// <inheritdoc/>
    public override HeadKind Head => HeadKind.Cosine;

    /// <inheritdoc/>
    public override ReadOutKind ReadOut => ReadOutKind.Ridge;

    /// <inheritdoc/>
    public override bool Augments => true;

    /// <inheritdoc/>
    public override void BeginRound(MethodRound round)
    {
        teacher?.Dispose();
        teacher = round.HasParent ? round.OfPool(round.Net.Projector.forward).DetachFromDisposeScope() : null;
    }

    /// <inheritdoc/>
    public override Tensor Loss(LearnerNet net, StepBatch batch, Tensor embeddings)
    {
        var projections = net.Projector.forward(embeddings);
        var loss = Contrast(batch, projections);
        if (teacher is null) return loss;
        using var rows = tensor(batch.OriginalIndices, ScalarType.Int64, embeddings.device);
        return loss + constants.Co2lDistillationWeight * distillation.Loss(batch.Originals(projections), teacher.index_select(0, rows));
    }

    /// <summary>Without the distillation.</summary>
    public override Tensor ProbeLoss(LearnerNet net, StepBatch batch, Tensor embeddings) => Contrast(batch, net.Projector.forward(embeddings));

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        teacher?.Dispose();
        teacher = null;
        base.Dispose(disposing);
    }

    private Tensor Contrast(StepBatch batch, Tensor projections) =>
        batch.FreshRowCount > 0 ? supCon.Loss(projections, batch.Labels, batch.FreshRowCount) : projections.sum() * 0; // Nothing new: no anchors.
}
