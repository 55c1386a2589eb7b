using TorchSharp.Modules;

namespace Edge.Trainer.Onnx.Translators;

/// <summary>Modules that bring their input to a common mean and spread.</summary>
internal static class Normalisations
{
    public static void RegisterIn(OnnxWriter writer) => writer
        .Register<LayerNorm>(WriteLayerNorm)
        .Register<BatchNorm1d>(WriteBatchNorm1d);

    private static OnnxValue WriteLayerNorm(LayerNorm module, OnnxValue input, OnnxScope scope)
    {
        long[] sizes = module.normalized_shape;
        if (input.Rank <= sizes.Length || !input.Shape.TakeLast(sizes.Length).Select(dim => dim.Size).SequenceEqual(sizes.Select(size => (long?)size)))
            throw scope.Refuse($"it normalises [{string.Join(", ", sizes)}] and gets [{string.Join(", ", input.Shape)}].", "Make its normalized_shape the last axes of what comes before it.");

        var scale = module.weight is null ? scope.Constant("weight", Filled(sizes.Aggregate(1L, (a, b) => a * b), 1), sizes) : scope.Weight("weight", module.weight);
        return scope.Node(
            "LayerNormalization",
            module.bias is null ? [input, scale] : [input, scale, scope.Weight("bias", module.bias)],
            input.Shape,
            new OnnxAttribute("axis", -sizes.Length),
            new OnnxAttribute("epsilon", (float)module.eps));
    }

    private static OnnxValue WriteBatchNorm1d(BatchNorm1d module, OnnxValue input, OnnxScope scope)
    {
        if (!module.track_running_stats || module.running_mean is not { } mean || module.running_var is not { } variance)
            throw scope.Refuse("it has no running statistics, so its output depends on the other windows of the batch.", "Create it with track_running_stats: true, or use a layer normalisation.");
        if (input.Rank is not (2 or 3) || input.Shape[1].Size != module.num_features)
            throw scope.Refuse($"it takes {module.num_features} channels and gets [{string.Join(", ", input.Shape)}].", "Make its num_features those of what comes before it.");

        return scope.Node(
            "BatchNormalization",
            [
                input,
                module.weight is null ? scope.Constant("weight", Filled(module.num_features, 1), module.num_features) : scope.Weight("weight", module.weight),
                module.bias is null ? scope.Constant("bias", Filled(module.num_features, 0), module.num_features) : scope.Weight("bias", module.bias),
                scope.Weight("running_mean", mean),
                scope.Weight("running_var", variance),
            ],
            input.Shape,
            new OnnxAttribute("epsilon", (float)module.eps));
    }

    private static float[] Filled(long count, float value)
    {
        float[] values = new float[count];
        Array.Fill(values, value);
        return values;
    }
}
