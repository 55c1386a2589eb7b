using static TorchSharp.torch;

namespace Edge.Trainer.Objectives;

/// <summary>
/// Asymmetric cross-entropy of ER-ACE: new windows compete only among the classes of their own batch, replayed windows among all classes.
/// So a new class does not push the old ones' weights away, which is where cross-entropy forgets.
/// <code>L = mean of  CE(new, classes present among the new)  and  CE(replayed, all classes)</code>
/// Caccia et al. 2022, "New Insights on Reducing Abrupt Representation Change in Online Continual Learning", section 4.1, equation 5. Deviation: the mean of the two terms instead of their sum,
/// so that the weight does not depend on whether there is anything to replay.
/// </summary>
public static class MaskedCrossEntropy
{
    private const double Masked = -1e9;

    /// <summary>The loss of a batch.</summary>
    /// <param name="logits">[n, classes].</param>
    /// <param name="labels">[n] int64 class indices.</param>
    /// <param name="freshCount">The first rows are new, the rest replayed; 0 to n.</param>
    /// <returns>A scalar, at least 0.</returns>
    public static Tensor Loss(Tensor logits, Tensor labels, long freshCount)
    {
        using var scope = NewDisposeScope();
        long count = logits.shape[0];
        var terms = new List<Tensor>(2);
        if (freshCount > 0)
        {
            var freshLabels = labels.narrow(0, 0, freshCount);
            var isAbsent = ones(logits.shape[1], dtype: ScalarType.Bool, device: logits.device).index_fill_(0, freshLabels, false);
            terms.Add(nn.functional.cross_entropy(logits.narrow(0, 0, freshCount).masked_fill(isAbsent.unsqueeze(0), Masked), freshLabels));
        }

        if (freshCount < count) terms.Add(nn.functional.cross_entropy(logits.narrow(0, freshCount, count - freshCount), labels.narrow(0, freshCount, count - freshCount)));
        return stack(terms).mean().MoveToOuterDisposeScope();
    }
}
