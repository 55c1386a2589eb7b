using TorchSharp;
using TorchSharp.Modules;

namespace Edge.Trainer.Onnx.Translators;

/// <summary>Modules that are linear in their input: Linear, Conv1d.</summary>
internal static class Linears
{
    public static void RegisterIn(OnnxWriter writer) => writer
        .Register<Linear>(WriteLinear)
        .Register<Conv1d>(WriteConv1d);

    private static OnnxValue WriteLinear(Linear module, OnnxValue input, OnnxScope scope)
    {
        if (input.Rank < 2 || input.Shape[^1].Size != module.in_features)
            throw scope.Refuse($"it takes [batch, …, {module.in_features}] and gets [{string.Join(", ", input.Shape)}].", "Make the module before it put out that many features.");

        OnnxDim[] shape = [.. input.Shape.SkipLast(1), module.out_features];
        if (input.Rank == 2)
        {
            OnnxValue weight = scope.Weight("weight", module.weight);
            return module.bias is null
                ? scope.Node("Gemm", [input, weight], shape, new OnnxAttribute("transB", 1))
                : scope.Node("Gemm", [input, weight, scope.Weight("bias", module.bias)], shape, new OnnxAttribute("transB", 1));
        }

        // Gemm is for matrices; over more axes it is a MatMul with the weight stored as [in, out].
        using var transposed = module.weight.t();
        var product = scope.Node("MatMul", [input, scope.Weight("weight", transposed)], shape);
        return module.bias is null ? product : scope.Node("Add", [product, scope.Weight("bias", module.bias)], shape);
    }

    private static OnnxValue WriteConv1d(Conv1d module, OnnxValue input, OnnxScope scope)
    {
        long length = SlidingWindow.LengthOf(input, scope);
        if (input.Shape[1].Size != module.in_channels)
            throw scope.Refuse($"it takes {module.in_channels} channels and gets [{string.Join(", ", input.Shape)}].", "Make its in_channels those of what comes before it.");

        long reach = module.dilation[0] * (module.kernel_size[0] - 1);
        long before = module.padding?[0] ?? 0, after = before;
        if (module.padding_type == Padding.Valid) before = after = 0;
        if (module.padding_type == Padding.Same) (before, after) = (reach / 2, reach - reach / 2);

        string? padMode = module.padding_mode switch
        {
            PaddingModes.Zeros => null,
            PaddingModes.Reflect => "reflect",
            PaddingModes.Replicate => "edge",
            var mode => throw scope.Refuse($"padding_mode {mode} has no counterpart in opset {OnnxGraph.OpsetVersion}.", "Use Zeros, Reflect or Replicate."),
        };
        if (padMode is not null && before + after > 0)
        {
            length += before + after;
            input = scope.Node(
                "Pad", [input, scope.Constant("pads", [0, 0, before, 0, 0, after])], [input.Shape[0], input.Shape[1], length], new OnnxAttribute("mode", padMode));
            before = after = 0;
        }

        long stride = module.stride[0];
        long outLength = SlidingWindow.Count(length + before + after, reach + 1, stride, scope);
        var weight = scope.Weight("weight", module.weight);
        return scope.Node(
            "Conv",
            module.bias is null ? [input, weight] : [input, weight, scope.Weight("bias", module.bias)],
            [input.Shape[0], module.out_channels, outLength],
            new OnnxAttribute("dilations", [module.dilation[0]]),
            new OnnxAttribute("group", module.groups),
            new OnnxAttribute("kernel_shape", [module.kernel_size[0]]),
            new OnnxAttribute("pads", [before, after]),
            new OnnxAttribute("strides", [stride]));
    }
}
