using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Edge.Trainer.Rounds;

/// <summary>
/// Windows and the trainer's L2-normalised embeddings of them, <c>parity.bin</c>: count u32, values per window u32, embedding length u32, all windows, all embeddings; float32, little-endian.
/// The gate runs the exported graph over the windows and compares.
/// </summary>
/// <param name="Windows">[count, channels, length] float32, row-major.</param>
/// <param name="Embeddings">[count, embedding length] float32, rows of norm 1.</param>
/// <param name="Count">Number of windows.</param>
public sealed record ParityCases(float[] Windows, float[] Embeddings, int Count)
{
    private const int HeaderBytes = 12;

    /// <summary>The file's bytes.</summary>
    public byte[] ToBytes()
    {
        byte[] bytes = new byte[HeaderBytes + (Windows.Length + Embeddings.Length) * sizeof(float)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, Count);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), Windows.Length / Count);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(8), Embeddings.Length / Count);
        MemoryMarshal.AsBytes(Windows.AsSpan()).CopyTo(bytes.AsSpan(HeaderBytes));
        MemoryMarshal.AsBytes(Embeddings.AsSpan()).CopyTo(bytes.AsSpan(HeaderBytes + Windows.Length * sizeof(float)));
        return bytes;
    }

    /// <summary>Reads the file's bytes.</summary>
    /// <exception cref="InvalidDataException">The length does not fit the header.</exception>
    public static ParityCases FromBytes(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeaderBytes) throw new InvalidDataException("parity.bin is shorter than its header. Run the round again.");
        int count = BinaryPrimitives.ReadInt32LittleEndian(bytes);
        long windowValues = (long)count * BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]), embeddingValues = (long)count * BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]);
        if (count < 1 || bytes.Length != HeaderBytes + (windowValues + embeddingValues) * sizeof(float))
            throw new InvalidDataException($"parity.bin says {count} windows but holds {bytes.Length} bytes. Run the round again.");
        var values = MemoryMarshal.Cast<byte, float>(bytes[HeaderBytes..]);
        return new ParityCases(values[..(int)windowValues].ToArray(), values[(int)windowValues..].ToArray(), count);
    }
}
