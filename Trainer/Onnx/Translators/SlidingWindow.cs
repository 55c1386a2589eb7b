namespace Edge.Trainer.Onnx.Translators;

/// <summary>The arithmetic of a window that slides over the last axis of [batch, channels, length], shared by convolution and pooling.</summary>
internal static class SlidingWindow
{
    /// <summary>The length of [batch, channels, length], which must be fixed.</summary>
    public static long LengthOf(OnnxValue input, OnnxScope scope) => input.Rank == 3 && input.Shape[2].Size is { } length
        ? length
        : throw scope.Refuse($"it takes [batch, channels, length] with a fixed length and gets [{string.Join(", ", input.Shape)}].", "Give the graph's input a fixed length, and flatten after it, not before.");

    /// <summary>Number of places at which a window of <paramref name="span"/> samples fits into <paramref name="length"/> samples.</summary>
    public static long Count(long length, long span, long stride, OnnxScope scope) => length >= span
        ? (length - span) / stride + 1
        : throw scope.Refuse($"its kernel spans {span} samples and only {length} come in, padding included.", "Use a longer window, or fewer or smaller strides before it.");
}
