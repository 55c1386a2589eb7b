using System.Runtime.InteropServices;
using Edge.Trainer.Onnx.Protocol;

namespace Edge.Trainer.Onnx.Precision;

/// <summary>One run of <see cref="OnnxInt8.Quantise"/>: walks the nodes in order and puts the pairs of QuantizeLinear and DequantizeLinear around those that are computed in 8 bits.</summary>
internal sealed class OnnxQuantisation(OnnxModelFile model, IReadOnlyDictionary<string, OnnxRange> ranges, OnnxInt8Options options)
{
    private readonly List<NodeProto> nodes = [];
    private readonly Dictionary<string, string> dequantised = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (string ScaleName, string ZeroName, float Scale)> activations = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Name, int Axis), (string Value, float[] Scales)> weights = [];

    public void Run()
    {
        var quantised = model.Graph.Node.Where(node => OnnxInt8.IsQuantised(model, node, options)).ToHashSet<NodeProto>(ReferenceEqualityComparer.Instance);
        var afterwards = quantised.Where(node => node.OpType == "Conv").Select(node => OnnxInt8.QuantisedOutputOf(model, node)).ToHashSet(StringComparer.Ordinal);
        foreach (var node in model.Graph.Node.ToList())
        {
            if (quantised.Contains(node)) QuantiseInputs(node);
            nodes.Add(node);
            if (afterwards.Contains(node.Output[0])) QuantiseOutput(node);
        }

        model.Replace(nodes);
    }

    private void QuantiseInputs(NodeProto node)
    {
        string input = node.Input[0];
        float inputScale = Activation(input).Scale;
        node.Input[0] = Dequantised(input);
        int axis = node.OpType switch { "Conv" => 0, "Gemm" => OnnxModelFile.IntegerOf(node, "transB", 0) == 1 ? 0 : 1, _ => 1 };
        var (weight, scales) = Weight(node.Input[1], axis);
        node.Input[1] = weight;
        if (node.Input.Count > 2) node.Input[2] = Bias(node.Input[2], node.Name, inputScale, scales);
    }

    // A convolution's own output, or that of its ReLU: it keeps its name behind the pair, so whoever takes it takes the 8-bit value.
    private void QuantiseOutput(NodeProto node)
    {
        string output = node.Output[0], before = model.Claim($"{output}/float32");
        model.State(before, model.InfoOf(output)!, OnnxElement.Float32);
        node.Output[0] = before;
        AddPair(before, output, output);
        dequantised[output] = output;
    }

    private string Dequantised(string value)
    {
        if (dequantised.TryGetValue(value, out string? known)) return known;
        string after = model.Claim($"{value}/dequantised");
        model.State(after, model.InfoOf(value)!, OnnxElement.Float32);
        AddPair(value, after, value);
        return dequantised[value] = after;
    }

    private void AddPair(string from, string to, string observed)
    {
        var (scale, zero, _) = Activation(observed);
        string between = model.Claim($"{observed}/quantised");
        model.State(between, model.InfoOf(observed)!, OnnxElement.UInt8);
        nodes.Add(model.Node($"{observed}/QuantizeLinear", "QuantizeLinear", between, from, scale, zero));
        nodes.Add(model.Node($"{observed}/DequantizeLinear", "DequantizeLinear", to, between, scale, zero));
    }

    private (string ScaleName, string ZeroName, float Scale) Activation(string value)
    {
        if (activations.TryGetValue(value, out var known)) return known;
        float scale;
        byte zero;
        try
        {
            (scale, zero) = ranges[value].ToUInt8();
        }
        catch (ArgumentException none)
        {
            throw new ArgumentException($"'{value}': {none.Message}", nameof(value), none);
        }

        return activations[value] = (
            model.AddConstant($"{value}/scale", OnnxElement.Float32, MemoryMarshal.AsBytes([scale]), []), model.AddConstant($"{value}/zero_point", OnnxElement.UInt8, [zero], []), scale);
    }

    private (string Value, float[] Scales) Weight(string name, int axis)
    {
        if (weights.TryGetValue((name, axis), out var known)) return known;
        var constant = model.ConstantOf(name)!;
        var numbers = OnnxModelFile.NumbersOf(constant);
        int channelCount = (int)constant.Dims[axis], inner = (int)constant.Dims.Skip(axis + 1).Aggregate(1L, (product, size) => product * size);
        int largest = (1 << (options.WeightBits - 1)) - 1;
        float[] scales = new float[channelCount];
        for (int i = 0; i < numbers.Length; i++)
        {
            ref float scale = ref scales[i / inner % channelCount];
            scale = Math.Max(scale, Math.Abs(numbers[i]));
        }

        for (int c = 0; c < channelCount; c++) scales[c] = scales[c] / largest is var scale && scale > 0 ? scale : 1; // A channel of zeros.
        sbyte[] values = new sbyte[numbers.Length];
        for (int i = 0; i < values.Length; i++) values[i] = (sbyte)Math.Clamp(Math.Round((double)numbers[i] / scales[i / inner % channelCount]), -largest, largest);

        string quantised = model.AddConstant($"{name}/quantised", OnnxElement.Int8, MemoryMarshal.AsBytes(values.AsSpan()), constant.Dims);
        return weights[(name, axis)] = (AddDequantised(name, quantised, scales, axis, OnnxElement.Int8, constant.Dims), scales);
    }

    private string Bias(string name, string node, float inputScale, float[] weightScales)
    {
        var constant = model.ConstantOf(name)!;
        var numbers = OnnxModelFile.NumbersOf(constant);
        float[] scales = new float[weightScales.Length];
        int[] values = new int[weightScales.Length];
        for (int c = 0; c < scales.Length; c++)
        {
            scales[c] = inputScale * weightScales[c];
            values[c] = (int)Math.Clamp(Math.Round((double)numbers[numbers.Length == 1 ? 0 : c] / scales[c]), int.MinValue, int.MaxValue);
        }

        string quantised = model.AddConstant($"{name}/quantised", OnnxElement.Int32, MemoryMarshal.AsBytes(values.AsSpan()), [values.Length]);
        return AddDequantised(name, quantised, scales, 0, OnnxElement.Int32, [values.Length]);
    }

    private string AddDequantised(string name, string quantised, float[] scales, int axis, OnnxElement element, IEnumerable<long> dims)
    {
        string scale = model.AddConstant($"{name}/scale", OnnxElement.Float32, MemoryMarshal.AsBytes(scales.AsSpan()), [scales.Length]);
        string zero = model.AddConstant($"{name}/zero_point", element, new byte[scales.Length * (element == OnnxElement.Int8 ? sizeof(sbyte) : sizeof(int))], [scales.Length]);
        string output = model.Claim($"{name}/dequantised");
        var info = new ValueInfoProto { Name = output, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)OnnxElement.Float32, Shape = new TensorShapeProto() } } };
        foreach (long size in dims) info.Type.TensorType.Shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = size });
        model.State(output, info, OnnxElement.Float32);
        var node = model.Node($"{name}/DequantizeLinear", "DequantizeLinear", output, quantised, scale, zero);
        node.Attribute.Add(new OnnxAttribute("axis", axis).Proto);
        nodes.Add(node);
        return output;
    }
}
