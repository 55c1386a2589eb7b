using System.Buffers.Binary;
using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace Edge.Storage;

/// <summary>
/// The bytes of a window's values, little-endian. Float32: f32 per value. Float16: f16 per value. Int16: per channel the middle f32 and the step f32, then per value i16 q, which means middle + q x step; step is the range of
/// the channel / 65,534, rounded up, so that q is within ±32,767. A constant channel has step 0 and is exact. What a kind cannot hold within its error (NaN, an infinity or a range beyond float32 in Int16; a finite value above
/// 65,504 in Float16) is stored as Float32: nothing is refused, and nothing is worse than stated.
/// </summary>
internal static class PayloadCodec
{
    private const int StepCount = 65_534, ChannelBytes = 2 * sizeof(float);
    private const float LargestHalf = 65_504;

    /// <summary>The kind that holds these values within its error: the wanted one, or Float32.</summary>
    public static PayloadKind KindFor(PayloadKind wanted, ReadOnlySpan<float> values, int channelCount) => wanted switch
    {
        PayloadKind.Float16 when FitsHalf(values) => PayloadKind.Float16,
        PayloadKind.Int16 when FitsSteps(values, channelCount) => PayloadKind.Int16,
        _ => PayloadKind.Float32,
    };

    /// <summary>Bytes of a window; -1 when there is no such kind or no such window.</summary>
    public static long BytesOf(PayloadKind kind, int valueCount, int channelCount) => valueCount < 0 ? -1 : kind switch
    {
        PayloadKind.Float32 => valueCount * (long)sizeof(float),
        PayloadKind.Float16 => valueCount * (long)sizeof(short),
        PayloadKind.Int16 => channelCount > 0 && valueCount % channelCount == 0 ? valueCount * (long)sizeof(short) + channelCount * (long)ChannelBytes : -1,
        _ => -1,
    };

    /// <summary>Writes values in a kind that holds them.</summary>
    public static void Write(PayloadKind kind, ReadOnlySpan<float> values, int channelCount, Span<byte> bytes)
    {
        switch (kind)
        {
            case PayloadKind.Float32:
                MemoryMarshal.AsBytes(values).CopyTo(bytes);
                break;
            case PayloadKind.Float16:
                TensorPrimitives.ConvertToHalf(values, MemoryMarshal.Cast<byte, Half>(bytes));
                break;
            default:
                int length = values.Length / channelCount;
                for (int c = 0; c < channelCount; c++)
                    WriteSteps(values.Slice(c * length, length), bytes.Slice(c * ChannelBytes, ChannelBytes), MemoryMarshal.Cast<byte, short>(bytes[(channelCount * ChannelBytes)..]).Slice(c * length, length));
                break;
        }
    }

    /// <summary>Reads the values back.</summary>
    public static void Read(PayloadKind kind, ReadOnlySpan<byte> bytes, int channelCount, Span<float> values)
    {
        switch (kind)
        {
            case PayloadKind.Float32:
                bytes.CopyTo(MemoryMarshal.AsBytes(values));
                break;
            case PayloadKind.Float16:
                TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(bytes), values);
                break;
            default:
                int length = values.Length / channelCount;
                for (int c = 0; c < channelCount; c++)
                    ReadSteps(bytes.Slice(c * ChannelBytes, ChannelBytes), MemoryMarshal.Cast<byte, short>(bytes[(channelCount * ChannelBytes)..]).Slice(c * length, length), values.Slice(c * length, length));
                break;
        }
    }

    private static bool FitsHalf(ReadOnlySpan<float> values)
    {
        if (values.IsEmpty || TensorPrimitives.MaxMagnitude(values) <= LargestHalf) return true;
        foreach (float value in values) // Something is too large, or NaN or an infinity, which a half can hold.
        {
            if (float.IsFinite(value) && MathF.Abs(value) > LargestHalf) return false;
        }

        return true;
    }

    private static bool FitsSteps(ReadOnlySpan<float> values, int channelCount)
    {
        if (channelCount < 1 || values.Length % channelCount != 0) return false;
        if (values.IsEmpty) return true;
        // Min and Max of Tensors give NaN when there is one. A range beyond float32 would overflow on the way back.
        float least = TensorPrimitives.Min(values), most = TensorPrimitives.Max(values);
        return float.IsFinite(least) && float.IsFinite(most) && float.IsFinite(most - least);
    }

    private static void WriteSteps(ReadOnlySpan<float> values, Span<byte> head, Span<short> steps)
    {
        if (values.IsEmpty) return;
        float least = TensorPrimitives.Min(values), most = TensorPrimitives.Max(values);
        float middle = least == most ? least : (float)((least + (double)most) / 2), step = RoundUp(((double)most - least) / StepCount);
        BinaryPrimitives.WriteSingleLittleEndian(head, middle);
        BinaryPrimitives.WriteSingleLittleEndian(head[sizeof(float)..], step);
        if (step == 0)
        {
            steps.Clear();
            return;
        }

        int i = 0, width = Vector<float>.Count;
        var (middles, divisors, bound) = (new Vector<float>(middle), new Vector<float>(step), new Vector<float>(short.MaxValue));
        for (; i <= values.Length - 2 * width; i += 2 * width)
            Vector.Narrow(Steps(new Vector<float>(values[i..])), Steps(new Vector<float>(values[(i + width)..]))).CopyTo(steps[i..]);
        for (; i < values.Length; i++) steps[i] = (short)Math.Clamp(MathF.Round((values[i] - middle) / step), -short.MaxValue, short.MaxValue);

        Vector<int> Steps(Vector<float> part) => Vector.ConvertToInt32(Vector.Min(Vector.Max(Vector.Round((part - middles) / divisors), -bound), bound));
    }

    private static void ReadSteps(ReadOnlySpan<byte> head, ReadOnlySpan<short> steps, Span<float> values)
    {
        float middle = BinaryPrimitives.ReadSingleLittleEndian(head), step = BinaryPrimitives.ReadSingleLittleEndian(head[sizeof(float)..]);
        int i = 0, width = Vector<float>.Count;
        for (; i <= steps.Length - 2 * width; i += 2 * width)
        {
            Vector.Widen(new Vector<short>(steps[i..]), out Vector<int> first, out Vector<int> second);
            (Vector.ConvertToSingle(first) * step + new Vector<float>(middle)).CopyTo(values[i..]);
            (Vector.ConvertToSingle(second) * step + new Vector<float>(middle)).CopyTo(values[(i + width)..]);
        }

        for (; i < steps.Length; i++) values[i] = steps[i] * step + middle;
    }

    private static float RoundUp(double value)
    {
        float nearest = (float)value;
        return nearest < value ? MathF.BitIncrement(nearest) : nearest;
    }
}
