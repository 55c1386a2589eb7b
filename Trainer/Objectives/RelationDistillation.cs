using static TorchSharp.torch;

namespace Edge.Trainer.Objectives;

/// <summary>
/// Instance-wise relation distillation: each window keeps its similarities to the other windows of the batch, as the frozen teacher saw them.
/// <code>L = mean over i of  - sum over j != i of  p_ij(teacher, T_past) * log p_ij(student, T_current),   p_i = softmax over j != i of z_i.z_j/T</code>
/// with z L2-normalised. Cha et al. 2021, "Co2L: Contrastive Continual Learning", section 4.2, equations 4 to 6. A cross-entropy: with equal relations it is their entropy, not 0.
/// </summary>
/// <param name="currentTemperature">Of the student, above 0; paper 0.2.</param>
/// <param name="pastTemperature">Of the teacher, above 0; paper 0.01, here 0.05, which leaves a gradient from more than the nearest neighbour.</param>
public sealed class RelationDistillation(double currentTemperature = 0.2, double pastTemperature = 0.05)
{
    private const double Excluded = -1e9;

    /// <summary>The loss of a batch.</summary>
    /// <param name="current">The student's representations, [n, d], any scale.</param>
    /// <param name="past">The teacher's representations of the same windows, [n, e], any scale; no gradient flows into them.</param>
    /// <returns>A scalar; 0 when n is 1.</returns>
    public Tensor Loss(Tensor current, Tensor past)
    {
        using var scope = NewDisposeScope();
        var self = eye(current.shape[0], dtype: ScalarType.Bool, device: current.device);
        var target = Logits(past.detach(), pastTemperature, self).softmax(1).masked_fill(self, 0);
        var logProbabilities = Logits(current, currentTemperature, self).log_softmax(1).masked_fill(self, 0);
        return (target * logProbabilities).sum(1).mean().neg().MoveToOuterDisposeScope();
    }

    private static Tensor Logits(Tensor representations, double temperature, Tensor self)
    {
        var z = nn.functional.normalize(representations, 2, 1);
        return (z.matmul(z.t()) / temperature).masked_fill(self, Excluded);
    }
}
