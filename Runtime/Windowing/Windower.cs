using System.Diagnostics;
using System.Numerics.Tensors;
using Edge.Runtime.Sensors;
using Edge.Storage;

namespace Edge.Runtime.Windowing;

/// <summary>
/// Cuts a stream of sample blocks into overlapping windows. No window reaches across a gap, be it the sensor's own or blocks that a full queue dropped, and none holds a value that no sensor
/// measures. Allocates nothing after warm-up.
/// </summary>
/// <param name="shape">Shape of the windows.</param>
/// <param name="stride">Samples from the start of one window to the next, 1 to the window's length.</param>
/// <param name="firstId">Id of the first window; later ones count up.</param>
public sealed class Windower(WindowShape shape, int stride, ulong firstId)
{
    /// <summary>Magnitude beyond which a value is no measurement, in any unit. The classifier squares and sums values in float32: from about 1e18 on its embedding would be NaN, and a label would put that into a prototype for good.</summary>
    public const float LargestMagnitude = 1e9f;

    private readonly float[] tail = new float[shape.ValueCount];
    private readonly string?[] truths = new string?[shape.Length];
    private ulong nextId = firstId;
    private int filled;
    private double startSeconds;
    private long nextSample;

    /// <summary>Windows not cut because a sample was NaN, infinite or beyond <see cref="LargestMagnitude"/>.</summary>
    public long BrokenCount { get; private set; }

    /// <summary>Windows not cut because blocks were dropped on the way here: those that would have been complete before the first one after the gap.</summary>
    public long LostCount { get; private set; }

    /// <summary>Takes a block in and hands every window that it completes to <paramref name="cut"/>.</summary>
    /// <returns>The number of windows cut.</returns>
    public int Push<TState>(SampleBlock block, WindowPool pool, TState state, Action<TState, Window> cut)
    {
        long missing = block.FirstSample - nextSample;
        if (missing > 0) LostCount += (missing + filled) / stride;
        if (block.StartsAfterGap || missing != 0) filled = 0;
        nextSample = block.FirstSample + block.SampleCount;
        int count = 0;
        for (int taken = 0; taken < block.SampleCount;)
        {
            if (filled == 0) startSeconds = block.StartSeconds + taken / shape.SampleRateHz;
            int room = Math.Min(shape.Length - filled, block.SampleCount - taken);
            for (int channel = 0; channel < shape.ChannelCount; channel++)
                block.Channel(channel).Slice(taken, room).CopyTo(tail.AsSpan(channel * shape.Length + filled));
            truths.AsSpan(filled, room).Fill(block.Truth);
            filled += room;
            taken += room;
            if (filled < shape.Length) continue;
            if (Cut(pool) is { } window)
            {
                cut(state, window);
                count++;
            }

            Shift();
        }

        return count;
    }

    private Window? Cut(WindowPool pool)
    {
        ulong id = nextId++;
        if (!(MathF.Abs(TensorPrimitives.MaxMagnitude<float>(tail)) <= LargestMagnitude)) // The negation takes NaN in.
        {
            BrokenCount++;
            return null;
        }

        var window = pool.Rent();
        window.Id = id;
        window.StartSeconds = startSeconds;
        window.EndSeconds = startSeconds + shape.Length / shape.SampleRateHz;
        window.ReadyTicks = Stopwatch.GetTimestamp();
        window.Truth = truths[0];
        for (int i = 1; i < truths.Length; i++)
        {
            if ((object?)truths[i] == window.Truth || truths[i] == window.Truth) continue;
            window.Truth = null;
            break;
        }

        tail.CopyTo(window.Samples.AsSpan());
        return window;
    }

    private void Shift()
    {
        filled = shape.Length - stride;
        for (int channel = 0; channel < shape.ChannelCount; channel++)
            tail.AsSpan(channel * shape.Length + stride, filled).CopyTo(tail.AsSpan(channel * shape.Length));
        truths.AsSpan(stride).CopyTo(truths);
        startSeconds += stride / shape.SampleRateHz;
    }
}
