namespace Edge.Trainer.Onnx;

/// <summary>One axis of a shape: a number, or a name that stands for the same number wherever it occurs in the graph (a batch of any size, for example).</summary>
public readonly record struct OnnxDim
{
    private OnnxDim(long? size, string? name)
    {
        Size = size;
        Name = name;
    }

    /// <summary>Length of the axis, at least 0; null where it is named.</summary>
    public long? Size { get; }

    /// <summary>Name of an axis whose length is known at run time only; null where it is a number.</summary>
    public string? Name { get; }

    /// <summary>An axis of <paramref name="size"/> elements.</summary>
    public static OnnxDim Of(long size)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        return new OnnxDim(size, null);
    }

    /// <summary>An axis whose length is given at run time.</summary>
    public static OnnxDim Of(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return new OnnxDim(null, name);
    }

    /// <summary>An axis of <paramref name="size"/> elements.</summary>
    public static implicit operator OnnxDim(long size) => Of(size);

    /// <summary>An axis whose length is given at run time.</summary>
    public static implicit operator OnnxDim(string name) => Of(name);

    /// <inheritdoc/>
    public override string ToString() => Name ?? $"{Size}";
}
