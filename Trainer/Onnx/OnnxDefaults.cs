using System.Runtime.InteropServices;
using Edge.Trainer.Onnx.Precision;
using Google.Protobuf;

namespace Edge.Trainer.Onnx;

/// <summary>A default value of an input.</summary>
/// <param name="Values">float32, row-major.</param>
/// <param name="Shape">Its shape; it must fit the input's, whose named axes take any size.</param>
public sealed record OnnxDefault(float[] Values, long[] Shape);

/// <summary>Puts other defaults into a finished file, so that it says the same to one who feeds nothing but the data as to one who feeds these. Touches no TorchSharp type.</summary>
public static class OnnxDefaults
{
    /// <summary>The file with other defaults. The same arguments give the same bytes.</summary>
    /// <param name="file">A file of this writer.</param>
    /// <param name="defaults">The new defaults by the name of their input; the others stay.</param>
    /// <param name="metadata">Keys to add or to replace.</param>
    /// <exception cref="InvalidDataException">The bytes are no file of this writer.</exception>
    /// <exception cref="ArgumentException">There is no such input with a default, or the values do not fit it; the message names it.</exception>
    public static byte[] Replace(ReadOnlySpan<byte> file, IReadOnlyDictionary<string, OnnxDefault> defaults, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var model = OnnxModelFile.Read(file);
        foreach (var (name, given) in defaults)
        {
            var tensor = model.Graph.Initializer.FirstOrDefault(tensor => tensor.Name == name);
            var input = model.Graph.Input.FirstOrDefault(input => input.Name == name);
            if (tensor is null || input is null) throw new ArgumentException($"The file has no input '{name}' with a default.", nameof(defaults));
            var wanted = input.Type.TensorType.Shape.Dim;
            bool fits = wanted.Count == given.Shape.Length && wanted.Zip(given.Shape).All(pair => pair.First.DimParam.Length > 0 || pair.First.DimValue == pair.Second);
            if (!fits || given.Shape.Aggregate(1L, (product, size) => product * size) != given.Values.Length)
                throw new ArgumentException($"'{name}' takes [{string.Join(", ", wanted.Select(dim => dim.DimParam.Length > 0 ? dim.DimParam : $"{dim.DimValue}"))}]; given are {given.Values.Length} values as [{string.Join(", ", given.Shape)}].", nameof(defaults));
            tensor.Dims.Clear();
            tensor.Dims.Add(given.Shape);
            tensor.RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes(given.Values.AsSpan()));
        }

        return model.ToBytes(metadata ?? new Dictionary<string, string>());
    }
}
