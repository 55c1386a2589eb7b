using Edge.Trainer.Backbones;
using static TorchSharp.torch;

namespace Edge.Trainer.Methods;

/// <summary>
/// The way of a batch through the backbone and back, all rows at once or some at a time. In parts it goes as in gradient caching: embeddings of all rows without a graph, the loss and its gradient with
/// respect to them, then part by part once more with a graph, through which that gradient flows back. Exact for a loss over the whole batch, since no layer normalises over the batch.
/// Gao et al. 2021, "Scaling Deep Contrastive Learning Batch Size under Memory Limited Setup", section 3.
/// </summary>
/// <param name="net">The net in training.</param>
/// <param name="rowsAtOnce">Most rows that are in the backbone at a time, at least 1.</param>
/// <param name="twin">Computes in place of the backbone; null: the backbone itself.</param>
internal sealed class RowEncoder(LearnerNet net, int rowsAtOnce, Bfloat16Twin? twin = null)
{
    /// <summary>Embeddings [rows, d] without a graph.</summary>
    public Tensor Embed(Tensor windows)
    {
        using var _ = no_grad();
        twin?.Follow();
        return InParts(windows);
    }

    /// <summary>Leaves the gradients of <paramref name="loss"/> of the embeddings in the net's parameters.</summary>
    /// <param name="windows">[rows, channels, length].</param>
    /// <param name="loss">Of the embeddings [rows, d], and of whatever parameters it likes.</param>
    /// <returns>The loss.</returns>
    public Tensor Backward(Tensor windows, Func<Tensor, Tensor> loss)
    {
        twin?.Follow();
        var value = windows.shape[0] <= rowsAtOnce ? AtOnce(windows, loss) : ByParts(windows, loss);
        twin?.GiveGradients();
        return value;
    }

    private Tensor AtOnce(Tensor windows, Func<Tensor, Tensor> loss)
    {
        var value = loss(Forward(windows));
        value.backward();
        return value;
    }

    private Tensor ByParts(Tensor windows, Func<Tensor, Tensor> loss)
    {
        Tensor cached;
        using (no_grad()) cached = InParts(windows);
        cached.requires_grad_(true);
        var value = loss(cached);
        value.backward();
        using var gradient = cached.grad!;
        for (long first = 0; first < windows.shape[0]; first += rowsAtOnce)
        {
            using var scope = NewDisposeScope();
            long count = Math.Min(rowsAtOnce, windows.shape[0] - first);
            (Forward(windows.narrow(0, first, count)) * gradient.narrow(0, first, count)).sum().backward();
        }

        return value;
    }

    private Tensor InParts(Tensor windows)
    {
        if (windows.shape[0] <= rowsAtOnce) return Forward(windows);
        using var scope = NewDisposeScope();
        var parts = new List<Tensor>();
        for (long first = 0; first < windows.shape[0]; first += rowsAtOnce) parts.Add(Forward(windows.narrow(0, first, Math.Min(rowsAtOnce, windows.shape[0] - first))));
        return cat(parts).MoveToOuterDisposeScope();
    }

    private Tensor Forward(Tensor windows) => twin is null ? net.Backbone.forward(windows) : twin.Forward(windows);
}
