using TorchSharp;
using TorchSharp.Modules;

namespace Edge.Trainer.Onnx.Translators;

/// <summary>Convolutions over one axis and two, and their transposes. Every padding is written out in numbers: auto_pad of ONNX is deprecated and places an odd sample elsewhere than torch does.</summary>
internal static class Convolutions
{
    public static void RegisterIn(OnnxWriter writer) => writer
        .Register<Conv1d>((module, input, scope) => WriteConvolution(module, 1, input, scope))
        .Register<Conv2d>((module, input, scope) => WriteConvolution(module, 2, input, scope))
        .Register<ConvTranspose1d>((module, input, scope) => WriteTranspose(module, 1, input, scope))
        .Register<ConvTranspose2d>((module, input, scope) => WriteTranspose(module, 2, input, scope));

    private static OnnxValue WriteConvolution(Convolution module, int axisCount, OnnxValue input, OnnxScope scope)
    {
        long[] sizes = CheckedSizes(module, axisCount, input, scope), before = new long[axisCount], after = new long[axisCount], outSizes = new long[axisCount];
        for (int axis = 0; axis < axisCount; axis++)
        {
            long reach = module.dilation[axis] * (module.kernel_size[axis] - 1);
            (before[axis], after[axis]) = module.padding_type switch
            {
                Padding.Valid => (0, 0),
                Padding.Same => (reach / 2, reach - reach / 2),
                _ => (module.padding?[axis] ?? 0, module.padding?[axis] ?? 0),
            };
            outSizes[axis] = SlidingWindow.Count(sizes[axis] + before[axis] + after[axis], reach + 1, module.stride[axis], scope);
        }

        if (module.padding_mode != PaddingModes.Zeros && module.padding_type == Padding.Same && (before.Distinct().Count() > 1 || after.Distinct().Count() > 1))
            throw scope.Refuse($"with padding_mode {module.padding_mode} TorchSharp 0.107 pads the height by what 'same' asks for the width, and the other way round.", "Give the padding in numbers, or make kernel and dilation the same on both axes.");
        if (module.padding_mode != PaddingModes.Zeros && before.Concat(after).Any(count => count > 0))
        {
            input = Padded(module.padding_mode, input, before, after, scope);
            before = after = new long[axisCount];
        }

        return scope.Node(
            "Conv",
            WithWeights(module, input, scope),
            SlidingWindow.Shape(input.Shape[0], module.out_channels, outSizes),
            new OnnxAttribute("dilations", module.dilation),
            new OnnxAttribute("group", module.groups),
            new OnnxAttribute("kernel_shape", module.kernel_size),
            new OnnxAttribute("pads", [.. before, .. after]),
            new OnnxAttribute("strides", module.stride));
    }

    private static OnnxValue WriteTranspose(Convolution module, int axisCount, OnnxValue input, OnnxScope scope)
    {
        long[] sizes = CheckedSizes(module, axisCount, input, scope), padding = module.padding ?? new long[axisCount], outPadding = module.output_padding ?? new long[axisCount];
        if (outPadding.Distinct().Count() > 1)
            throw scope.Refuse($"TorchSharp 0.107 takes the first output_padding of [{string.Join(", ", outPadding)}] for both axes.", "Give both axes the same output_padding.");
        long[] outSizes = new long[axisCount];
        for (int axis = 0; axis < axisCount; axis++)
        {
            outSizes[axis] = (sizes[axis] - 1) * module.stride[axis] - 2 * padding[axis] + module.dilation[axis] * (module.kernel_size[axis] - 1) + outPadding[axis] + 1;
            if (outSizes[axis] < 1) throw scope.Refuse($"nothing is left of {sizes[axis]} samples after its padding.", "Use a smaller padding or a longer input.");
        }

        return scope.Node(
            "ConvTranspose",
            WithWeights(module, input, scope),
            SlidingWindow.Shape(input.Shape[0], module.out_channels, outSizes),
            new OnnxAttribute("dilations", module.dilation),
            new OnnxAttribute("group", module.groups),
            new OnnxAttribute("kernel_shape", module.kernel_size),
            new OnnxAttribute("output_padding", outPadding),
            new OnnxAttribute("pads", [.. padding, .. padding]),
            new OnnxAttribute("strides", module.stride));
    }

    private static long[] CheckedSizes(Convolution module, int axisCount, OnnxValue input, OnnxScope scope)
    {
        long[] sizes = SlidingWindow.SizesOf(input, axisCount, scope);
        return input.Shape[1].Size == module.in_channels
            ? sizes
            : throw scope.Refuse($"it takes {module.in_channels} channels and gets [{string.Join(", ", input.Shape)}].", "Make its in_channels those of what comes before it.");
    }

    private static OnnxValue[] WithWeights(Convolution module, OnnxValue input, OnnxScope scope)
    {
        var weight = scope.Weight("weight", module.weight);
        return module.bias is null ? [input, weight] : [input, weight, scope.Weight("bias", module.bias)];
    }

    private static OnnxValue Padded(PaddingModes mode, OnnxValue input, long[] before, long[] after, OnnxScope scope)
    {
        if (mode == PaddingModes.Circular)
        {
            // Pad has no such mode before opset 19: the end goes before the start, and the start after the end.
            for (int i = 0; i < before.Length; i++)
            {
                int axis = i + 2;
                long size = input.Shape[axis].Size ?? 0;
                var parts = new List<OnnxValue>();
                if (before[i] > 0) parts.Add(scope.Slice(input, axis, size - before[i], size));
                parts.Add(input);
                if (after[i] > 0) parts.Add(scope.Slice(input, axis, 0, after[i]));
                if (parts.Count > 1) input = scope.Concat(axis, [.. parts]);
            }

            return input;
        }

        var sizes = input.Shape.Skip(2).Select((dim, axis) => (dim.Size ?? 0) + before[axis] + after[axis]);
        return scope.Node(
            "Pad",
            [input, scope.Constant("pads", [0, 0, .. before, 0, 0, .. after])],
            SlidingWindow.Shape(input.Shape[0], input.Shape[1], sizes),
            new OnnxAttribute("mode", mode == PaddingModes.Reflect ? "reflect" : "edge"));
    }
}
