using Edge.Trainer.Backbones;
using Edge.Trainer.Methods;
using static TorchSharp.torch;

namespace Edge.Trainer.Bench;

/// <summary>
/// A method with the means of another: its own loss and read-out, but replay batch, views and weight average as a <see cref="BenchVariant"/> asks for. So two losses can be compared with all else alike:
/// <c>er:bench.replayBatchSize=64,bench.views=true,bench.average=true</c> beside <c>supconReplay</c>.
/// </summary>
/// <param name="inner">The method; taken over.</param>
/// <param name="variant">What differs from it.</param>
internal sealed class MatchedMethod(TrainingMethod inner, BenchVariant variant) : TrainingMethod
{
    /// <inheritdoc/>
    public override HeadKind Head => inner.Head;

    /// <inheritdoc/>
    public override ReadOutKind ReadOut => inner.ReadOut;

    /// <inheritdoc/>
    public override bool Trains => inner.Trains;

    /// <inheritdoc/>
    public override bool Replays => inner.Replays;

    /// <inheritdoc/>
    public override bool SeesEverything => inner.SeesEverything;

    /// <inheritdoc/>
    public override int? ReplayBatchSize => variant.ReplayBatchSize ?? inner.ReplayBatchSize;

    /// <inheritdoc/>
    public override bool Augments => variant.Views ?? inner.Augments;

    /// <inheritdoc/>
    public override bool Averages => variant.Average ?? inner.Averages;

    /// <inheritdoc/>
    public override void BeginRound(MethodRound round) => inner.BeginRound(round);

    /// <inheritdoc/>
    public override Tensor Loss(LearnerNet net, StepBatch batch, Tensor embeddings) => inner.Loss(net, batch, embeddings);

    /// <inheritdoc/>
    public override Tensor ProbeLoss(LearnerNet net, StepBatch batch, Tensor embeddings) => inner.ProbeLoss(net, batch, embeddings);

    /// <inheritdoc/>
    public override Tensor? Penalty(LearnerNet net) => inner.Penalty(net);

    /// <inheritdoc/>
    public override void EndRound(MethodRound round) => inner.EndRound(round);

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, Tensor> State() => inner.State();

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, Tensor> StepState() => inner.StepState();

    /// <inheritdoc/>
    public override void RestoreSteps(IReadOnlyDictionary<string, Tensor> state) => inner.RestoreSteps(state);

    /// <inheritdoc/>
    public override void Restore(IReadOnlyDictionary<string, Tensor> state) => inner.Restore(state);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        inner.Dispose();
        base.Dispose(disposing);
    }
}
