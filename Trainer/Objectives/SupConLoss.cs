using static TorchSharp.torch;

namespace Edge.Trainer.Objectives;

/// <summary>
/// The supervised contrastive loss: windows of one class attract each other, all others repel.
/// <code>L = mean over anchors i of  -(T/T0) * 1/|P(i)| * sum over p in P(i) of ( z_i.z_p/T - log sum over a != i of exp(z_i.z_a/T) )</code>
/// with z L2-normalised and P(i) the other rows of i's class. Khosla et al. 2020, "Supervised Contrastive Learning", section 3.2.2, equation 2 (L_out).
/// </summary>
/// <remarks>An anchor alone in its class has no positives: its loss is 0, it counts in the mean, and it stays a negative for the others.</remarks>
/// <param name="temperature">T, above 0. The paper and its image recipes use 0.07 to 0.1; here 0.1.</param>
/// <param name="baseTemperature">T0, above 0; <see langword="null"/> = T, which makes the factor 1.</param>
public sealed class SupConLoss(double temperature, double? baseTemperature = null)
{
    private const double Excluded = -1e9; // exp() of it is 0 in float32 and float64, and a row of nothing else keeps a finite gradient.

    /// <summary>The loss of a batch.</summary>
    /// <param name="projections">[n, d], any scale: rows are normalised here. n at least 1.</param>
    /// <param name="labels">[n] int64 class indices.</param>
    /// <param name="anchorCount">The first rows that are anchors; the rest is only contrasted with (Co2L's asymmetric form, Cha et al. 2021, section 4.1). All by default.</param>
    /// <returns>A scalar of the projections' type, at least 0.</returns>
    public Tensor Loss(Tensor projections, Tensor labels, long? anchorCount = null)
    {
        using var scope = NewDisposeScope();
        long anchors = anchorCount ?? projections.shape[0];
        var z = nn.functional.normalize(projections, 2, 1);
        var similarities = z.narrow(0, 0, anchors).matmul(z.t()) / temperature;
        var self = eye(anchors, projections.shape[0], dtype: ScalarType.Bool, device: projections.device);
        var isPositive = labels.narrow(0, 0, anchors).unsqueeze(1).eq(labels.unsqueeze(0)).logical_and(self.logical_not()).to_type(projections.dtype);
        var positiveCount = isPositive.sum(1);
        var logDenominator = similarities.masked_fill(self, Excluded).logsumexp(1);
        var attraction = (similarities * isPositive).sum(1) / positiveCount.clamp_min(1);
        var perAnchor = (logDenominator - attraction).masked_fill(positiveCount.eq(0), 0);
        return (perAnchor.mean() * (temperature / (baseTemperature ?? temperature))).MoveToOuterDisposeScope();
    }
}
