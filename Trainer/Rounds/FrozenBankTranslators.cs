using Edge.Trainer.Backbones;
using Edge.Trainer.Onnx;

namespace Edge.Trainer.Rounds;

/// <summary>How the frozen banks are written to ONNX. Everything has its shape fixed but for the batch.</summary>
internal static class FrozenBankTranslators
{
    public static OnnxWriter RegisterIn(OnnxWriter writer) => writer
        .Register<FeatureVectorBank>(WriteVectorBank)
        .Register<RandomConvolutionBank>(WriteConvolutionBank)
        .Register<CompetingKernels>(WriteCompetingKernels)
        .Register<WindowStatistics>(WriteWindowStatistics);

    private static OnnxValue WriteVectorBank(FeatureVectorBank module, OnnxValue input, OnnxScope scope)
    {
        Check(input, module.ChannelCount, module.Length, scope);
        OnnxDim[] random = [input.Shape[0], module.RandomCount];
        var scaled = Flatten(scope, scope.Write("scale", module.Scale, input));
        var angles = scope.Node("Gemm", [scaled, scope.Weight("directions", module.Directions), scope.Weight("phases", module.Phases)], random);
        return Concatenate(scope, 1, scaled, scope.Node("Cos", [angles], random));
    }

    private static OnnxValue WriteConvolutionBank(RandomConvolutionBank module, OnnxValue input, OnnxScope scope)
    {
        var random = scope.Write("kernels", module.Kernels, input);
        return module.Statistics is null ? random : Concatenate(scope, 1, random, scope.Write("statistics", module.Statistics, input));
    }

    private static OnnxValue WriteCompetingKernels(CompetingKernels module, OnnxValue input, OnnxScope scope)
    {
        Check(input, module.ChannelCount, module.Length, scope);
        var batch = input.Shape[0];
        long length = module.Length, rowCount = module.GroupCount * module.KernelsPerGroup, kernelLength = module.Kernels.shape[3];
        var (level, differences, _) = LevelAndDifferences(input, scope);
        var series = Concatenate(scope, 1, level, differences);
        var responses = new OnnxValue[module.Dilations.Count];
        for (int i = 0; i < responses.Length; i++)
        {
            long dilation = module.Dilations[i], padding = dilation * (kernelLength - 1) / 2;
            using var weight = module.Kernels[i];
            responses[i] = scope.Node(
                "Conv",
                [Gather(scope, series, $"sources{i}", module.Sources[i]), scope.Weight($"kernels.{i}", weight)],
                [batch, rowCount, length],
                new OnnxAttribute("dilations", [dilation]),
                new OnnxAttribute("group", module.GroupCount),
                new OnnxAttribute("kernel_shape", [kernelLength]),
                new OnnxAttribute("pads", [padding, padding]),
                new OnnxAttribute("strides", [1]));
        }

        long groupCount = responses.Length * module.GroupCount;
        OnnxDim[] grouped = [batch, groupCount, module.KernelsPerGroup, length], winner = [batch, groupCount, 1, length], perKernel = [batch, groupCount, module.KernelsPerGroup];
        var response = scope.Node("Reshape", [Concatenate(scope, 1, responses), scope.Constant("groups", [0, groupCount, module.KernelsPerGroup, length])], grouped);
        var largest = scope.Node("ReduceMax", [response], winner, new OnnxAttribute("axes", [2]), new OnnxAttribute("keepdims", 1));
        var smallest = scope.Node("ReduceMin", [response], winner, new OnnxAttribute("axes", [2]), new OnnxAttribute("keepdims", 1));
        var gain = scope.Node("Reshape", [scope.Node("Relu", [largest], winner), scope.Constant("column", [0, groupCount, length, 1])], [batch, groupCount, length, 1]);
        var sums = scope.Node("MatMul", [IsEqual(scope, response, largest), gain], [batch, groupCount, module.KernelsPerGroup, 1]);
        var counts = SumOverTime(scope, IsEqual(scope, response, smallest), perKernel);
        var both = Concatenate(scope, 1, Flatten(scope, sums), Flatten(scope, counts));
        return scope.Node("Sqrt", [both], both.Shape);
    }

    private static OnnxValue WriteWindowStatistics(WindowStatistics module, OnnxValue input, OnnxScope scope)
    {
        Check(input, module.ChannelCount, module.Length, scope);
        OnnxDim batch = input.Shape[0];
        long length = module.Length, channelCount = module.ChannelCount, sensorCount = module.SensorCount, seriesCount = channelCount + sensorCount;
        var all = sensorCount == 0 ? input : Concatenate(scope, 1, input, Norms(input, sensorCount, length, scope));
        var (level, differences, first) = LevelAndDifferences(all, scope);

        var both = Concatenate(scope, 1, level, differences);
        OnnxDim[] perBoth = [batch, 2 * seriesCount], column = [batch, 2 * seriesCount, 1];
        var mean = scope.Node("ReduceMean", [both], column, new OnnxAttribute("axes", [2]), new OnnxAttribute("keepdims", 1));
        var centred = scope.Node("Sub", [both, mean], both.Shape);
        var variance = Mean(scope, scope.Node("Mul", [centred, centred], both.Shape), perBoth);
        var deviation = scope.Node("Sqrt", [variance], perBoth);
        var logarithm = Log(scope, deviation, WindowStatistics.Floor);
        var roughness = Mean(scope, scope.Node("Abs", [differences], differences.Shape), [batch, seriesCount]);

        // The second output of TopK, where the sorted values came from, is not used.
        var sorted = scope.Node(
            "TopK", OnnxElement.Float32, 1, [level, scope.Constant("length", [length])], level.Shape, new OnnxAttribute("axis", -1), new OnnxAttribute("largest", 0), new OnnxAttribute("sorted", 1));
        OnnxDim[] order = [batch, seriesCount, module.Order.shape[1]];
        var quantiles = scope.Node("Add", [scope.Node("MatMul", [sorted, scope.Weight("order", module.Order)], order), first], order);

        var axes = Range(scope, centred, "channels", 1, 0, channelCount);
        OnnxDim[] waves = [batch, channelCount, module.WavesOfLength.shape[1]], bands = [batch, channelCount, module.BandMeans.shape[1]];
        var amplitude = scope.Node("MatMul", [axes, scope.Weight("waves", module.WavesOfLength)], waves);
        var power = scope.Node("MatMul", [scope.Node("Mul", [amplitude, amplitude], waves), scope.Weight("bands", module.BandMeans)], bands);
        var powers = Log(scope, power, WindowStatistics.Floor * WindowStatistics.Floor);

        OnnxValue[] features = [Flatten(scope, quantiles), Range(scope, deviation, "series", 1, 0, seriesCount), logarithm, roughness, Flatten(scope, powers)];
        return sensorCount == 0 ? Concatenate(scope, 1, features) : Concatenate(scope, 1, [.. features, Correlations(module, axes, deviation, scope)]);
    }

    private static OnnxValue Norms(OnnxValue input, long sensorCount, long length, OnnxScope scope)
    {
        OnnxDim[] byAxis = [input.Shape[0], sensorCount, WindowStatistics.AxesPerSensor, length], norm = [input.Shape[0], sensorCount, length];
        var axes = scope.Node("Reshape", [input, scope.Constant("sensors", [0, sensorCount, WindowStatistics.AxesPerSensor, length])], byAxis);
        return scope.Node("ReduceL2", [axes], norm, new OnnxAttribute("axes", [2]), new OnnxAttribute("keepdims", 0));
    }

    private static OnnxValue Correlations(WindowStatistics module, OnnxValue axes, OnnxValue deviation, OnnxScope scope)
    {
        OnnxDim[] pairs = [axes.Shape[0], module.LeftAxes.Length];
        OnnxValue leftAxes = Gather(scope, axes, "left", module.LeftAxes), rightAxes = Gather(scope, axes, "right", module.RightAxes);
        OnnxValue left = Gather(scope, deviation, "left", module.LeftAxes), right = Gather(scope, deviation, "right", module.RightAxes);
        var covariance = Mean(scope, scope.Node("Mul", [leftAxes, rightAxes], leftAxes.Shape), pairs);
        var divisor = scope.Node(
            "Add", [scope.Node("Mul", [left, right], pairs), scope.Constant("floor", [(float)(WindowStatistics.Floor * WindowStatistics.Floor)])], pairs);
        return scope.Node("Div", [covariance, divisor], pairs);
    }

    /// <summary>The series less their first sample, their first differences behind a zero, and the first samples.</summary>
    private static (OnnxValue Level, OnnxValue Differences, OnnxValue First) LevelAndDifferences(OnnxValue series, OnnxScope scope)
    {
        long length = series.Shape[2].Size ?? throw scope.Refuse("its windows have no fixed length.", "Give the graph's input a fixed length.");
        var first = Range(scope, series, "first", 2, 0, 1);
        var level = scope.Node("Sub", [series, first], series.Shape);
        var difference = scope.Node(
            "Sub", [Range(scope, series, "later", 2, 1, length), Range(scope, series, "earlier", 2, 0, length - 1)], [series.Shape[0], series.Shape[1], length - 1]);
        return (level, scope.Node("Pad", [difference, scope.Constant("zeroBefore", [0, 0, 1, 0, 0, 0])], series.Shape), first);
    }

    private static void Check(OnnxValue input, long channelCount, long length, OnnxScope scope)
    {
        if (input.Rank != 3 || input.Shape[1].Size != channelCount || input.Shape[2].Size != length)
            throw scope.Refuse($"it takes [batch, {channelCount}, {length}] and gets [{string.Join(", ", input.Shape)}].", "Make a bank for the windows' shape.");
    }

    private static OnnxValue Gather(OnnxScope scope, OnnxValue rows, string name, long[] indices) =>
        scope.Node("Gather", [rows, scope.Constant(name, indices)], [rows.Shape[0], indices.Length, .. rows.Shape.Skip(2)], new OnnxAttribute("axis", 1));

    private static OnnxValue Range(OnnxScope scope, OnnxValue value, string name, int axis, long from, long to)
    {
        OnnxDim[] shape = [.. value.Shape.Take(axis), to - from, .. value.Shape.Skip(axis + 1)];
        return scope.Node("Slice", [value, scope.Constant($"{name}From", [from]), scope.Constant($"{name}To", [to]), scope.Constant($"{name}Axis", [axis])], shape);
    }

    private static OnnxValue IsEqual(OnnxScope scope, OnnxValue value, OnnxValue winner) =>
        scope.Node("Cast", [scope.Node("Equal", OnnxElement.Bool, 0, [value, winner], value.Shape)], value.Shape, new OnnxAttribute("to", (long)OnnxElement.Float32));

    private static OnnxValue SumOverTime(OnnxScope scope, OnnxValue value, OnnxDim[] shape) =>
        scope.Node("ReduceSum", [value, scope.Constant("time", [3])], shape, new OnnxAttribute("keepdims", 0));

    private static OnnxValue Mean(OnnxScope scope, OnnxValue value, OnnxDim[] shape) =>
        scope.Node("ReduceMean", [value], shape, new OnnxAttribute("axes", [2]), new OnnxAttribute("keepdims", 0));

    private static OnnxValue Log(OnnxScope scope, OnnxValue value, double floor) =>
        scope.Node("Log", [scope.Node("Add", [value, scope.Constant("floor", [(float)floor])], value.Shape)], value.Shape);

    private static OnnxValue Flatten(OnnxScope scope, OnnxValue value) =>
        scope.Node("Flatten", [value], [value.Shape[0], value.Shape.Skip(1).Aggregate(1L, (product, dim) => product * (dim.Size ?? 0))], new OnnxAttribute("axis", 1));

    private static OnnxValue Concatenate(OnnxScope scope, int axis, params ReadOnlySpan<OnnxValue> parts)
    {
        long size = 0;
        foreach (var part in parts) size += part.Shape[axis].Size ?? 0;
        OnnxDim[] shape = [.. parts[0].Shape.Take(axis), size, .. parts[0].Shape.Skip(axis + 1)];
        return scope.Node("Concat", parts, shape, new OnnxAttribute("axis", axis));
    }
}
