using Edge.Trainer.Backbones;
using Edge.Trainer.Onnx;
using TorchSharp.Modules;

namespace Edge.Trainer.Rounds;

/// <summary>How Edge's own modules are written to ONNX. A new backbone adds a line here.</summary>
public static class BackboneTranslators
{
    /// <summary>Teaches a writer Edge's modules.</summary>
    /// <returns>The writer itself.</returns>
    public static OnnxWriter RegisterIn(OnnxWriter writer) => FrozenBankTranslators.RegisterIn(writer)
        .Register<TscilCnn>(WriteTscilCnn)
        .Register<ResNet1d>(WriteLayers)
        .Register<ResidualBlock>(WriteResidualBlock)
        .Register<TimeSeriesTransformer>(WriteLayers)
        .Register<EncoderLayer>(WriteEncoderLayer)
        .Register<MultiHeadSelfAttention>(WriteAttention)
        .Register<SinusoidalPositions>(WritePositions)
        .Register<ChannelsLast>((_, input, scope) => Swapped(input, 1, 2, scope))
        .Register<MeanOverTokens>((_, input, scope) => scope.Node(
            "ReduceMean", [input], [input.Shape[0], input.Shape[2]], new OnnxAttribute("axes", [1]), new OnnxAttribute("keepdims", 0)))
        .Register<MlpBackbone>(WriteLayers)
        .Register<InputScale>(WriteInputScale)
        .Register<ChannelLayerNorm>(WriteChannelLayerNorm)
        .Register<MeanOverTime>((_, input, scope) => scope.Node(
            "ReduceMean", [input], [.. input.Shape.SkipLast(1)], new OnnxAttribute("axes", [2]), new OnnxAttribute("keepdims", 0)));

    // Turning [C, T] to [T, C] and back costs about 23 us of 160 us for one window of TscilCnn(9) on one core; the normalisation spelled out over axis 1 (ReduceMean, Sub, Mul, ReduceMean, Sqrt, Div)
    // costs 62 us, with the means as products with a row of 1/C 48 us (ONNX Runtime 1.31.1, p50 of 2,500 runs each, interleaved, one AMD EPYC core).
    private static OnnxValue WriteChannelLayerNorm(ChannelLayerNorm module, OnnxValue input, OnnxScope scope)
    {
        if (input.Rank < 3 || input.Shape[1].Size != module.ChannelCount)
            throw scope.Refuse($"it takes [batch, {module.ChannelCount}, length] and gets [{string.Join(", ", input.Shape)}].", "Make its channel count that of what comes before it.");

        OnnxDim[] channelsLast = [input.Shape[0], .. input.Shape.Skip(2), input.Shape[1]];
        long[] there = [0, .. Enumerable.Range(2, input.Rank - 2).Select(axis => (long)axis), 1], back = [0, input.Rank - 1, .. Enumerable.Range(1, input.Rank - 2).Select(axis => (long)axis)];
        var turned = scope.Node("Transpose", [input], channelsLast, new OnnxAttribute("perm", there));
        float[] ones = new float[module.ChannelCount];
        Array.Fill(ones, 1);
        var scale = module.Weight is null ? scope.Constant("weight", ones, module.ChannelCount) : scope.Weight("weight", module.Weight);
        var normalised = scope.Node(
            "LayerNormalization",
            module.Bias is null ? [turned, scale] : [turned, scale, scope.Weight("bias", module.Bias)],
            channelsLast,
            new OnnxAttribute("axis", -1),
            new OnnxAttribute("epsilon", (float)module.Epsilon));
        return scope.Node("Transpose", [normalised], input.Shape, new OnnxAttribute("perm", back));
    }

    // As an image of height 1. ONNX Runtime computes convolutions over two axes in blocks of channels; over one axis it first copies the samples that each step sees. One window of TscilCnn(9) takes 138 us instead of 165 us,
    // in batches of eight 118 us instead of 148 us (as above).
    private static OnnxValue WriteTscilCnn(TscilCnn module, OnnxValue input, OnnxScope scope)
    {
        if (input.Rank != 3 || input.Shape[2].Size is not { } length || length < module.MinimumLength)
            throw scope.Refuse($"it takes [batch, {module.ChannelCount}, length], of {module.MinimumLength} samples or more, and gets [{string.Join(", ", input.Shape)}].", "Give the graph's input the shape of the windows.");
        var value = input;
        foreach (var (name, layer) in module.Layers.named_children())
        {
            value = layer switch
            {
                Conv1d conv => WriteAsImage($"layers.{name}", conv, value.Rank == 3 ? scope.Reshape(value, value.Shape[0], value.Shape[1], 1, length) : value, scope),
                MaxPool1d => scope.Node("MaxPool", [value], [.. value.Shape.Take(3), length /= 2], new OnnxAttribute("kernel_shape", [1, 2]), new OnnxAttribute("strides", [1, 2])),
                MeanOverTime => scope.Node("ReduceMean", [value], [.. value.Shape.Take(2)], new OnnxAttribute("axes", [2, 3]), new OnnxAttribute("keepdims", 0)),
                _ => scope.Write($"layers.{name}", layer, value),
            };
        }

        return value;
    }

    private static OnnxValue WriteAsImage(string name, Conv1d conv, OnnxValue image, OnnxScope scope)
    {
        if (image.Shape[1].Size != conv.in_channels) throw scope.Refuse($"{name} takes {conv.in_channels} channels and gets {image.Shape[1]}.", "Give the graph's input the shape of the windows.");
        long[] padding = conv.padding ?? [0];
        using var weight = conv.weight!.unsqueeze(2);
        return scope.Node(
            "Conv",
            [image, scope.Weight($"{name}.weight", weight), scope.Weight($"{name}.bias", conv.bias!)],
            [image.Shape[0], conv.out_channels, 1, image.Shape[3]],
            new OnnxAttribute("kernel_shape", [1, .. conv.kernel_size]),
            new OnnxAttribute("pads", [0, padding[0], 0, padding[0]]));
    }

    private static OnnxValue WriteLayers(Backbone module, OnnxValue input, OnnxScope scope) => scope.Write("layers", module.Layers, input);

    private static OnnxValue WriteResidualBlock(ResidualBlock module, OnnxValue input, OnnxScope scope)
    {
        var inner = scope.Write("inner", module.Inner, input);
        var sum = scope.Node("Add", [inner, module.Shortcut is null ? input : scope.Write("shortcut", module.Shortcut, input)], inner.Shape);
        return scope.Node("Relu", [sum], sum.Shape);
    }

    private static OnnxValue WriteEncoderLayer(EncoderLayer module, OnnxValue input, OnnxScope scope)
    {
        var attended = scope.Node("Add", [input, scope.Write("attention", module.Attention, input)], input.Shape);
        return scope.Node("Add", [attended, scope.Write("mlp", module.Mlp, attended)], input.Shape);
    }

    private static OnnxValue WriteAttention(MultiHeadSelfAttention module, OnnxValue input, OnnxScope scope)
    {
        if (input.Rank != 3 || input.Shape[1].Size is not { } tokenCount)
            throw scope.Refuse($"it takes [batch, tokens, {module.Width}] with a fixed number of tokens and gets [{string.Join(", ", input.Shape)}].", "Give the graph's input a fixed length.");
        OnnxDim batch = input.Shape[0];
        long headCount = module.HeadCount, headWidth = module.Width / headCount;
        var query = ByHead(scope.Write("query", module.Query, input));
        var keys = Swapped(ByHead(scope.Write("key", module.Key, input)), 2, 3, scope);
        OnnxDim[] pairs = [batch, headCount, tokenCount, tokenCount];
        var scaled = scope.Node("Mul", [query, scope.Constant("scale", [(float)module.ScoreScale])], query.Shape);
        var attention = scope.Node("Softmax", [scope.Node("MatMul", [scaled, keys], pairs)], pairs, new OnnxAttribute("axis", -1));
        var found = scope.Node("MatMul", [attention, ByHead(scope.Write("value", module.Value, input))], query.Shape);
        var sideBySide = scope.Node("Reshape", [Swapped(found, 1, 2, scope), scope.Constant("tokens", [0, tokenCount, module.Width])], input.Shape);
        return scope.Write("output", module.Output, sideBySide);

        OnnxValue ByHead(OnnxValue projected) => Swapped(
            scope.Node("Reshape", [projected, scope.Constant("heads", [0, tokenCount, headCount, headWidth])], [batch, tokenCount, headCount, headWidth]), 1, 2, scope);
    }

    private static OnnxValue WritePositions(SinusoidalPositions module, OnnxValue input, OnnxScope scope)
    {
        if (input.Rank != 3 || input.Shape[1].Size is not { } tokenCount || input.Shape[2].Size is not { } width)
            throw scope.Refuse($"it takes [batch, tokens, d] with a fixed number of tokens and gets [{string.Join(", ", input.Shape)}].", "Give the graph's input a fixed length.");
        return scope.Node("Add", [input, scope.Constant("positions", module.Positions((int)tokenCount), tokenCount, width)], input.Shape);
    }

    private static OnnxValue WriteInputScale(InputScale module, OnnxValue input, OnnxScope scope)
    {
        if (input.Rank != 3 || input.Shape[1].Size != module.ChannelCount)
            throw scope.Refuse($"it takes [batch, {module.ChannelCount}, length] and gets [{string.Join(", ", input.Shape)}].", "Make its channel count that of what comes before it.");
        var compressed = module.SignedLog ? scope.Node("Asinh", [input], input.Shape) : input;
        var centred = scope.Node("Sub", [compressed, scope.Weight("mean", module.Mean)], input.Shape);
        return scope.Node("Div", [centred, scope.Weight("deviation", module.Deviation)], input.Shape);
    }

    private static OnnxValue Swapped(OnnxValue value, int left, int right, OnnxScope scope)
    {
        OnnxDim[] shape = [.. value.Shape];
        long[] axes = [.. Enumerable.Range(0, value.Rank).Select(axis => (long)axis)];
        (shape[left], shape[right]) = (shape[right], shape[left]);
        (axes[left], axes[right]) = (axes[right], axes[left]);
        return scope.Node("Transpose", [value], shape, new OnnxAttribute("perm", axes));
    }
}
