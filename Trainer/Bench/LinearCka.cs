using static TorchSharp.torch;

namespace Edge.Trainer.Bench;

/// <summary>
/// How alike two representations of the same windows are, 0 to 1, whatever rotation and scale lie between them:
/// <c>‖Y'X‖² / (‖X'X‖ ‖Y'Y‖)</c> in Frobenius norms with centred columns. Kornblith et al. 2019, "Similarity of Neural Network Representations Revisited", section 3, equation with linear kernel.
/// </summary>
public static class LinearCka
{
    /// <summary>The similarity of [n, d] and [n, e]; 1 when either is constant.</summary>
    public static double Of(Tensor x, Tensor y)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var (a, b) = (Centred(x), Centred(y));
        double cross = Squared(b.t().matmul(a)), own = Math.Sqrt(Squared(a.t().matmul(a)) * Squared(b.t().matmul(b)));
        return own == 0 ? 1 : cross / own; // What is not finite stays so: it must not pass for alike.
    }

    private static Tensor Centred(Tensor x)
    {
        var wide = x.to_type(ScalarType.Float64);
        return wide - wide.mean([0], keepdim: true);
    }

    private static double Squared(Tensor matrix) => matrix.square().sum().item<double>();
}
