using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Edge.Storage;

/// <summary>
/// The bytes of one example. Version 1, little-endian: version u8 = 1, role u8, payload kind u8 (1 = float32), 0 u8, id u64, window id u64, start f64 (s), labelled at i64 (Unix ms),
/// value count u32, class length u16, class UTF-8, values float32, CRC-32C u32 over all before.
/// </summary>
internal static class ExampleRecord
{
    public const byte Version = 1;
    private const byte Float32 = 1;
    private const int FixedBytes = 4 + 8 + 8 + 8 + 8 + 4 + 2;

    public static byte[] Write(Example example)
    {
        int classBytes = Encoding.UTF8.GetByteCount(example.Class);
        byte[] bytes = new byte[FixedBytes + classBytes + example.Samples.Length * sizeof(float) + sizeof(uint)];
        Span<byte> span = bytes;
        span[0] = Version;
        span[1] = (byte)example.Role;
        span[2] = Float32;
        BinaryPrimitives.WriteUInt64LittleEndian(span[4..], example.Id);
        BinaryPrimitives.WriteUInt64LittleEndian(span[12..], example.WindowId);
        BinaryPrimitives.WriteDoubleLittleEndian(span[20..], example.StartSeconds);
        BinaryPrimitives.WriteInt64LittleEndian(span[28..], example.LabelledAt.ToUnixTimeMilliseconds());
        BinaryPrimitives.WriteInt32LittleEndian(span[36..], example.Samples.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(span[40..], checked((ushort)classBytes));
        Encoding.UTF8.GetBytes(example.Class, span[FixedBytes..]);
        MemoryMarshal.AsBytes(example.Samples.AsSpan()).CopyTo(span[(FixedBytes + classBytes)..]);
        BinaryPrimitives.WriteUInt32LittleEndian(span[^sizeof(uint)..], Crc32C.Of(span[..^sizeof(uint)]));
        return bytes;
    }

    /// <summary>Reads a record; null when it is torn, flipped, of another version or not the record of <paramref name="id"/>.</summary>
    public static Example? Read(ReadOnlySpan<byte> bytes, ulong id)
    {
        if (bytes.Length < FixedBytes + sizeof(uint) || bytes[0] != Version || bytes[2] != Float32) return null;
        if (Crc32C.Of(bytes[..^sizeof(uint)]) != BinaryPrimitives.ReadUInt32LittleEndian(bytes[^sizeof(uint)..])) return null;
        int valueCount = BinaryPrimitives.ReadInt32LittleEndian(bytes[36..]), classBytes = BinaryPrimitives.ReadUInt16LittleEndian(bytes[40..]);
        if (bytes.Length != FixedBytes + classBytes + (long)valueCount * sizeof(float) + sizeof(uint)) return null;
        if (BinaryPrimitives.ReadUInt64LittleEndian(bytes[4..]) != id) return null;
        return new Example
        {
            Id = id,
            WindowId = BinaryPrimitives.ReadUInt64LittleEndian(bytes[12..]),
            Class = Encoding.UTF8.GetString(bytes.Slice(FixedBytes, classBytes)),
            StartSeconds = BinaryPrimitives.ReadDoubleLittleEndian(bytes[20..]),
            LabelledAt = DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64LittleEndian(bytes[28..])),
            Role = (ExampleRole)bytes[1],
            Samples = MemoryMarshal.Cast<byte, float>(bytes.Slice(FixedBytes + classBytes, valueCount * sizeof(float))).ToArray(),
        };
    }
}
