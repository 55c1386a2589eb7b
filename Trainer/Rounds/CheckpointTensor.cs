using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Edge.Trainer.Rounds;

/// <summary>Tensors in a checkpoint: name, rank i32, dimensions i64, values; in the section of a method's state a byte before the rank says what the values are, 0 float32, 1 int64, 2 uint8.</summary>
internal static class CheckpointTensor
{
    private const int LargestRank = 8;

    /// <summary>Writes a float32 tensor.</summary>
    public static void Write(BinaryWriter writer, string name, Tensor value)
    {
        writer.Write(name);
        WriteValues(writer, value);
    }

    /// <summary>Writes a tensor and what it is.</summary>
    /// <exception cref="ArgumentException">It is none of float32, int64 and uint8.</exception>
    public static void WriteTyped(BinaryWriter writer, string name, Tensor value)
    {
        writer.Write(name);
        writer.Write(value.dtype switch
        {
            ScalarType.Float32 => (byte)0,
            ScalarType.Int64 => (byte)1,
            ScalarType.Byte => (byte)2,
            _ => throw new ArgumentException($"A checkpoint holds float32, int64 and uint8; {name} is {value.dtype}.", nameof(value)),
        });
        WriteValues(writer, value);
    }

    /// <summary>Reads a float32 tensor.</summary>
    public static (string Name, Tensor Value) Read(BinaryReader reader)
    {
        string name = reader.ReadString();
        return (name, ReadValues<float>(reader, ReadShape(reader)));
    }

    /// <summary>Reads a tensor and what it is.</summary>
    /// <exception cref="InvalidDataException">Of another type.</exception>
    public static (string Name, Tensor Value) ReadTyped(BinaryReader reader)
    {
        string name = reader.ReadString();
        byte type = reader.ReadByte();
        long[] shape = ReadShape(reader);
        return (name, type switch
        {
            0 => ReadValues<float>(reader, shape),
            1 => ReadValues<long>(reader, shape),
            2 => ReadValues<byte>(reader, shape),
            _ => throw new InvalidDataException($"tensor {name} has type {type}, expected 0 to 2."),
        });
    }

    private static void WriteValues(BinaryWriter writer, Tensor value)
    {
        using var local = value.detach().cpu().contiguous();
        writer.Write(local.shape.Length);
        foreach (long dimension in local.shape) writer.Write(dimension);
        writer.Write(local.dtype switch
        {
            ScalarType.Int64 => MemoryMarshal.AsBytes(local.data<long>().ToArray().AsSpan()),
            ScalarType.Byte => local.data<byte>().ToArray(),
            _ => MemoryMarshal.AsBytes(local.data<float>().ToArray().AsSpan()),
        });
    }

    private static long[] ReadShape(BinaryReader reader)
    {
        int rank = reader.ReadInt32();
        if (rank is < 0 or > LargestRank) throw new InvalidDataException($"a tensor has rank {rank}, expected 0 to {LargestRank}.");
        return [.. Enumerable.Range(0, rank).Select(_ => reader.ReadInt64())];
    }

    private static Tensor ReadValues<T>(BinaryReader reader, long[] shape)
        where T : unmanaged
    {
        long count = shape.Aggregate(1L, (a, b) => checked(a * b));
        if (count < 0 || count * Marshal.SizeOf<T>() > reader.BaseStream.Length - reader.BaseStream.Position) throw new EndOfStreamException($"a tensor [{string.Join(", ", shape)}] is longer than the file.");
        var values = new T[count];
        reader.BaseStream.ReadExactly(MemoryMarshal.AsBytes(values.AsSpan()));
        return values switch
        {
            long[] integers => tensor(integers, shape),
            byte[] bytes => tensor(bytes, shape),
            _ => tensor((float[])(object)values, shape),
        };
    }
}
