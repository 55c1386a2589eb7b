using TorchSharp.Modules;

namespace Edge.Trainer.Onnx.Translators;

/// <summary>
/// Pooling over the last axis of [batch, channels, length]. ceil_mode is written as padding at the end, computed here: runtimes disagreed for years on ONNX's own ceil_mode when the last window
/// begins in the padding.
/// </summary>
internal static class Poolings
{
    public static void RegisterIn(OnnxWriter writer) => writer
        .Register<MaxPool1d>(WriteMaxPool1d)
        .Register<AvgPool1d>(WriteAvgPool1d)
        .Register<AdaptiveAvgPool1d>(WriteAdaptiveAvgPool1d);

    private static OnnxValue WriteMaxPool1d(MaxPool1d module, OnnxValue input, OnnxScope scope)
    {
        long kernel = module.kernel_size, stride = module.stride ?? kernel, padding = module.padding ?? 0, dilation = module.dilation ?? 1;
        var (count, after) = Slide(SlidingWindow.LengthOf(input, scope), dilation * (kernel - 1) + 1, stride, padding, module.ceil_mode, scope);
        return scope.Node(
            "MaxPool",
            [input],
            [input.Shape[0], input.Shape[1], count],
            new OnnxAttribute("dilations", [dilation]),
            new OnnxAttribute("kernel_shape", [kernel]),
            new OnnxAttribute("pads", [padding, after]),
            new OnnxAttribute("strides", [stride]));
    }

    private static OnnxValue WriteAvgPool1d(AvgPool1d module, OnnxValue input, OnnxScope scope)
    {
        long kernel = module.kernel_size, stride = module.stride ?? kernel, padding = module.padding ?? 0;
        var (count, after) = Slide(SlidingWindow.LengthOf(input, scope), kernel, stride, padding, module.ceil_mode, scope);
        if (after > padding && module.count_include_pad)
            throw scope.Refuse("with ceil_mode and count_include_pad the last mean has a divisor of its own, which ONNX cannot express.", "Use count_include_pad: false, or a length that the stride divides.");
        return Average(input, kernel, stride, padding, after, count, module.count_include_pad, scope);
    }

    private static OnnxValue WriteAdaptiveAvgPool1d(AdaptiveAvgPool1d module, OnnxValue input, OnnxScope scope)
    {
        long length = SlidingWindow.LengthOf(input, scope), count = module.output_size;
        if (count == 1) return scope.Node("GlobalAveragePool", [input], [input.Shape[0], input.Shape[1], 1]);
        if (length % count != 0)
            throw scope.Refuse($"{length} samples do not divide into {count} equal parts, and ONNX has only pooling of one size.", "Use an output_size that divides the length, or 1.");
        return Average(input, length / count, length / count, 0, 0, count, false, scope);
    }

    private static OnnxValue Average(OnnxValue input, long kernel, long stride, long before, long after, long count, bool countsPadding, OnnxScope scope) => scope.Node(
        "AveragePool",
        [input],
        [input.Shape[0], input.Shape[1], count],
        new OnnxAttribute("count_include_pad", countsPadding ? 1 : 0),
        new OnnxAttribute("kernel_shape", [kernel]),
        new OnnxAttribute("pads", [before, after]),
        new OnnxAttribute("strides", [stride]));

    // Torch's rule: with ceil_mode the samples left over get a window of their own if it begins within the input or the padding before it.
    private static (long Count, long After) Slide(long length, long span, long stride, long padding, bool ceil, OnnxScope scope)
    {
        long count = SlidingWindow.Count(length + 2 * padding, span, stride, scope);
        bool hasRest = (length + 2 * padding - span) % stride != 0;
        return ceil && hasRest && count * stride < length + padding ? (count + 1, count * stride + span - length - padding) : (count, padding);
    }
}
