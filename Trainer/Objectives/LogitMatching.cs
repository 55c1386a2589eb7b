using static TorchSharp.torch;

namespace Edge.Trainer.Objectives;

/// <summary>
/// Dark experience: a replayed window keeps the logits that it was remembered with.
/// <code>L = mean over windows and classes of (logit - remembered logit)^2</code>
/// Buzzega et al. 2020, "Dark Experience for General Continual Learning: a Strong, Simple Baseline", section 3. DER adds it with weight alpha to the cross-entropy of new
/// windows; DER++ adds beta times the cross-entropy of replayed ones.
/// </summary>
public static class LogitMatching
{
    /// <summary>The loss of replayed windows.</summary>
    /// <param name="logits">[n, classes] now; all of the head's, also those of classes not met yet. n at least 1.</param>
    /// <param name="remembered">[n, classes] then; no gradient flows into them.</param>
    /// <returns>A scalar, at least 0.</returns>
    public static Tensor Loss(Tensor logits, Tensor remembered)
    {
        using var scope = NewDisposeScope();
        return (logits - remembered.detach()).square().mean().MoveToOuterDisposeScope();
    }
}
