using System.Numerics;
using System.Runtime.InteropServices;

namespace Edge.Telemetry.Drift;

/// <summary>What detectors do with rows of float32, as wide as the processor can.</summary>
internal static class FloatRows
{
    /// <summary>sum += row.</summary>
    public static void Add(Span<float> sum, ReadOnlySpan<float> row)
    {
        Span<Vector<float>> wide = MemoryMarshal.Cast<float, Vector<float>>(sum);
        ReadOnlySpan<Vector<float>> wideRow = MemoryMarshal.Cast<float, Vector<float>>(row);
        for (int i = 0; i < wide.Length; i++)
        {
            wide[i] += wideRow[i];
        }

        for (int i = wide.Length * Vector<float>.Count; i < sum.Length; i++)
        {
            sum[i] += row[i];
        }
    }

    /// <summary>sum −= row.</summary>
    public static void Subtract(Span<float> sum, ReadOnlySpan<float> row)
    {
        Span<Vector<float>> wide = MemoryMarshal.Cast<float, Vector<float>>(sum);
        ReadOnlySpan<Vector<float>> wideRow = MemoryMarshal.Cast<float, Vector<float>>(row);
        for (int i = 0; i < wide.Length; i++)
        {
            wide[i] -= wideRow[i];
        }

        for (int i = wide.Length * Vector<float>.Count; i < sum.Length; i++)
        {
            sum[i] -= row[i];
        }
    }

    /// <summary>Σ first · second.</summary>
    public static float Dot(ReadOnlySpan<float> first, ReadOnlySpan<float> second)
    {
        ReadOnlySpan<Vector<float>> wide = MemoryMarshal.Cast<float, Vector<float>>(first), other = MemoryMarshal.Cast<float, Vector<float>>(second);
        Vector<float> total = Vector<float>.Zero;
        for (int i = 0; i < wide.Length; i++)
        {
            total += wide[i] * other[i];
        }

        float sum = Vector.Sum(total);
        for (int i = wide.Length * Vector<float>.Count; i < first.Length; i++)
        {
            sum += first[i] * second[i];
        }

        return sum;
    }

    /// <summary>Σ x².</summary>
    public static double SquaredNorm(ReadOnlySpan<float> row) => Dot(row, row);

    /// <summary>Size of a row in a norm (Euclidean: squared), and the number in it that is largest by magnitude, for <see cref="ShiftNorm.LargestRise"/> by value.</summary>
    public static double Size(ReadOnlySpan<float> row, ShiftNorm norm, out int index)
    {
        (float largest, index) = (0, 0);
        for (int i = 0; norm != ShiftNorm.Euclidean && i < row.Length; i++)
        {
            float size = norm == ShiftNorm.Largest ? Math.Abs(row[i]) : row[i];
            (largest, index) = size > largest ? (size, i) : (largest, index);
        }

        return norm == ShiftNorm.Euclidean ? SquaredNorm(row) : largest;
    }
}
