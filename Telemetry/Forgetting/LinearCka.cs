using System.Numerics.Tensors;

namespace Edge.Telemetry.Forgetting;

/// <summary>
/// How alike two representations of the same windows are, 0 to 1, whatever rotation and scale lie between them: <c>‖Yc'Xc‖² / (‖Xc'Xc‖ ‖Yc'Yc‖)</c> in Frobenius norms, with centred columns. Kornblith et al. 2019, "Similarity of Neural
/// Network Representations Revisited", section 3.
/// </summary>
public static class LinearCka
{
    /// <summary>The similarity of [n, d] and [n, e], row-major; 1 when either is constant. n d (d + e) multiplications in float64.</summary>
    /// <param name="x">[n, d], one row per window.</param>
    /// <param name="xLength">d, at least 1.</param>
    /// <param name="y">[n, e], the same windows in the same order.</param>
    /// <param name="yLength">e, at least 1.</param>
    /// <exception cref="ArgumentException">They are not of the same number of rows.</exception>
    public static double Of(ReadOnlySpan<float> x, int xLength, ReadOnlySpan<float> y, int yLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(xLength, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(yLength, 1);
        if (x.Length % xLength != 0 || y.Length % yLength != 0 || x.Length / xLength != y.Length / yLength)
        {
            throw new ArgumentException($"{x.Length} values in rows of {xLength} and {y.Length} in rows of {yLength} are not of the same windows.", nameof(y));
        }

        double[] a = Centred(x, xLength), b = Centred(y, yLength);
        int rowCount = x.Length / xLength;
        double own = Math.Sqrt(SquaredProduct(a, xLength, a, xLength, rowCount) * SquaredProduct(b, yLength, b, yLength, rowCount));
        return own == 0 ? 1 : SquaredProduct(b, yLength, a, xLength, rowCount) / own; // What is not finite stays so: it must not pass for alike.
    }

    /// <summary>Columns one after the other, [d, n], each less its mean.</summary>
    private static double[] Centred(ReadOnlySpan<float> rows, int length)
    {
        int rowCount = rows.Length / length;
        double[] columns = new double[rows.Length];
        for (int i = 0; i < rows.Length; i++) columns[i % length * rowCount + i / length] = rows[i];
        for (int column = 0; column < length; column++)
        {
            Span<double> one = columns.AsSpan(column * rowCount, rowCount);
            if (rowCount > 0) TensorPrimitives.Subtract(one, TensorPrimitives.Sum<double>(one) / rowCount, one);
        }

        return columns;
    }

    private static double SquaredProduct(double[] a, int aLength, double[] b, int bLength, int rowCount)
    {
        double sum = 0;
        for (int i = 0; i < aLength; i++)
        {
            for (int j = 0; j < bLength; j++)
            {
                double product = TensorPrimitives.Dot<double>(a.AsSpan(i * rowCount, rowCount), b.AsSpan(j * rowCount, rowCount));
                sum += product * product;
            }
        }

        return sum;
    }
}
