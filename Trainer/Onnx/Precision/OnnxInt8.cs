using Edge.Trainer.Onnx.Protocol;

namespace Edge.Trainer.Onnx.Precision;

/// <summary>
/// Turns a finished float32 file into one that computes its convolutions and products in 8 bits: QuantizeLinear and DequantizeLinear (QDQ) around every Conv, and every Gemm and MatMul with a constant
/// matrix, the form that ONNX Runtime and TensorRT replace by integer kernels. The rest stays float32, inputs and outputs too.
/// <list type="bullet">
/// <item>Weights: signed, symmetric, one scale per output channel, S = max|w| / (2^(bits - 1) - 1), q = round(w / S) (Nagel et al. 2021, A white paper on neural network quantization, sections 2.2.2 and 2.4.2).</item>
/// <item>Activations: unsigned, one scale per tensor, from the range that the caller measured: <see cref="OnnxRange.ToUInt8"/>. Those of a convolution are taken after its ReLU where one follows alone.</item>
/// <item>Biases: 32 bits with scale S_input S_weight, zero point 0 (Jacob et al. 2018, section 2.4).</item>
/// </list>
/// The order of calls: <see cref="CalibrationGraph"/>, run it over examples and collect each output in an <see cref="OnnxRangeObserver"/>, then <see cref="Quantise"/> with the same options.
/// </summary>
public static class OnnxInt8
{
    /// <summary>The graph that shows the values whose ranges <see cref="Quantise"/> needs. Empty <c>ValueOfOutput</c>: the model has nothing to quantise.</summary>
    /// <exception cref="InvalidDataException">The bytes are no float32 file of this writer.</exception>
    public static OnnxCalibrationGraph CalibrationGraph(ReadOnlySpan<byte> file, OnnxInt8Options? options = null)
    {
        var model = Read(file);
        var inputs = model.Graph.Input.Select(input => input.Name).ToHashSet(StringComparer.Ordinal);
        var valueOfOutput = new Dictionary<string, string>(StringComparer.Ordinal);
        var outputs = new List<ValueInfoProto>();
        foreach (string value in Observed(model, options ?? new OnnxInt8Options()))
        {
            var info = model.InfoOf(value)!.Clone();
            if (inputs.Contains(value))
            {
                // An input cannot be an output under its own name.
                info.Name = model.Claim($"{value}/observed");
                model.Graph.Node.Add(model.Node($"{info.Name}/Identity", "Identity", info.Name, value));
            }
            else
            {
                model.Forget(value);
            }

            valueOfOutput[info.Name] = value;
            outputs.Add(info);
        }

        // What was an output and is none any more keeps its type as an intermediate value.
        model.Graph.ValueInfo.Add(model.Graph.Output.Where(output => !valueOfOutput.ContainsKey(output.Name)));
        model.Graph.Output.Clear();
        model.Graph.Output.Add(outputs);
        return new OnnxCalibrationGraph(model.ToBytes(), valueOfOutput);
    }

    /// <summary>The file in 8 bits. The same arguments give the same bytes; metadata <c>precision</c> is <c>int8</c>.</summary>
    /// <param name="file">The float32 file, the one that the calibration graph was made of.</param>
    /// <param name="ranges">Range of every value that the calibration graph shows, by its name.</param>
    /// <param name="options">Those of the calibration graph.</param>
    /// <exception cref="InvalidDataException">The bytes are no float32 file of this writer.</exception>
    /// <exception cref="ArgumentException">A range is missing or is none; the message names the value.</exception>
    public static byte[] Quantise(ReadOnlySpan<byte> file, IReadOnlyDictionary<string, OnnxRange> ranges, OnnxInt8Options? options = null)
    {
        options ??= new OnnxInt8Options();
        if (options.WeightBits is not (7 or 8)) throw new ArgumentException($"WeightBits is {options.WeightBits}. It must be 7 or 8.", nameof(options));
        var model = Read(file);
        var missing = Observed(model, options).Where(value => !ranges.ContainsKey(value)).ToList();
        if (missing.Count > 0) throw new ArgumentException($"No range is given for {string.Join(", ", missing.Select(name => $"'{name}'"))}. Run the calibration graph of this file with the same options.", nameof(ranges));
        new OnnxQuantisation(model, ranges, options).Run();
        return model.ToBytes((OnnxPrecision.MetadataKey, OnnxPrecision.Int8));
    }

    /// <summary>Whether a node is one of those that are computed in 8 bits.</summary>
    internal static bool IsQuantised(OnnxModelFile model, NodeProto node, OnnxInt8Options options)
    {
        bool known = node.OpType switch
        {
            "Conv" => true,
            "MatMul" => model.ConstantOf(node.Input.ElementAtOrDefault(1) ?? "") is { Dims.Count: 2 },
            "Gemm" => OnnxModelFile.NumberOf(node, "alpha", 1) == 1 && OnnxModelFile.NumberOf(node, "beta", 1) == 1 && OnnxModelFile.IntegerOf(node, "transA", 0) == 0,
            _ => false,
        };
        return known
            && model.ConstantOf(node.Input[0]) is null
            && node.Input.Skip(1).All(name => model.ConstantOf(name) is { } constant && constant.DataType == (int)OnnxElement.Float32)
            && !options.Float32Nodes.Any(prefix => node.Name.StartsWith(prefix, StringComparison.Ordinal));
    }

    /// <summary>The value that is quantised after a convolution: its output, or that of the ReLU which alone takes it.</summary>
    internal static string QuantisedOutputOf(OnnxModelFile model, NodeProto convolution)
    {
        string output = convolution.Output[0];
        var takers = model.Graph.Node.Where(node => node.Input.Contains(output)).ToList();
        bool isPutOut = model.Graph.Output.Any(put => put.Name == output);
        return !isPutOut && takers is [{ OpType: "Relu" } relu] ? relu.Output[0] : output;
    }

    private static List<string> Observed(OnnxModelFile model, OnnxInt8Options options)
    {
        var observed = new List<string>();
        foreach (var node in model.Graph.Node.Where(node => IsQuantised(model, node, options)))
        {
            observed.Add(node.Input[0]);
            if (node.OpType == "Conv") observed.Add(QuantisedOutputOf(model, node));
        }

        return [.. observed.Distinct()];
    }

    private static OnnxModelFile Read(ReadOnlySpan<byte> file)
    {
        var model = OnnxModelFile.Read(file);
        return model.Graph.Node.Any(node => node.OpType is "QuantizeLinear" or "DequantizeLinear") || model.Graph.Initializer.Any(tensor => tensor.DataType == (int)OnnxElement.Float16)
            ? throw new InvalidDataException("The file computes in less than float32 already. Start from the float32 file.")
            : model;
    }
}
