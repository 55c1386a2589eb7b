using static TorchSharp.torch;

namespace Edge.Trainer.Objectives;

/// <summary>
/// Elastic weight consolidation: weights that mattered are held by springs at the values they had.
/// <code>penalty = lambda / 2 * sum over weights k of  F_k (w_k - w*_k)^2,   F_k = mean over windows of (d log p(y | x) / d w_k)^2</code>
/// Kirkpatrick et al. 2017, "Overcoming catastrophic forgetting in neural networks", equation 3; F is the diagonal of the Fisher information. Deviation, as in most implementations: y is the window's
/// label instead of a draw from the model's own prediction (the empirical Fisher).
/// </summary>
public static class ElasticWeights
{
    /// <summary>The penalty of weights away from their anchors.</summary>
    /// <param name="weights">The weights in training.</param>
    /// <param name="springs">Per weight the value that it is held at and its Fisher information, in the weight's shape; null: it is free.</param>
    /// <param name="strength">lambda, at least 0.</param>
    /// <returns>A scalar, at least 0; exactly 0 at the anchors. Null when every weight is free.</returns>
    public static Tensor? Penalty(IEnumerable<Tensor> weights, IEnumerable<(Tensor Anchor, Tensor Fisher)?> springs, double strength)
    {
        using var scope = NewDisposeScope();
        Tensor? sum = null;
        foreach (var (weight, spring) in weights.Zip(springs))
        {
            if (spring is not var (anchor, fisher)) continue;
            var term = (fisher * (weight - anchor).square()).sum();
            sum = sum is null ? term : sum + term;
        }

        return sum is null ? null : (sum * (strength / 2)).MoveToOuterDisposeScope();
    }

    /// <summary>The diagonal Fisher information of windows, one gradient each. The weights' own gradients are cleared.</summary>
    /// <param name="weights">Where to take it.</param>
    /// <param name="count">Number of windows, at least 1.</param>
    /// <param name="negativeLogLikelihood">- log p(y | x) of window i, 0 to count - 1, as a scalar that depends on the weights.</param>
    /// <returns>Per weight F in its shape, in the order of <paramref name="weights"/>; zeros where no window's loss depends on it.</returns>
    public static Tensor[] Fisher(IReadOnlyList<Tensor> weights, int count, Func<int, Tensor> negativeLogLikelihood)
    {
        using var scope = NewDisposeScope();
        Tensor[] fisher = [.. weights.Select(weight => zeros_like(weight).MoveToOuterDisposeScope())];
        for (int i = 0; i < count; i++)
        {
            using var window = NewDisposeScope();
            Clear();
            negativeLogLikelihood(i).backward();
            using var _ = no_grad();
            for (int k = 0; k < fisher.Length; k++)
            {
                if (weights[k].grad is { } gradient) fisher[k].addcmul_(gradient, gradient, 1.0 / count);
            }
        }

        Clear();
        return fisher;

        void Clear()
        {
            foreach (var weight in weights) weight.grad = null;
        }
    }
}
