using System.Runtime.InteropServices;
using Edge.Trainer.Onnx.Protocol;
using Google.Protobuf;

namespace Edge.Trainer.Onnx.Precision;

/// <summary>A finished file taken apart to be changed: its nodes in order, its constants and the types of its values by name.</summary>
internal sealed class OnnxModelFile
{
    private readonly HashSet<string> names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TensorProto> constants = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ValueInfoProto> values = new(StringComparer.Ordinal);

    private OnnxModelFile(ModelProto model)
    {
        Model = model;
        foreach (var value in Graph.Input.Concat(Graph.Output).Concat(Graph.ValueInfo)) values[value.Name] = value;
        names.UnionWith(values.Keys);
        var fed = Graph.Input.Select(input => input.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var tensor in Graph.Initializer)
        {
            names.Add(tensor.Name);
            if (!fed.Contains(tensor.Name)) constants[tensor.Name] = tensor;
        }

        foreach (var node in Graph.Node)
        {
            names.Add(node.Name);
            names.UnionWith(node.Output);
        }
    }

    public ModelProto Model { get; }

    public GraphProto Graph => Model.Graph;

    /// <summary>Reads a file of this writer: one graph, the types of all its values stated.</summary>
    /// <exception cref="InvalidDataException">It is no ONNX file, or not of the opset that the changes are written for.</exception>
    public static OnnxModelFile Read(ReadOnlySpan<byte> file)
    {
        ModelProto model;
        try
        {
            model = ModelProto.Parser.ParseFrom(file);
        }
        catch (InvalidProtocolBufferException broken)
        {
            throw new InvalidDataException($"The {file.Length} bytes are no ONNX file: {broken.Message} Export the model again.", broken);
        }

        long version = model.OpsetImport.FirstOrDefault(import => import.Domain.Length == 0)?.Version ?? 0;
        return model.Graph is not null && version == OnnxGraph.OpsetVersion
            ? new OnnxModelFile(model)
            : throw new InvalidDataException($"The file is of opset {version}, and what is written here is of {OnnxGraph.OpsetVersion}. Export the model with this program.");
    }

    /// <summary>The constant of that name; null where it is none, or a default that a caller may override.</summary>
    public TensorProto? ConstantOf(string name) => constants.GetValueOrDefault(name);

    /// <summary>Type and shape of a value; null where the file does not state them.</summary>
    public ValueInfoProto? InfoOf(string name) => values.GetValueOrDefault(name);

    public bool IsFloat32(string name) =>
        name.Length > 0 && (constants.TryGetValue(name, out var tensor) ? tensor.DataType == (int)OnnxElement.Float32 : InfoOf(name)?.Type.TensorType.ElemType == (int)OnnxElement.Float32);

    /// <summary>The float32 numbers of a constant, row-major.</summary>
    public static ReadOnlySpan<float> NumbersOf(TensorProto tensor) => MemoryMarshal.Cast<byte, float>(tensor.RawData.Span);

    /// <summary>A name that is not taken yet: the wanted one, or that with a number.</summary>
    public string Claim(string wanted)
    {
        string unique = wanted;
        for (int n = 1; !names.Add(unique); n++) unique = $"{wanted}_{n}";
        return unique;
    }

    /// <summary>Adds a constant under a name that is not taken yet.</summary>
    /// <returns>Its name.</returns>
    public string AddConstant(string wanted, OnnxElement element, ReadOnlySpan<byte> values, IEnumerable<long> shape)
    {
        var tensor = new TensorProto { Name = Claim(wanted), DataType = (int)element, RawData = ByteString.CopyFrom(values) };
        tensor.Dims.Add(shape);
        Graph.Initializer.Add(tensor);
        constants[tensor.Name] = tensor;
        return tensor.Name;
    }

    /// <summary>States the type of a new value: the shape of another, and elements of its own.</summary>
    public void State(string name, ValueInfoProto shapeOf, OnnxElement element)
    {
        var info = shapeOf.Clone();
        info.Name = name;
        info.Type.TensorType.ElemType = (int)element;
        values[name] = info;
        Graph.ValueInfo.Add(info);
    }

    /// <summary>Takes away the statements about a value that is no more.</summary>
    public void Forget(string name)
    {
        if (values.Remove(name, out var info)) Graph.ValueInfo.Remove(info);
    }

    /// <summary>A node of the default domain with one output.</summary>
    public NodeProto Node(string wantedName, string operation, string output, params ReadOnlySpan<string> inputs)
    {
        var node = new NodeProto { Name = Claim(wantedName), OpType = operation };
        foreach (string input in inputs) node.Input.Add(input);
        node.Output.Add(output);
        return node;
    }

    public static long IntegerOf(NodeProto node, string attribute, long otherwise) => node.Attribute.FirstOrDefault(given => given.Name == attribute)?.I ?? otherwise;

    public static float NumberOf(NodeProto node, string attribute, float otherwise) => node.Attribute.FirstOrDefault(given => given.Name == attribute)?.F ?? otherwise;

    /// <summary>Puts other nodes, in topological order, in the place of the graph's.</summary>
    public void Replace(IReadOnlyCollection<NodeProto> nodes)
    {
        Graph.Node.Clear();
        Graph.Node.Add(nodes);
    }

    /// <summary>The file with one key more.</summary>
    public byte[] ToBytes((string Key, string Value)? metadata = null) => ToBytes(metadata is { } added ? new Dictionary<string, string> { [added.Key] = added.Value } : []);

    /// <summary>The file, without the constants that no node takes any more.</summary>
    /// <param name="metadata">Keys and values to add, or to put in the place of others.</param>
    public byte[] ToBytes(IReadOnlyDictionary<string, string> metadata)
    {
        var taken = Graph.Node.SelectMany(node => node.Input).Concat(Graph.Output.Select(output => output.Name)).Concat(Graph.Input.Select(input => input.Name)).ToHashSet(StringComparer.Ordinal);
        var left = Graph.Initializer.Where(tensor => taken.Contains(tensor.Name)).ToList();
        if (left.Count < Graph.Initializer.Count)
        {
            Graph.Initializer.Clear();
            Graph.Initializer.Add(left);
        }

        if (metadata.Count > 0)
        {
            var added = metadata.Select(pair => new StringStringEntryProto { Key = pair.Key, Value = pair.Value });
            var all = Model.MetadataProps.Where(pair => !metadata.ContainsKey(pair.Key)).Concat(added).OrderBy(pair => pair.Key, StringComparer.Ordinal).ToList();
            Model.MetadataProps.Clear();
            Model.MetadataProps.Add(all);
        }

        return Model.ToByteArray();
    }
}
