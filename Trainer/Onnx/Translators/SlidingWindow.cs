namespace Edge.Trainer.Onnx.Translators;

/// <summary>The arithmetic of a window that slides over the axes after batch and channels, shared by convolution and pooling.</summary>
internal static class SlidingWindow
{
    /// <summary>The sizes of the axes after batch and channels, which must be fixed: [length] or [height, width].</summary>
    public static long[] SizesOf(OnnxValue input, int axisCount, OnnxScope scope)
    {
        if (input.Rank == axisCount + 2 && input.Shape.Skip(2).All(dim => dim.Size is not null)) return [.. input.Shape.Skip(2).Select(dim => dim.Size ?? 0)];
        throw axisCount == 1
            ? scope.Refuse($"it takes [batch, channels, length] with a fixed length and gets [{string.Join(", ", input.Shape)}].", "Give the graph's input a fixed length, and flatten after it, not before.")
            : scope.Refuse($"it takes [batch, channels, height, width] with a fixed height and width and gets [{string.Join(", ", input.Shape)}].", "Give the graph's input fixed sizes, and flatten after it, not before.");
    }

    /// <summary>Number of places at which a window of <paramref name="span"/> samples fits into <paramref name="length"/> samples.</summary>
    public static long Count(long length, long span, long stride, OnnxScope scope) => length >= span
        ? (length - span) / stride + 1
        : throw scope.Refuse($"its kernel spans {span} samples and only {length} come in, padding included.", "Use a longer window, or fewer or smaller strides before it.");

    /// <summary>[batch, channels, sizes…].</summary>
    public static OnnxDim[] Shape(OnnxDim batch, OnnxDim channels, IEnumerable<long> sizes) => [batch, channels, .. sizes.Select(OnnxDim.Of)];
}
