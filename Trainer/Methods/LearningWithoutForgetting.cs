using Edge.Trainer.Backbones;
using Edge.Trainer.Objectives;
using static TorchSharp.torch;

namespace Edge.Trainer.Methods;

/// <summary>
/// Learning without forgetting: cross-entropy over the new windows, on which the net also keeps the parent's scores of the classes met before; nothing is replayed.
/// <code>L = CE(head(h), y) + weight * LogitDistillation(head(h), parent's, T)</code>
/// Li and Hoiem 2016, "Learning without Forgetting", section 3, with T = 2 and weight 1. Deviations: one growing head instead of one per task; no warm-up of new rows. Without a parent it is <see cref="NaiveFineTuning"/>.
/// </summary>
/// <param name="temperature">T, above 0.</param>
/// <param name="weight">Of the distillation, at least 0.</param>
public sealed class LearningWithoutForgetting(double temperature = 2, double weight = 1) : TrainingMethod
{
    private readonly LogitDistillation distillation = new(temperature);
    private Tensor? teacher, oldClasses;

    /// <inheritdoc/>
    public override bool Replays => false;

    /// <inheritdoc/>
    public override void BeginRound(MethodRound round)
    {
        Forget();
        long[] seen = [.. Enumerable.Range(0, round.Net.Classes.Count).Where(c => round.Net.IsSeen[c]).Select(c => (long)c)];
        if (!round.HasParent || seen.Length == 0) return;
        oldClasses = tensor(seen, device: round.Pool.Device).DetachFromDisposeScope();
        teacher = round.OfPool(OldScores(round.Net)).DetachFromDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Loss(LearnerNet net, StepBatch batch, Tensor embeddings)
    {
        var loss = ProbeLoss(net, batch, embeddings);
        if (teacher is null) return loss;
        using var rows = tensor(batch.Fresh, ScalarType.Int64, embeddings.device);
        return loss + weight * distillation.Loss(OldScores(net)(embeddings), teacher.index_select(0, rows));
    }

    /// <summary>Without the distillation.</summary>
    public override Tensor ProbeLoss(LearnerNet net, StepBatch batch, Tensor embeddings) => nn.functional.cross_entropy(net.Logits(embeddings), batch.Labels);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        Forget();
        base.Dispose(disposing);
    }

    private Func<Tensor, Tensor> OldScores(LearnerNet net) => embeddings => net.Head.forward(embeddings).index_select(1, oldClasses!);

    private void Forget()
    {
        teacher?.Dispose();
        oldClasses?.Dispose();
        (teacher, oldClasses) = (null, null);
    }
}
