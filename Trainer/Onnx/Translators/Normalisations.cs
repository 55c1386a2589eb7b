using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Edge.Trainer.Onnx.Translators;

/// <summary>Modules that bring their input to a common mean and spread.</summary>
internal static class Normalisations
{
    public static void RegisterIn(OnnxWriter writer) => writer
        .Register<LayerNorm>(WriteLayerNorm)
        .Register<BatchNorm1d>((module, input, scope) => WriteBatchNorm(module, 1, input, scope))
        .Register<BatchNorm2d>((module, input, scope) => WriteBatchNorm(module, 2, input, scope))
        .Register<InstanceNorm1d>((module, input, scope) => WriteInstanceNorm(module, 1, input, scope))
        .Register<InstanceNorm2d>((module, input, scope) => WriteInstanceNorm(module, 2, input, scope))
        .Register<GroupNorm>(WriteGroupNorm);

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

    private static OnnxValue WriteBatchNorm(BatchNorm module, int axisCount, OnnxValue input, OnnxScope scope)
    {
        if (!module.track_running_stats || module.running_mean is null || module.running_var is null)
            throw scope.Refuse("it has no running statistics, so its output depends on the other windows of the batch.", "Create it with track_running_stats: true, or use a layer normalisation.");
        if (input.Rank != axisCount + 2 && !(axisCount == 1 && input.Rank == 2)) throw WrongChannels(module.num_features, input, scope);
        return WriteWithStatistics(module, input, scope);
    }

    private static OnnxValue WriteInstanceNorm(InstanceNorm module, int axisCount, OnnxValue input, OnnxScope scope)
    {
        SlidingWindow.SizesOf(input, axisCount, scope);
        if (module.track_running_stats && module.running_mean is not null) return WriteWithStatistics(module, input, scope);
        if (input.Shape[1].Size != module.num_features) throw WrongChannels(module.num_features, input, scope);
        return scope.Node(
            "InstanceNormalization", [input, ScaleOf(module, scope), BiasOf(module, scope)], input.Shape, new OnnxAttribute("epsilon", (float)module.eps));
    }

    private static OnnxValue WriteWithStatistics(NormBase module, OnnxValue input, OnnxScope scope)
    {
        if (input.Shape[1].Size != module.num_features) throw WrongChannels(module.num_features, input, scope);
        return scope.Node(
            "BatchNormalization",
            [input, ScaleOf(module, scope), BiasOf(module, scope), scope.Weight("running_mean", module.running_mean!), scope.Weight("running_var", module.running_var!)],
            input.Shape,
            new OnnxAttribute("epsilon", (float)module.eps));
    }

    // GroupNormalization comes with opset 18. A group is an instance of its own once its channels lie on one axis: [batch, groups, channels / groups * samples].
    private static OnnxValue WriteGroupNorm(GroupNorm module, OnnxValue input, OnnxScope scope)
    {
        long groupCount = module.num_groups;
        if (input.Rank < 2 || input.Shape[1].Size is not { } channelCount || channelCount % groupCount != 0 || (module.weight is not null && module.weight.shape[0] != channelCount))
            throw scope.Refuse($"it has {groupCount} groups of {(module.weight is null ? "any" : module.weight.shape[0])} channels together and gets [{string.Join(", ", input.Shape)}].", "Make its num_channels those of what comes before it.");
        if (input.Shape.Skip(1).Any(dim => dim.Size is null)) throw scope.Refuse($"an axis of [{string.Join(", ", input.Shape)}] after the batch is of any length.", "Give the graph's input fixed sizes.");

        long perGroup = input.Shape.Skip(1).Aggregate(1L, (product, dim) => product * (dim.Size ?? 1)) / groupCount;
        var grouped = scope.Reshape(input, input.Shape[0], groupCount, perGroup);
        var normalised = scope.Node(
            "InstanceNormalization",
            [grouped, scope.Constant("ones", Filled(groupCount, 1), groupCount), scope.Constant("zeros", Filled(groupCount, 0), groupCount)],
            grouped.Shape,
            new OnnxAttribute("epsilon", (float)module.eps));
        var value = scope.Reshape(normalised, [.. input.Shape]);
        if (module.weight is not null) value = scope.Multiply(value, PerChannel("weight", module.weight));
        return module.bias is null ? value : scope.Add(value, PerChannel("bias", module.bias));

        OnnxValue PerChannel(string name, Tensor values)
        {
            long[] aligned = new long[input.Rank - 1];
            Array.Fill(aligned, 1);
            aligned[0] = channelCount;
            using var column = values.reshape(aligned);
            return scope.Weight(name, column);
        }
    }

    private static OnnxExportException WrongChannels(long channelCount, OnnxValue input, OnnxScope scope) =>
        scope.Refuse($"it takes {channelCount} channels and gets [{string.Join(", ", input.Shape)}].", "Make its num_features those of what comes before it.");

    private static OnnxValue ScaleOf(NormBase module, OnnxScope scope) =>
        module.weight is null ? scope.Constant("weight", Filled(module.num_features, 1), module.num_features) : scope.Weight("weight", module.weight);

    private static OnnxValue BiasOf(NormBase module, OnnxScope scope) =>
        module.bias is null ? scope.Constant("bias", Filled(module.num_features, 0), module.num_features) : scope.Weight("bias", module.bias);

    private static float[] Filled(long count, float value)
    {
        float[] values = new float[count];
        Array.Fill(values, value);
        return values;
    }
}
