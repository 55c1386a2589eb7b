using Edge.Trainer.Backbones;
using Edge.Trainer.Objectives;
using static TorchSharp.torch;

namespace Edge.Trainer.Methods;

/// <summary>
/// Dark experience replay with labels, DER++: replayed windows are told their label and keep the logits that they were remembered with, <see cref="RememberedLogits"/>.
/// <code>L = CE(new) + alpha * LogitMatching(replayed) + beta * CE(replayed)</code>
/// Buzzega et al. 2020, "Dark Experience for General Continual Learning: a Strong, Simple Baseline", section 3, algorithm 2. Logits are kept inside the step that trains on a window, and again each
/// time that it is trained on as new. Deviations: one draw for both terms instead of two; a window of which no logits are known (it was remembered under another method) keeps the parent's at the
/// beginning of the round, and none when there is no parent; no augmentation.
/// </summary>
/// <param name="logitWeight">alpha, at least 0.</param>
/// <param name="labelWeight">beta, at least 0; 0 is DER.</param>
public sealed class DarkExperienceReplay(double logitWeight = 0.3, double labelWeight = 0.5) : TrainingMethod
{
    private readonly RememberedLogits remembered = new();

    /// <inheritdoc/>
    public override int? ReplayBatchSize => 32;

    /// <inheritdoc/>
    public override void BeginRound(MethodRound round) => remembered.Open(round);

    /// <inheritdoc/>
    public override Tensor Loss(LearnerNet net, StepBatch batch, Tensor embeddings)
    {
        var logits = net.Head.forward(embeddings); // Of all classes: those not met yet have logits to keep as well.
        remembered.Keep(batch.Fresh, logits.narrow(0, 0, batch.FreshRowCount));
        var loss = ProbeLoss(net, batch, embeddings);
        int[] known = [.. Enumerable.Range(0, batch.Replayed.Length).Where(i => remembered.Knows(batch.Replayed[i]))];
        if (known.Length == 0) return loss;
        using var rows = tensor(Array.ConvertAll(known, i => batch.FreshRowCount + i), device: embeddings.device);
        return loss + logitWeight * LogitMatching.Loss(logits.index_select(0, rows), remembered.Of(Array.ConvertAll(known, i => batch.Replayed[i])));
    }

    /// <summary>The cross-entropies.</summary>
    public override Tensor ProbeLoss(LearnerNet net, StepBatch batch, Tensor embeddings)
    {
        var scores = net.Logits(embeddings);
        var terms = new List<Tensor>(2);
        if (batch.Fresh.Length > 0) terms.Add(CrossEntropy(0, batch.FreshRowCount));
        if (batch.Replayed.Length > 0) terms.Add(labelWeight * CrossEntropy(batch.FreshRowCount, batch.Replayed.Length));
        return terms.Aggregate((a, b) => a + b);

        Tensor CrossEntropy(long first, long count) => nn.functional.cross_entropy(scores.narrow(0, first, count), batch.Labels.narrow(0, first, count));
    }

    /// <inheritdoc/>
    public override void EndRound(MethodRound round) => remembered.Close(round);

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, Tensor> State() => remembered.State();

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, Tensor> StepState() => remembered.StepState();

    /// <inheritdoc/>
    public override void RestoreSteps(IReadOnlyDictionary<string, Tensor> state) => remembered.RestoreSteps(state);

    /// <inheritdoc/>
    public override void Restore(IReadOnlyDictionary<string, Tensor> state) => remembered.Restore(state);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        remembered.Dispose();
        base.Dispose(disposing);
    }
}
