using Edge.Trainer.Backbones;
using static TorchSharp.torch;

namespace Edge.Trainer.Methods;

/// <summary>What tells classes apart on the embedding that a method leaves behind.</summary>
public enum ReadOutKind
{
    /// <summary>The head that was trained.</summary>
    Head,

    /// <summary>Nearest class mean of the remembered windows.</summary>
    NearestMean,

    /// <summary>Ridge over the remembered windows.</summary>
    Ridge,

    /// <summary>Ridge over what all layers of the backbone see of the remembered windows.</summary>
    PooledRidge,

    /// <summary>Ridge over frozen features, from the exact statistics of everything labelled; the backbone has no say.</summary>
    FrozenRidge,

    /// <summary>Frozen ridge and learned branch together, chosen on the anchor set.</summary>
    Fused,
}

/// <summary>
/// A way of changing the weights so that new windows are learnt and old ones not lost. One method, one file, one paper: it says what it needs in its properties and gives the loss of a step as a
/// function of the embeddings; <see cref="TrainingLoop"/> does the rest. Task-free: a method learns when a round begins and ends, never what a task is.
/// </summary>
public abstract class TrainingMethod : IDisposable
{
    /// <summary>Which head it trains.</summary>
    public virtual HeadKind Head => HeadKind.Linear;

    /// <summary>What it is read out with.</summary>
    public virtual ReadOutKind ReadOut => ReadOutKind.Head;

    /// <summary>Whether the backbone is trained at all.</summary>
    public virtual bool Trains => true;

    /// <summary>Whether it replays remembered windows.</summary>
    public virtual bool Replays => true;

    /// <summary>Whether it trains from new weights on everything met so far, every round: the upper bound of a comparison, for the benchmark alone.</summary>
    public virtual bool SeesEverything => false;

    /// <summary>Most replayed windows per step that suit it; the plan's number where that is smaller. Null: the plan's. The rows of published tables replay as many as are new, 32.</summary>
    public virtual int? ReplayBatchSize => null;

    /// <summary>Whether every window comes with an augmented view.</summary>
    public virtual bool Augments => false;

    /// <summary>Whether the outcome is the moving average of the weights.</summary>
    public virtual bool Averages => false;

    /// <summary>A round begins: the place to keep the parent's view of the windows, for example.</summary>
    /// <param name="round">The net as the parent left it, the pool, and what is new and remembered.</param>
    public virtual void BeginRound(MethodRound round)
    {
    }

    /// <summary>The loss of a step.</summary>
    /// <param name="net">The net in training.</param>
    /// <param name="batch">The rows and what they are.</param>
    /// <param name="embeddings">[rows, d] of the batch, the backbone's output; the gradient flows back through it and through the net's heads.</param>
    /// <returns>A scalar.</returns>
    public abstract Tensor Loss(LearnerNet net, StepBatch batch, Tensor embeddings);

    /// <summary>
    /// What must not rise over a round: the loop compares it on the round's first batch before and after, without gradient. The terms that say how well the labels are learnt; without those that measure the
    /// distance from the parent, which is 0 before the round and grows in every round that learns something.
    /// </summary>
    public virtual Tensor ProbeLoss(LearnerNet net, StepBatch batch, Tensor embeddings) => Loss(net, batch, embeddings);

    /// <summary>A term of the weights alone, added to the loss of every step; null: none.</summary>
    public virtual Tensor? Penalty(LearnerNet net) => null;

    /// <summary>The round is over and the net holds its outcome. Not called when the round was abandoned.</summary>
    /// <param name="round">As it began, but for what is remembered: that is what the memory keeps now.</param>
    public virtual void EndRound(MethodRound round)
    {
    }

    /// <summary>What the method must remember beyond the weights, by name; goes into checkpoints. The tensors stay the method's.</summary>
    public virtual IReadOnlyDictionary<string, Tensor> State() => new Dictionary<string, Tensor>();

    /// <summary>What changes from step to step within a round and is not in <see cref="State"/> yet, by name; what <see cref="BeginRound"/> computes does not belong here. The tensors stay the method's.</summary>
    public virtual IReadOnlyDictionary<string, Tensor> StepState() => new Dictionary<string, Tensor>();

    /// <summary>Puts back what <see cref="StepState"/> gave, copying it; after <see cref="BeginRound"/> of the same round.</summary>
    public virtual void RestoreSteps(IReadOnlyDictionary<string, Tensor> state)
    {
    }

    /// <summary>Puts back what <see cref="State"/> gave, copying it. The head may have grown rows at its end since.</summary>
    public virtual void Restore(IReadOnlyDictionary<string, Tensor> state)
    {
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees the method's tensors.</summary>
    protected virtual void Dispose(bool disposing)
    {
    }
}

/// <summary>A round as a method sees it.</summary>
/// <param name="Net">The learner.</param>
/// <param name="Pool">The windows.</param>
/// <param name="Fresh">Pool indices of the new windows.</param>
/// <param name="Remembered">Pool indices of what can be replayed: when the round begins, and in <see cref="TrainingMethod.EndRound"/> after it.</param>
/// <param name="Cancel">Checked in long work.</param>
public sealed record MethodRound(LearnerNet Net, TrainingPool Pool, int[] Fresh, int[] Remembered, CancellationToken Cancel)
{
    /// <summary>Rows that go through the backbone at a time where no gradient is needed.</summary>
    public int RowsAtOnce { get; init; } = 256;

    /// <summary>Whether the weights have been trained before: an untrained net knows nothing worth keeping.</summary>
    public bool HasParent => Net.TrainedStepCount > 0;

    /// <summary>What <paramref name="view"/> gives for the embeddings of the new and remembered windows as the net stands now, at the rows of their pool indices: [pool, k]; other rows are 0.</summary>
    public Tensor OfPool(Func<Tensor, Tensor> view)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        Tensor? all = null;
        foreach (int[] indices in Fresh.Union(Remembered).Chunk(RowsAtOnce))
        {
            Cancel.ThrowIfCancellationRequested();
            using var chunk = NewDisposeScope();
            var values = view(Net.Backbone.forward(Pool.At(indices)));
            all ??= zeros([Pool.Count, values.shape[1]], device: Pool.Device).MoveToOuterDisposeScope();
            all.index_copy_(0, tensor(indices, ScalarType.Int64, Pool.Device), values);
        }

        return (all ?? zeros([Pool.Count, 1], device: Pool.Device)).MoveToOuterDisposeScope();
    }
}
