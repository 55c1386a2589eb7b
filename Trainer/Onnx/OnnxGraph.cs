using System.Runtime.InteropServices;
using Edge.Trainer.Onnx.Protocol;
using Google.Protobuf;

namespace Edge.Trainer.Onnx;

/// <summary>An ONNX graph under construction: inputs, initializers, nodes in the order in which they were added (which must be topological), outputs. Not thread-safe.</summary>
/// <param name="name">Name of the graph in the file.</param>
public sealed class OnnxGraph(string name)
{
    /// <summary>
    /// Version of the file format. 8 is the oldest that goes with opset 17, and is read by ONNX Runtime from 1.12, by TensorRT 8.6 (JetPack 6) and by the independent checker of the tests (onnx
    /// 1.12, whose newest it is). From 4 on, an initializer that is not an input is a constant that a runtime may fold.
    /// </summary>
    public const long IrVersion = 8;

    /// <summary>
    /// Version of the operator set. 17 is the first with LayerNormalization, the operator that a backbone without batch statistics is made of; nothing newer is needed, and an older one runs in
    /// more places (same readers as <see cref="IrVersion"/>). GELU, an operator from 20 on, is spelled out.
    /// </summary>
    public const long OpsetVersion = 17;

    private readonly HashSet<string> names = new(StringComparer.Ordinal);
    private readonly List<OnnxValue> inputs = [];
    private readonly List<OnnxValue> outputs = [];
    private readonly List<TensorProto> initializers = [];
    private readonly List<(string Name, string Operation, OnnxValue?[] Inputs, OnnxValue Output, string[] Discarded, OnnxAttribute[] Attributes)> nodes = [];

    /// <summary>Adds an input that the caller must feed.</summary>
    /// <exception cref="ArgumentException">The name is taken.</exception>
    public OnnxValue Input(string inputName, IReadOnlyList<OnnxDim> shape, OnnxElement element = OnnxElement.Float32)
    {
        var value = new OnnxValue(ClaimExactly(inputName), shape, element, isNodeOutput: false);
        inputs.Add(value);
        return value;
    }

    /// <summary>Adds a float32 input that the caller may feed: an initializer, row-major, that is also an input. Named axes of <paramref name="shape"/> may have another length when it is fed.</summary>
    /// <exception cref="ArgumentException">The name is taken, or the numbers do not fill the default's shape, or that shape does not fit <paramref name="shape"/>.</exception>
    public OnnxValue InputWithDefault(string inputName, IReadOnlyList<OnnxDim> shape, ReadOnlySpan<float> values, params ReadOnlySpan<long> valuesShape)
    {
        bool fits = shape.Count == valuesShape.Length;
        for (int axis = 0; fits && axis < shape.Count; axis++) fits = shape[axis].Size is null || shape[axis].Size == valuesShape[axis];
        if (!fits) throw new ArgumentException($"The default of '{inputName}' has the shape [{string.Join(", ", valuesShape.ToArray())}], the input [{string.Join(", ", shape)}].", nameof(valuesShape));
        AddTensor(ClaimExactly(inputName), OnnxElement.Float32, MemoryMarshal.AsBytes(values), sizeof(float), valuesShape);
        var value = new OnnxValue(inputName, shape, OnnxElement.Float32, isNodeOutput: false);
        inputs.Add(value);
        return value;
    }

    /// <summary>Adds a float32 constant, row-major. The name gets a number when it is taken.</summary>
    /// <exception cref="ArgumentException">The numbers do not fill the shape.</exception>
    public OnnxValue Initializer(string initializerName, ReadOnlySpan<float> values, params ReadOnlySpan<long> shape) =>
        AddInitializer(initializerName, OnnxElement.Float32, MemoryMarshal.AsBytes(values), sizeof(float), shape);

    /// <summary>Adds an int64 constant, row-major. The name gets a number when it is taken.</summary>
    /// <exception cref="ArgumentException">The numbers do not fill the shape.</exception>
    public OnnxValue Initializer(string initializerName, ReadOnlySpan<long> values, params ReadOnlySpan<long> shape) =>
        AddInitializer(initializerName, OnnxElement.Int64, MemoryMarshal.AsBytes(values), sizeof(long), shape);

    /// <summary>Adds a node of which one output is used. Its name, and the output's, are <paramref name="nodeName"/>, with a number when that is taken.</summary>
    /// <param name="nodeName">Wanted name.</param>
    /// <param name="operation">Operator of the default domain, as the specification spells it.</param>
    /// <param name="nodeInputs">Its inputs in order; null for an optional one that is left out.</param>
    /// <param name="shape">Shape of the output.</param>
    /// <param name="attributes">Its attributes.</param>
    /// <param name="element">Type of the output's elements.</param>
    /// <param name="discardedOutputCount">Further outputs that the operator has and the graph does not use, such as the indices of TopK.</param>
    public OnnxValue Node(
        string nodeName, string operation, ReadOnlySpan<OnnxValue?> nodeInputs, IReadOnlyList<OnnxDim> shape, ReadOnlySpan<OnnxAttribute> attributes = default,
        OnnxElement element = OnnxElement.Float32, int discardedOutputCount = 0)
    {
        string unique = Claim(nodeName);
        string[] discarded = new string[discardedOutputCount];
        for (int i = 0; i < discarded.Length; i++) discarded[i] = Claim($"{unique}/discarded");
        var output = new OnnxValue(unique, shape, element, isNodeOutput: true);
        nodes.Add((unique, operation, nodeInputs.ToArray(), output, discarded, attributes.ToArray()));
        return output;
    }

    /// <summary>Makes a value an output of the graph under a name of its own: the value is renamed, or copied by an Identity node where it has a public name already.</summary>
    /// <exception cref="ArgumentException">The name is taken.</exception>
    public void Output(string outputName, OnnxValue value)
    {
        ClaimExactly(outputName);
        if (value.CanBeRenamed)
        {
            value.Name = outputName;
        }
        else
        {
            var copy = new OnnxValue(outputName, value.Shape, value.Element, isNodeOutput: true);
            nodes.Add((Claim($"{outputName}/Identity"), "Identity", [value], copy, [], []));
            value = copy;
        }

        value.CanBeRenamed = false;
        outputs.Add(value);
    }

    /// <summary>The file. The same calls give the same bytes.</summary>
    /// <param name="producer">Name of the program that writes it.</param>
    /// <param name="producerVersion">Its version.</param>
    /// <param name="metadata">Key-value pairs of the model; written in ordinal order of the keys.</param>
    public byte[] ToBytes(string producer, string producerVersion, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var graph = new GraphProto { Name = name };
        foreach (var (nodeName, operation, nodeInputs, output, discarded, attributes) in nodes)
        {
            var node = new NodeProto { Name = nodeName, OpType = operation };
            foreach (var input in nodeInputs) node.Input.Add(input?.Name ?? "");
            node.Output.Add(output.Name);
            node.Output.Add(discarded);
            foreach (var attribute in attributes) node.Attribute.Add(attribute.Proto);
            graph.Node.Add(node);
            if (!outputs.Contains(output)) graph.ValueInfo.Add(Describe(output));
        }

        graph.Initializer.Add(initializers);
        graph.Input.Add(inputs.Select(Describe));
        graph.Output.Add(outputs.Select(Describe));

        var model = new ModelProto { IrVersion = IrVersion, ProducerName = producer, ProducerVersion = producerVersion, Graph = graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = OpsetVersion });
        foreach (var (key, value) in (metadata ?? new Dictionary<string, string>()).OrderBy(pair => pair.Key, StringComparer.Ordinal))
            model.MetadataProps.Add(new StringStringEntryProto { Key = key, Value = value });
        return model.ToByteArray();
    }

    private static ValueInfoProto Describe(OnnxValue value)
    {
        var shape = new TensorShapeProto();
        foreach (var dim in value.Shape)
            shape.Dim.Add(dim.Name is null ? new TensorShapeProto.Types.Dimension { DimValue = dim.Size ?? 0 } : new TensorShapeProto.Types.Dimension { DimParam = dim.Name });
        return new ValueInfoProto { Name = value.Name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)value.Element, Shape = shape } } };
    }

    private OnnxValue AddInitializer(string initializerName, OnnxElement element, ReadOnlySpan<byte> values, int elementBytes, ReadOnlySpan<long> shape)
    {
        var dims = new OnnxDim[shape.Length];
        for (int axis = 0; axis < dims.Length; axis++) dims[axis] = shape[axis];
        string unique = Claim(initializerName);
        AddTensor(unique, element, values, elementBytes, shape);
        return new OnnxValue(unique, dims, element, isNodeOutput: false);
    }

    // raw_data is little-endian by specification, and so are all machines that libtorch runs on: the bytes go out as they lie in memory.
    private void AddTensor(string tensorName, OnnxElement element, ReadOnlySpan<byte> values, int elementBytes, ReadOnlySpan<long> shape)
    {
        long count = 1;
        foreach (long size in shape) count *= size;
        if (count * elementBytes != values.Length)
            throw new ArgumentException($"'{tensorName}' has the shape [{string.Join(", ", shape.ToArray())}], {count} elements, but {values.Length / elementBytes} are given.", nameof(values));
        var tensor = new TensorProto { Name = tensorName, DataType = (int)element, RawData = ByteString.CopyFrom(values) };
        foreach (long size in shape) tensor.Dims.Add(size);
        initializers.Add(tensor);
    }

    private string ClaimExactly(string wanted)
    {
        ArgumentException.ThrowIfNullOrEmpty(wanted);
        return names.Add(wanted) ? wanted : throw new ArgumentException($"The graph '{name}' has a value named '{wanted}' already. Choose another name.", nameof(wanted));
    }

    private string Claim(string wanted)
    {
        string unique = wanted;
        for (int n = 1; !names.Add(unique); n++) unique = $"{wanted}_{n}";
        return unique;
    }
}
