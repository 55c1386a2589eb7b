using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.Intrinsics;

namespace Edge.Storage;

/// <summary>
/// Symmetric rank-k update, C ± X'X, for the statistics and for the Cholesky factorisation. Rows of X are gathered in panels of 24 columns that stay in the first-level cache, as in Goto and van de Geijn
/// (2008, Anatomy of High-Performance Matrix Multiplication); a tile of C is summed in registers over all gathered rows and touched once. With AVX-512 a tile is 8 x 24, else 4 x 3 vectors.
/// </summary>
public sealed class GramPanels
{
    /// <summary>Rows gathered at most: 128 x 24 float64 are 24 KiB, which leaves room in a first-level cache of 32 KiB.</summary>
    public const int RowCapacity = 128;

    private const int PanelWidth = 24, WideRows = 8, NarrowRows = 4;
    private readonly double[] panels;
    private readonly int columns;
    private readonly bool isWide;
    private int pending;

    /// <summary>Panels for vectors of at most <paramref name="columns"/> values: 128 · 8 bytes for each.</summary>
    public GramPanels(int columns)
        : this(columns, Vector512.IsHardwareAccelerated)
    {
    }

    internal GramPanels(int columns, bool isWide)
    {
        (this.columns, this.isWide) = (columns, isWide);
        panels = new double[(columns + PanelWidth - 1) / PanelWidth * PanelWidth * RowCapacity];
    }

    /// <summary>Whether <see cref="AddTo"/> must come before another row.</summary>
    public bool IsFull => pending == RowCapacity;

    /// <summary>Gathers one row.</summary>
    /// <param name="row">At most [columns] float32; missing ones are 0.</param>
    public void Gather(ReadOnlySpan<float> row)
    {
        for (int first = 0; first < columns; first += PanelWidth)
        {
            var target = Slot(first);
            int count = Math.Clamp(row.Length - first, 0, PanelWidth);
            if (count > 0) TensorPrimitives.ConvertTruncating<float, double>(row.Slice(first, count), target);
            target[count..].Clear();
        }

        pending++;
    }

    /// <summary>Gathers one row.</summary>
    /// <param name="row">At most [columns] float64; missing ones are 0.</param>
    public void Gather(ReadOnlySpan<double> row)
    {
        for (int first = 0; first < columns; first += PanelWidth)
        {
            var target = Slot(first);
            int count = Math.Clamp(row.Length - first, 0, PanelWidth);
            if (count > 0) row.Slice(first, count).CopyTo(target);
            target[count..].Clear();
        }

        pending++;
    }

    /// <summary>C[first + i, first + j] += sign · Σ x[i] x[j] over the gathered rows, which are then forgotten.</summary>
    /// <param name="target">C, of order first + the length of the rows or less than that.</param>
    /// <param name="first">Row and column of C that belongs to the rows' value 0.</param>
    /// <param name="sign">1, or −1 for the trailing matrix of a factorisation.</param>
    public unsafe void AddTo(PackedSymmetric target, int first = 0, double sign = 1)
    {
        int tileRows = isWide ? WideRows : NarrowRows, tileColumns = isWide ? PanelWidth : 3 * Vector<double>.Count, n = target.Order - first;
        double* tile = stackalloc double[WideRows * PanelWidth];
        fixed (double* source = panels)
        {
            for (int j = 0; j < n; j += tileColumns)
            {
                for (int i = 0; i < Math.Min(j + tileColumns, n); i += tileRows)
                {
                    double* left = Column(source, i), right = Column(source, j);
                    if (isWide) WideTile(left, right, pending, tile);
                    else NarrowTile(left, right, pending, tile);
                    for (int r = i; r < Math.Min(i + tileRows, n); r++)
                    {
                        int from = Math.Max(j, r), to = Math.Min(j + tileColumns, n);
                        if (from >= to) continue;
                        var sums = new ReadOnlySpan<double>(tile + (r - i) * tileColumns + (from - j), to - from);
                        var row = target.Values.AsSpan(target.RowOffset(first + r) + first + from, to - from);
                        if (sign == 1) TensorPrimitives.Add(row, sums, row);
                        else TensorPrimitives.MultiplyAdd(sums, sign, row, row);
                    }
                }
            }
        }

        pending = 0;
    }

    private static unsafe double* Column(double* source, int column) => source + column / PanelWidth * PanelWidth * RowCapacity + column % PanelWidth;

    private static unsafe void WideTile(double* a, double* b, int count, double* tile)
    {
        Vector512<double> c00 = default, c01 = default, c02 = default, c10 = default, c11 = default, c12 = default, c20 = default, c21 = default, c22 = default, c30 = default, c31 = default, c32 = default;
        Vector512<double> c40 = default, c41 = default, c42 = default, c50 = default, c51 = default, c52 = default, c60 = default, c61 = default, c62 = default, c70 = default, c71 = default, c72 = default;
        for (; count > 0; count--, a += PanelWidth, b += PanelWidth)
        {
            Vector512<double> b0 = Vector512.Load(b), b1 = Vector512.Load(b + 8), b2 = Vector512.Load(b + 16), x = Vector512.Create(a[0]);
            (c00, c01, c02) = (Vector512.MultiplyAddEstimate(x, b0, c00), Vector512.MultiplyAddEstimate(x, b1, c01), Vector512.MultiplyAddEstimate(x, b2, c02));
            x = Vector512.Create(a[1]);
            (c10, c11, c12) = (Vector512.MultiplyAddEstimate(x, b0, c10), Vector512.MultiplyAddEstimate(x, b1, c11), Vector512.MultiplyAddEstimate(x, b2, c12));
            x = Vector512.Create(a[2]);
            (c20, c21, c22) = (Vector512.MultiplyAddEstimate(x, b0, c20), Vector512.MultiplyAddEstimate(x, b1, c21), Vector512.MultiplyAddEstimate(x, b2, c22));
            x = Vector512.Create(a[3]);
            (c30, c31, c32) = (Vector512.MultiplyAddEstimate(x, b0, c30), Vector512.MultiplyAddEstimate(x, b1, c31), Vector512.MultiplyAddEstimate(x, b2, c32));
            x = Vector512.Create(a[4]);
            (c40, c41, c42) = (Vector512.MultiplyAddEstimate(x, b0, c40), Vector512.MultiplyAddEstimate(x, b1, c41), Vector512.MultiplyAddEstimate(x, b2, c42));
            x = Vector512.Create(a[5]);
            (c50, c51, c52) = (Vector512.MultiplyAddEstimate(x, b0, c50), Vector512.MultiplyAddEstimate(x, b1, c51), Vector512.MultiplyAddEstimate(x, b2, c52));
            x = Vector512.Create(a[6]);
            (c60, c61, c62) = (Vector512.MultiplyAddEstimate(x, b0, c60), Vector512.MultiplyAddEstimate(x, b1, c61), Vector512.MultiplyAddEstimate(x, b2, c62));
            x = Vector512.Create(a[7]);
            (c70, c71, c72) = (Vector512.MultiplyAddEstimate(x, b0, c70), Vector512.MultiplyAddEstimate(x, b1, c71), Vector512.MultiplyAddEstimate(x, b2, c72));
        }

        Store(tile, c00, c01, c02);
        Store(tile + 24, c10, c11, c12);
        Store(tile + 48, c20, c21, c22);
        Store(tile + 72, c30, c31, c32);
        Store(tile + 96, c40, c41, c42);
        Store(tile + 120, c50, c51, c52);
        Store(tile + 144, c60, c61, c62);
        Store(tile + 168, c70, c71, c72);
    }

    private static unsafe void Store(double* row, Vector512<double> v0, Vector512<double> v1, Vector512<double> v2)
    {
        v0.Store(row);
        v1.Store(row + 8);
        v2.Store(row + 16);
    }

    private static unsafe void NarrowTile(double* a, double* b, int count, double* tile)
    {
        int width = Vector<double>.Count;
        Vector<double> c00 = default, c01 = default, c02 = default, c10 = default, c11 = default, c12 = default, c20 = default, c21 = default, c22 = default, c30 = default, c31 = default, c32 = default;
        for (; count > 0; count--, a += PanelWidth, b += PanelWidth)
        {
            Vector<double> b0 = Vector.Load(b), b1 = Vector.Load(b + width), b2 = Vector.Load(b + 2 * width), x = new(a[0]);
            (c00, c01, c02) = (Vector.MultiplyAddEstimate(x, b0, c00), Vector.MultiplyAddEstimate(x, b1, c01), Vector.MultiplyAddEstimate(x, b2, c02));
            x = new(a[1]);
            (c10, c11, c12) = (Vector.MultiplyAddEstimate(x, b0, c10), Vector.MultiplyAddEstimate(x, b1, c11), Vector.MultiplyAddEstimate(x, b2, c12));
            x = new(a[2]);
            (c20, c21, c22) = (Vector.MultiplyAddEstimate(x, b0, c20), Vector.MultiplyAddEstimate(x, b1, c21), Vector.MultiplyAddEstimate(x, b2, c22));
            x = new(a[3]);
            (c30, c31, c32) = (Vector.MultiplyAddEstimate(x, b0, c30), Vector.MultiplyAddEstimate(x, b1, c31), Vector.MultiplyAddEstimate(x, b2, c32));
        }

        Store(tile, c00, c01, c02);
        Store(tile + 3 * width, c10, c11, c12);
        Store(tile + 6 * width, c20, c21, c22);
        Store(tile + 9 * width, c30, c31, c32);
    }

    private static unsafe void Store(double* row, Vector<double> v0, Vector<double> v1, Vector<double> v2)
    {
        Vector.Store(v0, row);
        Vector.Store(v1, row + Vector<double>.Count);
        Vector.Store(v2, row + 2 * Vector<double>.Count);
    }

    private Span<double> Slot(int firstColumn) => panels.AsSpan(firstColumn * RowCapacity + pending * PanelWidth, PanelWidth);
}
