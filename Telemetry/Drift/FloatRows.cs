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

    /// <summary>Largest |x| and where it is.</summary>
    public static double LargestMagnitude(ReadOnlySpan<float> row, out int index)
    {
        (float largest, index) = (0, 0);
        for (int i = 0; i < row.Length; i++)
        {
            if (Math.Abs(row[i]) > largest)
            {
                (largest, index) = (Math.Abs(row[i]), i);
            }
        }

        return largest;
    }
}
