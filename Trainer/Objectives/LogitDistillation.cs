using static TorchSharp.torch;

namespace Edge.Trainer.Objectives;

/// <summary>
/// Knowledge distillation: the student scores the old classes as the frozen teacher did, both softened by a temperature.
/// <code>L = mean over windows of  - sum over old classes c of  p_c(teacher / T) * log p_c(student / T),   p = softmax over the old classes</code>
/// Li and Hoiem 2016, "Learning without Forgetting", section 3, equations 2 to 4; T = 2 there. A cross-entropy: with equal logits it is their entropy, not 0. Without the factor T^2 of
/// Hinton et al. 2015, as in the paper.
/// </summary>
/// <param name="temperature">T, above 0. Larger: small scores count for more.</param>
public sealed class LogitDistillation(double temperature = 2)
{
    /// <summary>The loss of a batch.</summary>
    /// <param name="student">[n, old classes] logits. n at least 1.</param>
    /// <param name="teacher">[n, old classes] logits of the same windows; no gradient flows into them.</param>
    /// <returns>A scalar, at least 0.</returns>
    public Tensor Loss(Tensor student, Tensor teacher)
    {
        using var scope = NewDisposeScope();
        var target = (teacher.detach() / temperature).softmax(1);
        return (target * (student / temperature).log_softmax(1)).sum(1).mean().neg().MoveToOuterDisposeScope();
    }
}
