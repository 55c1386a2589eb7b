using Edge.Trainer.Onnx.Protocol;
using Google.Protobuf;

namespace Edge.Trainer.Onnx;

/// <summary>A constant argument of an operator.</summary>
public sealed class OnnxAttribute
{
    /// <summary>An integer (ONNX INT).</summary>
    public OnnxAttribute(string name, long value) => Proto = new AttributeProto { Name = name, I = value, Type = AttributeProto.Types.AttributeType.Int };

    /// <summary>A number (ONNX FLOAT, 32 bits).</summary>
    public OnnxAttribute(string name, float value) => Proto = new AttributeProto { Name = name, F = value, Type = AttributeProto.Types.AttributeType.Float };

    /// <summary>A text (ONNX STRING, UTF-8).</summary>
    public OnnxAttribute(string name, string value) =>
        Proto = new AttributeProto { Name = name, S = ByteString.CopyFromUtf8(value), Type = AttributeProto.Types.AttributeType.String };

    /// <summary>A list of integers (ONNX INTS).</summary>
    public OnnxAttribute(string name, params ReadOnlySpan<long> values)
    {
        Proto = new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.Ints };
        foreach (long value in values) Proto.Ints.Add(value);
    }

    internal AttributeProto Proto { get; }
}
