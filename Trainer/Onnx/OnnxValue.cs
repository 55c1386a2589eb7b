namespace Edge.Trainer.Onnx;

/// <summary>A tensor that flows through an <see cref="OnnxGraph"/>: an input, an initializer or what a node puts out.</summary>
public sealed class OnnxValue
{
    internal OnnxValue(string name, IReadOnlyList<OnnxDim> shape, OnnxElement element, bool isNodeOutput)
    {
        Name = name;
        Shape = shape;
        Element = element;
        CanBeRenamed = isNodeOutput;
    }

    /// <summary>Its name in the file. A node's value takes the graph output's name when it becomes one, so keep the value, not the name.</summary>
    public string Name { get; internal set; }

    /// <summary>Its axes, outermost first.</summary>
    public IReadOnlyList<OnnxDim> Shape { get; }

    /// <summary>Type of its elements.</summary>
    public OnnxElement Element { get; }

    /// <summary>Number of its axes.</summary>
    public int Rank => Shape.Count;

    internal bool CanBeRenamed { get; set; }

    /// <inheritdoc/>
    public override string ToString() => $"{Name} [{string.Join(", ", Shape)}]";
}
