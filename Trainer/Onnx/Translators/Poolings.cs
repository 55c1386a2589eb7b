using TorchSharp.Modules;

namespace Edge.Trainer.Onnx.Translators;

/// <summary>
/// Pooling over the axes after batch and channels. ceil_mode is written as padding at the end, computed here: runtimes disagreed for years on ONNX's own ceil_mode when the last window begins in the
/// padding.
/// </summary>
internal static class Poolings
{
    public static void RegisterIn(OnnxWriter writer) => writer
        .Register<MaxPool1d>((module, input, scope) => WriteMax(
            new Windows([module.kernel_size], OrNull(module.stride), OrNull(module.padding), OrNull(module.dilation), module.ceil_mode), input, scope))
        .Register<MaxPool2d>((module, input, scope) => WriteMax(new Windows(module.kernel_size, module.stride, module.padding, module.dilation, module.ceil_mode), input, scope))
        .Register<AvgPool1d>((module, input, scope) => WriteAverage(
            new Windows([module.kernel_size], OrNull(module.stride), OrNull(module.padding), null, module.ceil_mode), module.count_include_pad, null, input, scope))
        .Register<AvgPool2d>((module, input, scope) => WriteAverage(
            new Windows(module.kernel_size, module.stride, module.padding, null, module.ceil_mode), module.count_include_pad, module.divisor_override, input, scope));

    private static OnnxValue WriteMax(Windows windows, OnnxValue input, OnnxScope scope)
    {
        var (kernel, stride, before, dilation) = windows.Of(windows.Kernel.Length);
        var (sizes, after) = windows.Slide(input, scope);

        // A runtime takes no padding as long as the kernel, which counts without its gaps; ceil_mode with dilation can ask for that.
        if (after.Where((count, axis) => count >= kernel[axis]).Any())
        {
            input = Padded(input, before, after, float.NegativeInfinity, scope);
            before = after = new long[kernel.Length];
        }

        return scope.Node(
            "MaxPool",
            [input],
            SlidingWindow.Shape(input.Shape[0], input.Shape[1], sizes),
            new OnnxAttribute("dilations", dilation),
            new OnnxAttribute("kernel_shape", kernel),
            new OnnxAttribute("pads", [.. before, .. after]),
            new OnnxAttribute("strides", stride));
    }

    private static OnnxValue WriteAverage(Windows windows, bool countsPadding, long? divisor, OnnxValue input, OnnxScope scope)
    {
        var (kernel, stride, before, _) = windows.Of(windows.Kernel.Length);
        var (sizes, after) = windows.Slide(input, scope);
        if (divisor is { } given)
        {
            // The sum of a window is its mean times its size, with everything outside the input counted as zeros.
            var mean = Average(input, kernel, stride, before, after, sizes, true, scope);
            return scope.Scale(mean, (float)(kernel.Aggregate(1.0, (product, size) => product * size) / given));
        }

        // torch counts the zeros of its own padding, but not the samples that ceil_mode lacks: so its own are put there first, and the others left out of the mean.
        if (countsPadding && after.Where((count, axis) => count > before[axis]).Any() && before.Any(count => count > 0))
        {
            input = Padded(input, before, before, 0, scope);
            after = [.. after.Select((count, axis) => Math.Max(0, count - before[axis]))];
            (before, countsPadding) = (new long[kernel.Length], false);
        }
        else if (before.All(count => count == 0))
        {
            countsPadding = false;
        }

        return Average(input, kernel, stride, before, after, sizes, countsPadding, scope);
    }

    /// <summary>An AveragePool whose padding and number of windows are given.</summary>
    internal static OnnxValue Average(OnnxValue input, long[] kernel, long[] stride, long[] before, long[] after, long[] sizes, bool countsPadding, OnnxScope scope) => scope.Node(
        "AveragePool",
        [input],
        SlidingWindow.Shape(input.Shape[0], input.Shape[1], sizes),
        new OnnxAttribute("count_include_pad", countsPadding ? 1 : 0),
        new OnnxAttribute("kernel_shape", kernel),
        new OnnxAttribute("pads", [.. before, .. after]),
        new OnnxAttribute("strides", stride));

    private static OnnxValue Padded(OnnxValue input, long[] before, long[] after, float value, OnnxScope scope) => scope.Node(
        "Pad",
        [input, scope.Constant("pads", [0, 0, .. before, 0, 0, .. after]), scope.Constant("padding", [value])],
        SlidingWindow.Shape(input.Shape[0], input.Shape[1], input.Shape.Skip(2).Select((dim, axis) => (dim.Size ?? 0) + before[axis] + after[axis])),
        new OnnxAttribute("mode", "constant"));

    private static long[]? OrNull(long? value) => value is { } given ? [given] : null;

    /// <summary>Windows as torch describes them; what is null has torch's default.</summary>
    private sealed record Windows(long[] Kernel, long[]? Stride, long[]? Padding, long[]? Dilation, bool Ceil)
    {
        public (long[] Kernel, long[] Stride, long[] Padding, long[] Dilation) Of(int axisCount) =>
            (Each(Kernel, axisCount, 1), Stride is { Length: > 0 } ? Each(Stride, axisCount, 1) : Each(Kernel, axisCount, 1), Each(Padding, axisCount, 0), Each(Dilation, axisCount, 1));

        /// <summary>Number of windows per axis, and the padding after the input. Torch's rule: with ceil_mode the samples left over get a window of their own if it begins within the input or the padding before it.</summary>
        public (long[] Counts, long[] After) Slide(OnnxValue input, OnnxScope scope)
        {
            var (kernel, stride, padding, dilation) = Of(Kernel.Length);
            long[] lengths = SlidingWindow.SizesOf(input, kernel.Length, scope), counts = new long[kernel.Length], after = new long[kernel.Length];
            for (int axis = 0; axis < kernel.Length; axis++)
            {
                long span = dilation[axis] * (kernel[axis] - 1) + 1, padded = lengths[axis] + 2 * padding[axis];
                long count = SlidingWindow.Count(padded, span, stride[axis], scope);
                bool hasRest = (padded - span) % stride[axis] != 0;
                bool oneMore = Ceil && hasRest && count * stride[axis] < lengths[axis] + padding[axis];
                (counts[axis], after[axis]) = oneMore ? (count + 1, count * stride[axis] + span - lengths[axis] - padding[axis]) : (count, padding[axis]);
            }

            return (counts, after);
        }

        private static long[] Each(long[]? values, int axisCount, long otherwise) =>
            values is { Length: > 0 } ? [.. Enumerable.Range(0, axisCount).Select(axis => values.Length == 1 ? values[0] : values[axis])] : [.. Enumerable.Repeat(otherwise, axisCount)];
    }
}
