using Edge.Trainer.Backbones;
using static TorchSharp.torch;

namespace Edge.Trainer.Methods;

/// <summary>
/// Looks at the anchor set after every pass, keeps the weights that told most anchors apart by the nearest class mean, the later of equals, and says when there was no gain for too long (Prechelt 1998,
/// "Early Stopping - But When?", with patience). The means are those of the round's own windows; anchors are only looked at.
/// </summary>
internal sealed class AnchorWatch : IDisposable
{
    private const int FewestPerClass = 2; // On average: with fewer, one window is a jump of 50 points.
    private const int RowsAtOnce = 256;
    private readonly TrainingPool anchors, pool;
    private readonly int[] known;
    private readonly int patience;
    private readonly Tensor[] rowsByClass; // int64 positions in known, of each class that has any.
    private readonly long[] classes;
    private Tensor? best; // [n], as the optimiser's vector.
    private int bestCount = -1, staleCount;

    private AnchorWatch(TrainingPool anchors, TrainingPool pool, int[] known, int patience)
    {
        (this.anchors, this.pool, this.known, this.patience) = (anchors, pool, known, patience);
        var byClass = known.Select((index, row) => (Class: pool.Classes[index], Row: (long)row)).GroupBy(pair => pair.Class).OrderBy(group => group.Key).ToArray();
        classes = [.. byClass.Select(group => (long)group.Key)];
        rowsByClass = [.. byClass.Select(group => tensor([.. group.Select(pair => pair.Row)], device: pool.Device).DetachFromDisposeScope())];
    }

    /// <summary>The pass that is kept, from 1; 0 before the first look.</summary>
    public int BestEpoch { get; private set; }

    /// <summary>Share of the anchors that its weights told apart, percent.</summary>
    public double BestPercent => 100.0 * bestCount / anchors.Count;

    /// <summary>Null where there is nothing to watch: no anchors or too few, one pass, or no patience.</summary>
    public static AnchorWatch? For(TrainingOrder order, int epochs, int patience)
    {
        if (order.Anchors is not { Count: > 0 } anchors || patience == 0 || epochs < 2) return null;
        if (anchors.Count < FewestPerClass * anchors.Classes.Distinct().Count()) return null;
        int[] known = [.. order.Fresh.Union(order.Memory.Kept).Order()];
        return new AnchorWatch(anchors, order.Pool, known, patience);
    }

    /// <summary>Looks, and keeps the weights if they are the best so far.</summary>
    /// <param name="epoch">The pass that is over, from 1.</param>
    /// <param name="net">In evaluation mode, with the weights that would be kept.</param>
    /// <param name="weights">Its parameters as one vector.</param>
    /// <returns>False when it is time to stop.</returns>
    public bool Look(int epoch, LearnerNet net, Tensor weights)
    {
        int count = CorrectCount(net);
        staleCount = count > bestCount ? 0 : staleCount + 1;
        if (count >= bestCount)
        {
            best?.Dispose();
            (best, bestCount, BestEpoch) = (weights.detach().clone().DetachFromDisposeScope(), count, epoch);
        }

        return staleCount < patience;
    }

    /// <summary>Overwrites the weights with the best.</summary>
    public void Settle(Tensor weights)
    {
        using var _ = no_grad();
        if (best is not null) weights.copy_(best);
    }

    /// <summary>Puts what a resumed round needs into its state.</summary>
    public void Keep(Dictionary<string, double> numbers, Dictionary<string, Tensor> tensors)
    {
        (numbers["anchors.bestCount"], numbers["anchors.bestEpoch"], numbers["anchors.staleCount"]) = (bestCount, BestEpoch, staleCount);
        if (best is not null) tensors["anchors.best"] = best.clone();
    }

    /// <summary>Goes on from what <see cref="Keep"/> gave.</summary>
    public void Restore(UnfinishedRound state, Tensor weights)
    {
        (bestCount, BestEpoch, staleCount) = ((int)state.Numbers["anchors.bestCount"], (int)state.Numbers["anchors.bestEpoch"], (int)state.Numbers["anchors.staleCount"]);
        if (BestEpoch > 0) best = StateTensor.Of(state.Tensors, "anchors.best", weights.numel()).to(weights.device, copy: true).DetachFromDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        best?.Dispose();
        foreach (var rows in rowsByClass) rows.Dispose();
    }

    private int CorrectCount(LearnerNet net)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var embeddings = Unit(net, pool, known);
        var means = nn.functional.normalize(stack(rowsByClass.Select(rows => embeddings.index_select(0, rows).mean([0]))), 2, 1);
        var nearest = Unit(net, anchors, [.. Enumerable.Range(0, anchors.Count)]).matmul(means.t()).argmax(1).cpu().data<long>().ToArray();
        return nearest.Where((row, i) => classes[row] == anchors.Classes[i]).Count();
    }

    private static Tensor Unit(LearnerNet net, TrainingPool windows, int[] indices)
    {
        var parts = new List<Tensor>();
        foreach (int[] part in indices.Chunk(RowsAtOnce))
        {
            using var scope = NewDisposeScope();
            parts.Add(nn.functional.normalize(net.Backbone.forward(windows.At(part)), 2, 1).MoveToOuterDisposeScope());
        }

        return cat(parts);
    }
}
