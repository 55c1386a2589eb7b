using System.Runtime.InteropServices;
using Edge.Trainer.Onnx.Protocol;

namespace Edge.Trainer.Onnx.Precision;

/// <summary>What stays float32 when a file is converted to float16.</summary>
public sealed record OnnxFloat16Options
{
    /// <summary>
    /// Operators that stay float32: those that add up many numbers or take exponentials, where float16 (11 significant bits, up to 65,504, smallest normal number 6.1e-5) loses range or counts.
    /// </summary>
    public IReadOnlySet<string> Float32Operators { get; init; } = new HashSet<string>(StringComparer.Ordinal)
    {
        "BatchNormalization", "CumSum", "Exp", "GlobalAveragePool", "InstanceNormalization", "LayerNormalization", "Log", "LogSoftmax", "Pow", "Reciprocal", "ReduceL1", "ReduceL2", "ReduceLogSumExp",
        "ReduceMean", "ReduceProd", "ReduceSum", "ReduceSumSquare", "Softmax", "Softplus",
    };

    /// <summary>Nodes that stay float32 by the beginning of their name, which is the path of their module: <c>readout</c>, <c>backbone.layers.head</c>.</summary>
    public IReadOnlyCollection<string> Float32Nodes { get; init; } = [];

    /// <summary>
    /// Nodes between the graph's inputs and the first convolution, product, recurrent layer or normalisation stay float32: there values are in the sensor's units, and a pressure in pascal does not fit into
    /// float16. Default true.
    /// </summary>
    public bool Float32UnitsOfInputs { get; init; } = true;
}

/// <summary>
/// Turns a finished float32 file into one that computes in float16: weights and values between nodes are float16, inputs and outputs stay float32, with Casts at the borders and around the nodes that stay
/// float32: those that the options name, divisions by a computed number, and those that take a single number too small for float16. For CUDA and TensorRT. ONNX Runtime on a CPU without float16 kernels casts back by itself: there the file is half as large and not faster. Rounding is to the nearest, ties to even.
/// </summary>
public static class OnnxFloat16
{
    private static readonly HashSet<string> s_unitsEnd = new(StringComparer.Ordinal)
    {
        "Conv", "ConvTranspose", "Gemm", "MatMul", "GRU", "LSTM", "LayerNormalization", "InstanceNormalization", "BatchNormalization",
    };

    /// <summary>The file in float16. The same file and options give the same bytes; metadata <c>precision</c> is <c>float16</c>.</summary>
    /// <exception cref="InvalidDataException">
    /// The bytes are no float32 file of this writer, or a constant does not fit: it holds a number above 65,504, or several, and all become 0. The message names it and the node that takes it.
    /// </exception>
    public static byte[] Convert(ReadOnlySpan<byte> file, OnnxFloat16Options? options = null)
    {
        var model = OnnxModelFile.Read(file);
        if (model.Graph.Node.Any(node => node.OpType is "QuantizeLinear" or "DequantizeLinear")) throw new InvalidDataException("The file is quantised already. Convert the float32 file.");
        new Conversion(model, options ?? new OnnxFloat16Options()).Run();
        return model.ToBytes((OnnxPrecision.MetadataKey, OnnxPrecision.Float16));
    }

    private sealed class Conversion(OnnxModelFile model, OnnxFloat16Options options)
    {
        private readonly List<NodeProto> nodes = [];
        private readonly HashSet<string> halfValues = new(StringComparer.Ordinal);
        private readonly Dictionary<(string Name, bool Half), string> casts = [];
        private readonly HashSet<string> inUnits = model.Graph.Input.Where(input => model.IsFloat32(input.Name)).Select(input => input.Name).ToHashSet(StringComparer.Ordinal);

        public void Run()
        {
            var outputs = model.Graph.Output.Select(output => output.Name).ToHashSet(StringComparer.Ordinal);
            foreach (var node in model.Graph.Node.ToList())
            {
                bool half = !StaysFloat32(node);
                for (int i = 0; i < node.Input.Count; i++)
                    if (model.IsFloat32(node.Input[i]) || halfValues.Contains(node.Input[i])) node.Input[i] = In(node.Input[i], half, node);
                nodes.Add(node);
                if (!half) continue;
                for (int i = 0; i < node.Output.Count; i++)
                {
                    string name = node.Output[i];
                    if (!model.IsFloat32(name)) continue;
                    if (outputs.Contains(name)) PutOut(node, i);
                    else BecomesHalf(name);
                }
            }

            model.Replace(nodes);
        }

        private bool StaysFloat32(NodeProto node)
        {
            bool unitsHold = options.Float32UnitsOfInputs && !s_unitsEnd.Contains(node.OpType) && node.Input.Any(inUnits.Contains);
            if (unitsHold) inUnits.UnionWith(node.Output);
            return unitsHold
                || node.OpType == "Cast" // The type that it puts out is an attribute.
                || options.Float32Operators.Contains(node.OpType)
                || options.Float32Nodes.Any(prefix => node.Name.StartsWith(prefix, StringComparison.Ordinal))
                || (node.OpType == "Div" && model.ConstantOf(node.Input[1]) is null) // A divisor that is computed, a norm for example, may vanish.
                || node.Input.Any(IsVanishingNumber)
                || model.InfoOf(node.Output[0]) is null; // A type that is not known cannot be changed.
        }

        // A single number so small that float16 has 0 for it: an epsilon, which means something.
        private bool IsVanishingNumber(string name) =>
            model.ConstantOf(name) is { } constant && constant.DataType == (int)OnnxElement.Float32 && OnnxModelFile.NumbersOf(constant) is [var number] && number != 0 && (Half)number == (Half)0;

        private void BecomesHalf(string name)
        {
            halfValues.Add(name);
            model.InfoOf(name)!.Type.TensorType.ElemType = (int)OnnxElement.Float16;
        }

        // An output of the graph keeps its name and float32: the node puts out another value, which is cast.
        private void PutOut(NodeProto node, int index)
        {
            string name = node.Output[index], half = model.Claim($"{name}/float16");
            model.State(half, model.InfoOf(name)!, OnnxElement.Float16);
            node.Output[index] = half;
            casts[(name, true)] = half;
            AddCast(half, name, OnnxElement.Float32);
        }

        // The value as a node of that precision takes it.
        private string In(string name, bool half, NodeProto node)
        {
            if (model.ConstantOf(name) is { } constant) return half ? HalfConstant(constant, node) : name;
            if (halfValues.Contains(name) == half) return name;
            if (casts.TryGetValue((name, half), out string? cast)) return cast;
            var element = half ? OnnxElement.Float16 : OnnxElement.Float32;
            string output = model.Claim($"{name}/{(half ? "float16" : "float32")}");
            model.State(output, model.InfoOf(name)!, element);
            AddCast(name, output, element);
            return casts[(name, half)] = output;
        }

        private void AddCast(string from, string to, OnnxElement element)
        {
            var node = model.Node($"{to}/Cast", "Cast", to, from);
            node.Attribute.Add(new OnnxAttribute("to", (long)element).Proto);
            nodes.Add(node);
        }

        private string HalfConstant(TensorProto constant, NodeProto node)
        {
            if (casts.TryGetValue((constant.Name, true), out string? known)) return known;
            var numbers = OnnxModelFile.NumbersOf(constant);
            var halves = new Half[numbers.Length];
            bool any = false, left = false;
            for (int i = 0; i < numbers.Length; i++)
            {
                halves[i] = (Half)numbers[i];
                if (!Half.IsFinite(halves[i]) && float.IsFinite(numbers[i]))
                    throw new InvalidDataException($"'{constant.Name}' holds {numbers[i]:g6}, and float16 ends at {(float)Half.MaxValue}. Keep node '{node.Name}' in float32 (Float32Nodes), or the whole model.");
                any |= numbers[i] != 0;
                left |= halves[i] != (Half)0;
            }

            if (any && !left)
                throw new InvalidDataException($"All numbers of '{constant.Name}', {numbers[0]:g6} for example, become 0 in float16. Keep node '{node.Name}' in float32 (Float32Nodes), or the whole model.");
            return casts[(constant.Name, true)] = model.AddConstant($"{constant.Name}/float16", OnnxElement.Float16, MemoryMarshal.AsBytes(halves.AsSpan()), constant.Dims);
        }
    }
}

/// <summary>The metadata that says in which precision a file computes.</summary>
public static class OnnxPrecision
{
    /// <summary>Key of the metadata; a file without it computes in float32.</summary>
    public const string MetadataKey = "precision";

    /// <summary>Value of a file that <see cref="OnnxFloat16"/> wrote.</summary>
    public const string Float16 = "float16";

    /// <summary>Value of a file that <see cref="OnnxInt8"/> wrote.</summary>
    public const string Int8 = "int8";
}
