using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Edge.Trainer.Onnx;

/// <summary>What a translator writes with: the graph, seen from one module's place in the tree. Names of nodes and weights begin with the module's path.</summary>
public sealed class OnnxScope
{
    private readonly OnnxWriter writer;
    private readonly OnnxGraph graph;
    private readonly Type moduleType;

    internal OnnxScope(OnnxWriter writer, OnnxGraph graph, string path, Type moduleType)
    {
        this.writer = writer;
        this.graph = graph;
        this.moduleType = moduleType;
        Path = path;
    }

    /// <summary>Path of the module in the tree, as in the names of a state dictionary (<c>layers.conv0</c>); empty for the root.</summary>
    public string Path { get; }

    /// <summary>Adds a node with one float32 output of the given shape; see <see cref="OnnxGraph.Node"/>.</summary>
    public OnnxValue Node(string operation, ReadOnlySpan<OnnxValue?> inputs, IReadOnlyList<OnnxDim> shape, params ReadOnlySpan<OnnxAttribute> attributes) =>
        graph.Node(NodeName(operation), operation, inputs, shape, attributes);

    /// <summary>Adds a node whose output is not float32, or which has further outputs that nobody uses; see <see cref="OnnxGraph.Node"/>.</summary>
    public OnnxValue Node(
        string operation, OnnxElement element, int discardedOutputCount, ReadOnlySpan<OnnxValue?> inputs, IReadOnlyList<OnnxDim> shape, params ReadOnlySpan<OnnxAttribute> attributes) =>
        graph.Node(NodeName(operation), operation, inputs, shape, attributes, element, discardedOutputCount);

    /// <summary>Adds a parameter or buffer of the module as a constant named as in its state dictionary.</summary>
    /// <exception cref="OnnxExportException">It is not float32, or holds a number that is not finite.</exception>
    public OnnxValue Weight(string name, Tensor tensor)
    {
        using var scope = NewDisposeScope();
        if (tensor.dtype != ScalarType.Float32) throw Refuse($"'{name}' is {tensor.dtype}, and weights are written as Float32.", "Convert the module first: module.to(ScalarType.Float32).");
        var values = MemoryMarshal.Cast<byte, float>(tensor.detach().cpu().contiguous().bytes);
        foreach (float value in values)
            if (!float.IsFinite(value)) throw Refuse($"'{name}' holds {value}.", "Training diverged: discard these weights and go back to a checkpoint with finite ones.");
        return graph.Initializer(Join(name), values, tensor.shape);
    }

    /// <summary>Adds a float32 constant; no shape makes it a scalar.</summary>
    public OnnxValue Constant(string name, ReadOnlySpan<float> values, params ReadOnlySpan<long> shape) => graph.Initializer(Join(name), values, shape);

    /// <summary>Adds an int64 vector, as operators take shapes and axes.</summary>
    public OnnxValue Constant(string name, ReadOnlySpan<long> values) => graph.Initializer(Join(name), values, values.Length);

    /// <summary>Adds an int64 scalar, as Gather takes one index.</summary>
    internal OnnxValue Index(string name, long value) => graph.Initializer(Join(name), [value]);

    /// <summary>Adds an int64 constant of any shape: a table of indices.</summary>
    internal OnnxValue Table(string name, ReadOnlySpan<long> values, params ReadOnlySpan<long> shape) => graph.Initializer(Join(name), values, shape);

    /// <summary>Writes a child of the module.</summary>
    /// <param name="child">Its name within the module, as in the state dictionary.</param>
    /// <param name="module">The child.</param>
    /// <param name="input">What flows into it.</param>
    /// <returns>What flows out of it.</returns>
    /// <exception cref="OnnxExportException">It cannot be expressed.</exception>
    public OnnxValue Write(string child, nn.Module module, OnnxValue input) => writer.Write(module, input, graph, Join(child));

    /// <summary>Writes the members of a ModuleList or ModuleDict one after another, each taking what the one before it puts out.</summary>
    /// <param name="child">Name of the list within the module, as in the state dictionary.</param>
    /// <param name="list">The list: its members are <c>named_children</c>, in order.</param>
    /// <param name="input">What flows into the first.</param>
    /// <returns>What flows out of the last; the input itself where there is none.</returns>
    /// <exception cref="OnnxExportException">A member cannot be expressed.</exception>
    public OnnxValue WriteInTurn(string child, nn.Module list, OnnxValue input)
    {
        var value = input;
        foreach (var (name, member) in list.named_children()) value = Write($"{child}.{name}", member, value);
        return value;
    }

    /// <summary>The exception to throw when this module cannot be expressed.</summary>
    /// <param name="reason">Why, a sentence with the offending value.</param>
    /// <param name="remedy">What to do, a sentence.</param>
    public OnnxExportException Refuse(string reason, string remedy) => new(Path, moduleType, reason, remedy);

    private string NodeName(string operation) => Path.Length == 0 ? operation : $"{Path}/{operation}";

    private string Join(string name) => Path.Length == 0 ? name : $"{Path}.{name}";
}
