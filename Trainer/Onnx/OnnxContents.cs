using System.Runtime.InteropServices;
using Edge.Trainer.Onnx.Precision;
using Edge.Trainer.Onnx.Protocol;

namespace Edge.Trainer.Onnx;

/// <summary>A constant of a file.</summary>
/// <param name="Element">Type of its elements.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Values">Its numbers, row-major, widened to float64.</param>
public sealed record OnnxTensor(OnnxElement Element, IReadOnlyList<long> Shape, double[] Values);

/// <summary>What a finished file consists of. Touches no TorchSharp type.</summary>
/// <param name="Operators">How many nodes of each operator there are.</param>
/// <param name="Initializers">Constants and defaults of inputs, by name.</param>
/// <param name="Metadata">Its metadata.</param>
public sealed record OnnxContents(IReadOnlyDictionary<string, int> Operators, IReadOnlyDictionary<string, OnnxTensor> Initializers, IReadOnlyDictionary<string, string> Metadata)
{
    /// <summary>Takes a file apart.</summary>
    /// <exception cref="InvalidDataException">The bytes are no file of this writer.</exception>
    public static OnnxContents Read(ReadOnlySpan<byte> file)
    {
        var model = OnnxModelFile.Read(file);
        return new OnnxContents(
            model.Graph.Node.GroupBy(node => node.OpType, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Count(), StringComparer.Ordinal),
            model.Graph.Initializer.ToDictionary(tensor => tensor.Name, tensor => new OnnxTensor((OnnxElement)tensor.DataType, [.. tensor.Dims], NumbersOf(tensor)), StringComparer.Ordinal),
            model.Model.MetadataProps.ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal));
    }

    private static double[] NumbersOf(TensorProto tensor)
    {
        var bytes = tensor.RawData.Span;
        return (OnnxElement)tensor.DataType switch
        {
            OnnxElement.Float32 => Widen<float>(bytes),
            OnnxElement.Float16 => Widen<Half>(bytes),
            OnnxElement.UInt8 or OnnxElement.Bool => Widen<byte>(bytes),
            OnnxElement.Int8 => Widen<sbyte>(bytes),
            OnnxElement.Int32 => Widen<int>(bytes),
            OnnxElement.Int64 => Widen<long>(bytes),
            _ => [],
        };
    }

    private static double[] Widen<T>(ReadOnlySpan<byte> bytes)
        where T : unmanaged, System.Numerics.INumberBase<T>
    {
        var numbers = MemoryMarshal.Cast<byte, T>(bytes);
        double[] wide = new double[numbers.Length];
        for (int i = 0; i < wide.Length; i++) wide[i] = double.CreateSaturating(numbers[i]);
        return wide;
    }
}
