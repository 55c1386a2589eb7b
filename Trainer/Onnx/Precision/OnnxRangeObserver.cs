namespace Edge.Trainer.Onnx.Precision;

/// <summary>
/// Collects the range of one value over many windows in bounded memory: minimum and maximum exactly, and a histogram of 2,048 bins whose width doubles when a value falls outside. Not thread-safe.
/// </summary>
public sealed class OnnxRangeObserver
{
    private const int BinCount = 2048; // As many as Migacz 2017 (8-bit inference with TensorRT) uses.
    private readonly long[] bins = new long[BinCount];
    private double binWidth; // Bins lie symmetrically about 0: bin i covers (i - BinCount / 2) * binWidth and up.

    /// <summary>Number of values observed.</summary>
    public long Count { get; private set; }

    /// <summary>Adds the values of one run.</summary>
    /// <exception cref="ArgumentException">One of them is not finite.</exception>
    public void Observe(ReadOnlySpan<float> values)
    {
        foreach (float value in values)
        {
            if (!float.IsFinite(value)) throw new ArgumentException($"A value is {value}. Leave the window out, or find out why the model gives it.", nameof(values));
            (Min, Max) = Count == 0 ? (value, value) : (Math.Min(Min, value), Math.Max(Max, value));
            Count++;
            Widen(Math.Abs(value));
            if (binWidth > 0) bins[BinOf(value)]++;
            else bins[BinCount / 2]++; // Nothing but zeros so far.
        }
    }

    /// <summary>Smallest value so far.</summary>
    public float Min { get; private set; }

    /// <summary>Largest value so far.</summary>
    public float Max { get; private set; }

    /// <summary>Everything that was seen.</summary>
    /// <exception cref="InvalidOperationException">Nothing was observed.</exception>
    public OnnxRange Whole => Count > 0 ? new OnnxRange(Min, Max) : throw new InvalidOperationException("No value was observed. Run the calibration graph on at least one window.");

    /// <summary>The range without the outermost values: of <paramref name="share"/> of all, the rest cut off half at each end, to the next bin's edge outwards and never beyond what was seen.</summary>
    /// <param name="share">Above 0, at most 1; 0.9999 cuts off one value in ten thousand.</param>
    /// <exception cref="InvalidOperationException">Nothing was observed.</exception>
    public OnnxRange Central(double share)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(share);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(share, 1);
        var whole = Whole;
        double cut = (1 - share) / 2 * Count;
        int first = 0, last = BinCount - 1;
        for (double below = bins[first]; below <= cut && first < last; below += bins[first]) first++;
        for (double above = bins[last]; above <= cut && last > first; above += bins[last]) last--;
        return new OnnxRange(Math.Max(whole.Min, (float)((first - BinCount / 2) * binWidth)), Math.Min(whole.Max, (float)((last + 1 - BinCount / 2) * binWidth)));
    }

    private int BinOf(double value) => Math.Clamp((int)Math.Floor(value / binWidth) + BinCount / 2, 0, BinCount - 1);

    private void Widen(double magnitude)
    {
        if (binWidth == 0 && magnitude > 0) binWidth = Math.Max(magnitude * 2 / BinCount, double.Epsilon * BinCount);
        while (magnitude > binWidth * (BinCount / 2))
        {
            // Two neighbours become one; what lay at distance d from the middle lies at d / 2.
            long[] old = [.. bins];
            Array.Clear(bins);
            for (int i = 0; i < BinCount; i++) bins[(int)Math.Floor((i - BinCount / 2) / 2.0) + BinCount / 2] += old[i];
            binWidth *= 2;
        }
    }
}
