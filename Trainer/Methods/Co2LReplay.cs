using Edge.Trainer.Backbones;
using Edge.Trainer.Objectives;
using static TorchSharp.torch;

namespace Edge.Trainer.Methods;

/// <summary>
/// Co2L in its replay form: new windows are the anchors of the contrastive loss, replayed ones are only contrasted with, and all keep their relations as the parent saw them.
/// <code>L = SupCon(projector(h), T = 0.5, anchors: new) + RelationDistillation(projector(h), parent's, T 0.2 and 0.01)</code>
/// Cha et al. 2021, "Co2L: Contrastive Continual Learning", section 4, with its temperatures and weight 1. Deviations: rounds instead of tasks; Adam instead of SGD at 0.5; relations of the
/// original windows, not of their views, so that the parent's are computed once per round; read out by ridge over the memory instead of a linear head that is trained afterwards.
/// </summary>
public sealed class Co2LReplay : TrainingMethod
{
    private readonly SupConLoss supCon = new(temperature: 0.5);
    private readonly RelationDistillation distillation = new(currentTemperature: 0.2, pastTemperature: 0.01);
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
        return loss + distillation.Loss(batch.Originals(projections), teacher.index_select(0, rows));
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
