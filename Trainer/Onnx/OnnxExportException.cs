namespace Edge.Trainer.Onnx;

/// <summary>A module cannot be written to ONNX. The message says where it is, what it is, why it cannot be written and what to do.</summary>
public sealed class OnnxExportException : Exception
{
    internal OnnxExportException(string path, Type moduleType, string reason, string remedy)
        : base($"Cannot write '{(path.Length == 0 ? "(root)" : path)}' ({moduleType}) to ONNX: {reason} {remedy}")
    {
        Path = path;
        ModuleType = moduleType;
        Reason = reason;
        Remedy = remedy;
    }

    /// <summary>Path of the module in the tree, as in the names of a state dictionary; empty for the root.</summary>
    public string Path { get; }

    /// <summary>Type of the module.</summary>
    public Type ModuleType { get; }

    /// <summary>Why it cannot be written.</summary>
    public string Reason { get; }

    /// <summary>What to do.</summary>
    public string Remedy { get; }
}
