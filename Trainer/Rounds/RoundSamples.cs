using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Edge.Storage;

namespace Edge.Trainer.Rounds;

/// <summary>One sample of a round.</summary>
/// <param name="Class">Its class index.</param>
/// <param name="IsFresh">Whether it is new since the last round.</param>
/// <param name="Values">[channels, length], row-major.</param>
public readonly record struct RoundSample(int Class, bool IsFresh, ReadOnlyMemory<float> Values);

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
        using var file = new MemoryStream(HeaderBytes + Count * BytesOf(Window) + sizeof(uint));
        Write(file, Window, Enumerable.Range(0, Count).Select(i => new RoundSample(Classes[i], IsFresh[i], Values.AsMemory(i * Window.ValueCount, Window.ValueCount))).ToList());
        return file.ToArray();
    }

    /// <summary>Writes the file sample by sample: a service that has little memory never holds it as a whole.</summary>
    /// <param name="file">Where to.</param>
    /// <param name="window">Channels and length of every sample.</param>
    /// <param name="samples">Each of [channels, length] values, row-major.</param>
    public static void Write(Stream file, WindowShape window, IReadOnlyCollection<RoundSample> samples)
    {
        byte[] bytes = new byte[Math.Max(HeaderBytes, BytesOf(window))];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), Version);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(8), samples.Count);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(12), window.ChannelCount);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(16), window.Length);
        uint checksum = 0;
        Put(bytes.AsSpan(0, HeaderBytes));
        foreach (var sample in samples)
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes, sample.Class);
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), sample.IsFresh ? 1 : 0);
            MemoryMarshal.AsBytes(sample.Values.Span[..window.ValueCount]).CopyTo(bytes.AsSpan(8));
            Put(bytes.AsSpan(0, BytesOf(window)));
        }

        BinaryPrimitives.WriteUInt32LittleEndian(bytes, checksum);
        file.Write(bytes, 0, sizeof(uint));

        void Put(ReadOnlySpan<byte> part)
        {
            checksum = Crc32C.Continue(checksum, part);
            file.Write(part);
        }
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
        int sampleBytes = BytesOf(window);
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

    private static int BytesOf(WindowShape window) => 8 + window.ValueCount * sizeof(float);
}
