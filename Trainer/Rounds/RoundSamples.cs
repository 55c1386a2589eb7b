using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Edge.Storage;

namespace Edge.Trainer.Rounds;

/// <summary>
/// The samples of a round, <c>samples.bin</c>: magic <c>EDGS</c>, version u32, count u32, channels u32, length u32, then per sample its class index i32, 1 when it is new else 0 (i32), and
/// [channels, length] float32; last a CRC-32C of all before. Little-endian.
/// </summary>
public sealed record RoundSamples
{
    private const uint Magic = 0x53474445; // "EDGS"
    private const uint Version = 1;
    private const int HeaderBytes = 20;

    /// <summary>Channels and length of every sample.</summary>
    public required WindowShape Window { get; init; }

    /// <summary>Class index of each sample.</summary>
    public required int[] Classes { get; init; }

    /// <summary>Whether each sample is new since the last round; the others come from the replay buffer.</summary>
    public required bool[] IsFresh { get; init; }

    /// <summary>[count, channels, length] float32, row-major.</summary>
    public required float[] Values { get; init; }

    /// <summary>Number of samples.</summary>
    public int Count => Classes.Length;

    /// <summary>The file's bytes.</summary>
    public byte[] ToBytes()
    {
        int sampleBytes = 8 + Window.ValueCount * sizeof(float);
        byte[] bytes = new byte[HeaderBytes + Count * sampleBytes + sizeof(uint)];
        Span<byte> rest = bytes;
        BinaryPrimitives.WriteUInt32LittleEndian(rest, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(rest[4..], Version);
        BinaryPrimitives.WriteInt32LittleEndian(rest[8..], Count);
        BinaryPrimitives.WriteInt32LittleEndian(rest[12..], Window.ChannelCount);
        BinaryPrimitives.WriteInt32LittleEndian(rest[16..], Window.Length);
        rest = rest[HeaderBytes..];
        for (int i = 0; i < Count; i++, rest = rest[sampleBytes..])
        {
            BinaryPrimitives.WriteInt32LittleEndian(rest, Classes[i]);
            BinaryPrimitives.WriteInt32LittleEndian(rest[4..], IsFresh[i] ? 1 : 0);
            MemoryMarshal.AsBytes(Values.AsSpan(i * Window.ValueCount, Window.ValueCount)).CopyTo(rest[8..]);
        }

        BinaryPrimitives.WriteUInt32LittleEndian(rest, Crc32C.Of(bytes.AsSpan(0, bytes.Length - sizeof(uint))));
        return bytes;
    }

    /// <summary>Reads the file's bytes.</summary>
    /// <param name="bytes">The whole file.</param>
    /// <param name="sampleRateHz">Of the windows; the file does not say.</param>
    /// <param name="name">What a message calls the file.</param>
    /// <exception cref="InvalidDataException">Torn, flipped or of another version; the message says which.</exception>
    public static RoundSamples FromBytes(ReadOnlySpan<byte> bytes, double sampleRateHz, string name = "samples.bin")
    {
        if (bytes.Length < HeaderBytes + sizeof(uint) || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Magic)
            throw new InvalidDataException($"{name} does not begin with EDGS. Start the round anew; the service writes this file.");
        uint version = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
        if (version != Version) throw new InvalidDataException($"{name} has version {version}, this program reads {Version}. Train with the version that wrote it.");
        var body = bytes[..^sizeof(uint)];
        if (Crc32C.Of(body) != BinaryPrimitives.ReadUInt32LittleEndian(bytes[^sizeof(uint)..]))
            throw new InvalidDataException($"{name} fails its checksum: it is torn or flipped. Start the round anew; the service writes this file.");

        int count = BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]);
        var window = new WindowShape(BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]), BinaryPrimitives.ReadInt32LittleEndian(bytes[16..]), sampleRateHz);
        int sampleBytes = 8 + window.ValueCount * sizeof(float);
        if (body.Length != HeaderBytes + (long)count * sampleBytes) throw new InvalidDataException($"{name} says {count} samples of {window} but holds {body.Length} bytes.");

        var samples = new RoundSamples { Window = window, Classes = new int[count], IsFresh = new bool[count], Values = new float[count * window.ValueCount] };
        body = body[HeaderBytes..];
        for (int i = 0; i < count; i++, body = body[sampleBytes..])
        {
            samples.Classes[i] = BinaryPrimitives.ReadInt32LittleEndian(body);
            samples.IsFresh[i] = BinaryPrimitives.ReadInt32LittleEndian(body[4..]) != 0;
            MemoryMarshal.Cast<byte, float>(body[8..sampleBytes]).CopyTo(samples.Values.AsSpan(i * window.ValueCount));
        }

        return samples;
    }
}
