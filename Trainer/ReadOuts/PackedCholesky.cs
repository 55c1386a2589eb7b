using System.Numerics;
using System.Numerics.Tensors;
using Edge.Storage;

namespace Edge.Trainer.ReadOuts;

/// <summary>
/// Cholesky factor U of a symmetric positive definite matrix, A = U'U, float64, in the packed layout of the statistics, where every inner loop runs along a row. Right-looking and blocked (Golub and Van Loan,
/// Matrix Computations, 4.2.6): block rows by subtraction of earlier rows, the trailing matrix by symmetric rank-k updates. O(D³ / 3) to factor, O(D²) to solve or to add one vector.
/// </summary>
public sealed class PackedCholesky
{
    private const int BlockRows = 64; // 48 to 96 measured within 5 % of each other at D = 1249.
    private const int LargestJitterSteps = 8;
    private readonly GramPanels panels;
    private readonly PackedSymmetric factor;

    /// <summary>Room for factors of one order: 4 D² bytes, and 1 KiB · D to work.</summary>
    public PackedCholesky(int order)
    {
        factor = new PackedSymmetric(order);
        panels = new GramPanels(order);
    }

    /// <summary>D.</summary>
    public int Order => factor.Order;

    /// <summary>U, upper triangular.</summary>
    public PackedSymmetric Factor => factor;

    /// <summary>What had to be added to the diagonal on top of λ before the matrix was positive definite in float64; 0 as a rule.</summary>
    public double Jitter { get; private set; }

    /// <summary>Factors A + λ I. When rounding has left it indefinite, 1e-14 of the largest diagonal element is added, then ten times as much, up to 1e-6 of it.</summary>
    /// <param name="matrix">A, positive semi-definite; not changed.</param>
    /// <param name="lambda">λ ≥ 0.</param>
    /// <exception cref="ArithmeticException">A is not positive semi-definite even so, or not finite.</exception>
    public void Decompose(PackedSymmetric matrix, double lambda)
    {
        double largest = lambda;
        for (int i = 0; i < Order; i++) largest = Math.Max(largest, matrix[i, i] + lambda);
        Jitter = 0;
        for (int step = 0; step <= LargestJitterSteps + 1; step++)
        {
            if (TryDecompose(matrix, lambda + Jitter)) return;
            Jitter = largest * Math.Pow(10, step - 14);
        }

        throw new ArithmeticException($"a matrix of order {Order} with largest diagonal element {largest:g6} is not positive definite even with {Jitter / 10:g3} added to its diagonal");
    }

    /// <summary>Makes U the factor of A + x x' by Givens rotations, row by row (Gill et al. 1974, method C1): O(D²).</summary>
    /// <param name="x">[D]; overwritten.</param>
    public void Update(Span<double> x)
    {
        for (int i = 0; i < Order; i++)
        {
            if (x[i] == 0) continue;
            var row = factor.Row(i);
            double r = double.Hypot(row[0], x[i]), c = row[0] / r, s = x[i] / r;
            row[0] = r;
            Rotate(row[1..], x[(i + 1)..], c, s);
        }
    }

    /// <summary>Solves (U'U) X = B in place.</summary>
    /// <param name="columns">[count, D]: each right-hand side is contiguous; becomes X.</param>
    public void Solve(Span<double> columns)
    {
        SolveLower(columns);
        SolveUpper(columns);
    }

    /// <summary>Solves U' Z = B in place. For one right-hand side b, Σ z² is b' A⁻¹ b.</summary>
    /// <param name="columns">[count, D]; becomes Z.</param>
    public void SolveLower(Span<double> columns)
    {
        for (int i = 0; i < Order; i++)
        {
            var row = factor.Row(i);
            for (int start = 0; start < columns.Length; start += Order)
            {
                var column = columns.Slice(start + i, Order - i);
                double value = column[0] /= row[0];
                if (value != 0) TensorPrimitives.MultiplyAdd(row[1..], -value, column[1..], column[1..]);
            }
        }
    }

    private void SolveUpper(Span<double> columns)
    {
        for (int i = Order - 1; i >= 0; i--)
        {
            var row = factor.Row(i);
            for (int start = 0; start < columns.Length; start += Order)
            {
                var column = columns.Slice(start + i, Order - i);
                column[0] = (column[0] - TensorPrimitives.Dot(row[1..], column[1..])) / row[0];
            }
        }
    }

    private bool TryDecompose(PackedSymmetric matrix, double lambda)
    {
        factor.CopyFrom(matrix);
        for (int i = 0; i < Order; i++) factor.Row(i)[0] += lambda;
        for (int first = 0; first < Order; first += BlockRows)
        {
            int end = Math.Min(first + BlockRows, Order);
            for (int r = first; r < end; r++)
                if (!FinishRow(first, r))
                    return false;
            if (end == Order) break;
            for (int r = first; r < end; r++) panels.Gather(factor.Row(r)[(end - r)..]);
            panels.AddTo(factor, end, -1);
        }

        return true;
    }

    /// <summary>Row r of U, given those above it in its block.</summary>
    private bool FinishRow(int first, int r)
    {
        var row = factor.Row(r);
        int s = first;
        for (; s + 4 <= r; s += 4)
        {
            SubtractFour(row, factor.Row(s)[(r - s)..], factor.Row(s + 1)[(r - s - 1)..], factor.Row(s + 2)[(r - s - 2)..], factor.Row(s + 3)[(r - s - 3)..]);
        }

        for (; s < r; s++)
        {
            var above = factor.Row(s)[(r - s)..];
            TensorPrimitives.MultiplyAdd(above, -above[0], row, row);
        }

        if (!(row[0] > 0) || !double.IsFinite(row[0])) return false;
        TensorPrimitives.Multiply(row, 1 / Math.Sqrt(row[0]), row);
        return true;
    }

    /// <summary>row −= Σ above[0] · above over four rows at once: one load and store of the row instead of four.</summary>
    private static void SubtractFour(Span<double> row, ReadOnlySpan<double> a, ReadOnlySpan<double> b, ReadOnlySpan<double> c, ReadOnlySpan<double> d)
    {
        double fa = -a[0], fb = -b[0], fc = -c[0], fd = -d[0];
        Vector<double> va = new(fa), vb = new(fb), vc = new(fc), vd = new(fd);
        int j = 0, width = Vector<double>.Count;
        for (; j + width <= row.Length; j += width)
        {
            var sum = Vector.MultiplyAddEstimate(va, new Vector<double>(a[j..]), new Vector<double>(row[j..]));
            sum = Vector.MultiplyAddEstimate(vb, new Vector<double>(b[j..]), sum);
            sum = Vector.MultiplyAddEstimate(vc, new Vector<double>(c[j..]), sum);
            Vector.MultiplyAddEstimate(vd, new Vector<double>(d[j..]), sum).CopyTo(row[j..]);
        }

        for (; j < row.Length; j++) row[j] += fa * a[j] + fb * b[j] + fc * c[j] + fd * d[j];
    }

    /// <summary>(row, x) becomes (c row + s x, c x − s row).</summary>
    private static void Rotate(Span<double> row, Span<double> x, double c, double s)
    {
        Vector<double> vc = new(c), vs = new(s);
        int j = 0, width = Vector<double>.Count;
        for (; j + width <= row.Length; j += width)
        {
            Vector<double> u = new(row[j..]), v = new(x[j..]);
            (vc * u + vs * v).CopyTo(row[j..]);
            (vc * v - vs * u).CopyTo(x[j..]);
        }

        for (; j < row.Length; j++) (row[j], x[j]) = (c * row[j] + s * x[j], c * x[j] - s * row[j]);
    }
}
