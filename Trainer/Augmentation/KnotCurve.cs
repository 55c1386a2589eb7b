using static TorchSharp.torch;

namespace Edge.Trainer.Augmentation;

/// <summary>
/// Smooth random curves along a window: the natural cubic spline through N(0, 1) values at six knots, evenly spaced from the first sample to the last (four inner knots and both ends, as in
/// the program published with Um et al. 2017). A spline is linear in its values, so a fixed matrix [6, length] turns a batch of knot values into curves.
/// </summary>
internal sealed class KnotCurve : IDisposable
{
    /// <summary>Knots of a curve, ends included.</summary>
    public const int KnotCount = 6;

    private readonly Tensor basis; // [KnotCount, length]: row k is the spline through 1 at knot k and 0 at the others.

    /// <summary>Computes the matrix for windows like these.</summary>
    /// <param name="windows">[n, channels, length], length from 2.</param>
    public KnotCurve(Tensor windows)
    {
        int length = (int)windows.shape[2];
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 2, nameof(windows));
        using var scope = NewDisposeScope();
        basis = tensor(Basis(length), [KnotCount, length]).to(windows.dtype).to(windows.device).DetachFromDisposeScope();
    }

    /// <summary>Draws one curve per row, [rowCount, length]: mean 0, standard deviation 1 at the knots.</summary>
    public Tensor Draw(AugmentationDraws draws, Tensor like, long rowCount) => draws.Normal(like, rowCount, KnotCount).matmul(basis.to(like.dtype));

    /// <inheritdoc/>
    public void Dispose() => basis.Dispose();

    /// <summary>Row k at sample t: s(x) = (1 - u) y_i + u y_i+1 + ((1 - u)^3 - (1 - u)) m_i / 6 + (u^3 - u) m_i+1 / 6, x = i + u in knots, m the second derivatives.</summary>
    internal static double[] Basis(int length)
    {
        double[] rows = new double[KnotCount * length];
        for (int k = 0; k < KnotCount; k++)
        {
            double[] value = new double[KnotCount];
            value[k] = 1;
            double[] bend = SecondDerivatives(value);
            for (int t = 0; t < length; t++)
            {
                double x = (double)t * (KnotCount - 1) / (length - 1);
                int i = Math.Min((int)x, KnotCount - 2);
                double u = x - i, v = 1 - u;
                rows[k * length + t] = v * value[i] + u * value[i + 1] + (v * v * v - v) * bend[i] / 6 + (u * u * u - u) * bend[i + 1] / 6;
            }
        }

        return rows;
    }

    /// <summary>Solves m_k-1 + 4 m_k + m_k+1 = 6 (y_k-1 - 2 y_k + y_k+1) with m = 0 at both ends: elimination, then substitution.</summary>
    private static double[] SecondDerivatives(double[] y)
    {
        double[] m = new double[KnotCount], ratio = new double[KnotCount];
        for (int k = 1; k < KnotCount - 1; k++)
        {
            double pivot = 4 - ratio[k - 1];
            ratio[k] = 1 / pivot;
            m[k] = (6 * (y[k - 1] - 2 * y[k] + y[k + 1]) - m[k - 1]) / pivot;
        }

        for (int k = KnotCount - 2; k > 0; k--) m[k] -= ratio[k] * m[k + 1];
        return m;
    }
}
