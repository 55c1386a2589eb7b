using System.Numerics.Tensors;

namespace Edge.Storage;

/// <summary>
/// A symmetric [order, order] float64 matrix, of which the upper triangle is kept: row i holds columns i to order − 1, rows one after another. Element (i, j), i ≤ j, is <c>Values[RowOffset(i) + j]</c>.
/// The same layout holds an upper triangular factor. Not thread-safe.
/// </summary>
public sealed class PackedSymmetric
{
    /// <summary>The largest order: 2 GiB of float64 is beyond any device that this is for.</summary>
    public const int MaximumOrder = 16_384;

    /// <summary>A matrix of zeros.</summary>
    /// <param name="order">1 to <see cref="MaximumOrder"/>.</param>
    public PackedSymmetric(int order)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(order, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(order, MaximumOrder);
        Order = order;
        Values = new double[LengthOf(order)];
    }

    /// <summary>Rows, and columns.</summary>
    public int Order { get; }

    /// <summary>[order (order + 1) / 2] the upper triangle.</summary>
    public double[] Values { get; }

    /// <summary>Values kept of a matrix of this order.</summary>
    public static int LengthOf(int order) => order * (order + 1) / 2;

    /// <summary>Where column 0 of row i would be; columns left of the diagonal are not there.</summary>
    public int RowOffset(int row) => row * Order - row * (row + 1) / 2;

    /// <summary>Row i from the diagonal on: [order − i].</summary>
    public Span<double> Row(int row) => Values.AsSpan(RowOffset(row) + row, Order - row);

    /// <summary>Element (i, j) = (j, i).</summary>
    public double this[int i, int j] => i <= j ? Values[RowOffset(i) + j] : Values[RowOffset(j) + i];

    /// <summary>Adds weight · x x'. Rows whose x is 0 are not touched: pooled convolution features have many.</summary>
    /// <param name="x">[order].</param>
    /// <param name="weight">Of this vector.</param>
    public void AddOuter(ReadOnlySpan<double> x, double weight = 1)
    {
        if (x.Length != Order) throw new ArgumentException($"expected {Order} values, not {x.Length}", nameof(x));
        for (int i = 0; i < Order; i++)
        {
            double factor = weight * x[i];
            if (factor == 0) continue;
            var row = Row(i);
            TensorPrimitives.MultiplyAdd(x[i..], factor, row, row);
        }
    }

    /// <summary>Adds weight · other.</summary>
    public void Add(PackedSymmetric other, double weight = 1)
    {
        if (other.Order != Order) throw new ArgumentException($"expected order {Order}, not {other.Order}", nameof(other));
        if (weight == 1) TensorPrimitives.Add(Values, other.Values, Values);
        else TensorPrimitives.MultiplyAdd(other.Values, weight, Values, Values);
    }

    /// <summary>Multiplies every element.</summary>
    public void Scale(double factor) => TensorPrimitives.Multiply(Values, factor, Values);

    /// <summary>Multiplies row i and column i by factors[i].</summary>
    public void ScaleBoth(ReadOnlySpan<double> factors)
    {
        for (int i = 0; i < Order; i++)
        {
            var row = Row(i);
            TensorPrimitives.Multiply(row, factors[i..], row);
            TensorPrimitives.Multiply(row, factors[i], row);
        }
    }

    /// <summary>Takes over the elements of a matrix of the same order.</summary>
    public void CopyFrom(PackedSymmetric other) => other.Values.AsSpan().CopyTo(Values);

    /// <summary>product = this · x.</summary>
    /// <param name="x">[order].</param>
    /// <param name="product">[order], another array than <paramref name="x"/>.</param>
    public void Multiply(ReadOnlySpan<double> x, Span<double> product)
    {
        product.Clear();
        for (int i = 0; i < Order; i++)
        {
            var row = Row(i);
            product[i] += TensorPrimitives.Dot(row, x[i..]);
            TensorPrimitives.MultiplyAdd(row[1..], x[i], product[(i + 1)..], product[(i + 1)..]);
        }
    }
}
