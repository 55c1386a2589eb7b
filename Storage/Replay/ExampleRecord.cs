using System.Buffers.Binary;
using System.Text;

namespace Edge.Storage;

/// <summary>
/// The bytes of one example. Version 3, little-endian: version u8 = 3, role u8, payload kind u8 (<see cref="PayloadKind"/>), 0 u8, id u64, window id u64, start f64 (s), labelled at i64 (Unix ms), value count u32,
/// class length u16, channel count u16, class UTF-8, values as their kind lays them (<see cref="PayloadCodec"/>), CRC-32C u32 over all before. Older versions are read for ever. Version 2: the same
/// bytes, but always in the document whose key is the id; since version 3 the record alone says which example it is (<see cref="RecordKeys"/>). Version 1: as 2, kind 1 only, and no channel count.
/// </summary>
internal static class ExampleRecord
{
    public const byte Version = 3;
    private const byte First = 1, Second = 2;
    private const int FixedBytesOfFirst = 4 + 8 + 8 + 8 + 8 + 4 + 2, FixedBytes = FixedBytesOfFirst + 2;

    /// <summary>Writes a record.</summary>
    /// <param name="example">With its id.</param>
    /// <param name="wanted">How values are stored where the kind can hold them; Float32 otherwise.</param>
    /// <param name="channelCount">Channels of the window; when the values are not a multiple of it, they count as one channel.</param>
    public static byte[] Write(Example example, PayloadKind wanted, int channelCount)
    {
        int classBytes = Encoding.UTF8.GetByteCount(example.Class), channels = ChannelsOf(example.Samples.Length, channelCount);
        var kind = PayloadCodec.KindFor(wanted, example.Samples, channels);
        int payloadBytes = checked((int)PayloadCodec.BytesOf(kind, example.Samples.Length, channels));
        byte[] bytes = new byte[FixedBytes + classBytes + payloadBytes + sizeof(uint)];
        Span<byte> span = bytes;
        span[0] = Version;
        span[1] = (byte)example.Role;
        span[2] = (byte)kind;
        BinaryPrimitives.WriteUInt64LittleEndian(span[4..], example.Id);
        BinaryPrimitives.WriteUInt64LittleEndian(span[12..], example.WindowId);
        BinaryPrimitives.WriteDoubleLittleEndian(span[20..], example.StartSeconds);
        BinaryPrimitives.WriteInt64LittleEndian(span[28..], example.LabelledAt.ToUnixTimeMilliseconds());
        BinaryPrimitives.WriteInt32LittleEndian(span[36..], example.Samples.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(span[40..], checked((ushort)classBytes));
        BinaryPrimitives.WriteUInt16LittleEndian(span[42..], checked((ushort)channels));
        Encoding.UTF8.GetBytes(example.Class, span[FixedBytes..]);
        PayloadCodec.Write(kind, example.Samples, channels, span.Slice(FixedBytes + classBytes, payloadBytes));
        Seal(span);
        return bytes;
    }

    /// <summary>Reads a record of any version; null when it is torn, flipped, of an unknown version or not the record of <paramref name="id"/>.</summary>
    public static Example? Read(ReadOnlySpan<byte> bytes, ulong id)
    {
        if (bytes.Length < FixedBytesOfFirst + sizeof(uint) || bytes[0] is not (First or Second or Version)) return null;
        if (Crc32C.Of(bytes[..^sizeof(uint)]) != BinaryPrimitives.ReadUInt32LittleEndian(bytes[^sizeof(uint)..])) return null;
        int fixedBytes = bytes[0] == First ? FixedBytesOfFirst : FixedBytes;
        if (bytes.Length < fixedBytes + sizeof(uint) || BinaryPrimitives.ReadUInt64LittleEndian(bytes[4..]) != id) return null;
        var kind = (PayloadKind)bytes[2];
        if (bytes[0] == First && kind != PayloadKind.Float32) return null;
        int valueCount = BinaryPrimitives.ReadInt32LittleEndian(bytes[36..]), classBytes = BinaryPrimitives.ReadUInt16LittleEndian(bytes[40..]);
        int channels = bytes[0] == First ? 1 : BinaryPrimitives.ReadUInt16LittleEndian(bytes[42..]);
        long payloadBytes = PayloadCodec.BytesOf(kind, valueCount, channels);
        if (payloadBytes < 0 || bytes.Length != fixedBytes + classBytes + payloadBytes + sizeof(uint)) return null;
        long labelledMs = BinaryPrimitives.ReadInt64LittleEndian(bytes[28..]);
        if (labelledMs < DateTimeOffset.MinValue.ToUnixTimeMilliseconds() || labelledMs > DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()) return null;
        float[] samples = new float[valueCount];
        PayloadCodec.Read(kind, bytes.Slice(fixedBytes + classBytes, (int)payloadBytes), channels, samples);
        return new Example
        {
            Id = id,
            WindowId = BinaryPrimitives.ReadUInt64LittleEndian(bytes[12..]),
            Class = Encoding.UTF8.GetString(bytes.Slice(fixedBytes, classBytes)),
            StartSeconds = BinaryPrimitives.ReadDoubleLittleEndian(bytes[20..]),
            LabelledAt = DateTimeOffset.FromUnixTimeMilliseconds(labelledMs),
            Role = (ExampleRole)bytes[1],
            Samples = samples,
        };
    }

    /// <summary>The id that a document's record is of; null where it cannot be told, since the record is torn, flipped or of an unknown version. Of the store's own documents (keys below 0) it is the key.</summary>
    /// <param name="key">Key of the document.</param>
    /// <param name="bytes">What it holds.</param>
    public static long? IdOf(long key, ReadOnlySpan<byte> bytes)
    {
        if (key <= 0) return key;
        if (bytes.Length < FixedBytesOfFirst + sizeof(uint) || !Crc32C.IsLast(bytes)) return null;
        if (bytes[0] is First or Second) return key;
        return bytes[0] == Version && BinaryPrimitives.ReadInt64LittleEndian(bytes[4..]) is > 0 and var id ? id : null;
    }

    /// <summary>Bytes that the values of a whole record take.</summary>
    public static int PayloadBytesOf(ReadOnlySpan<byte> bytes) =>
        bytes.Length - (bytes[0] == First ? FixedBytesOfFirst : FixedBytes) - BinaryPrimitives.ReadUInt16LittleEndian(bytes[40..]) - sizeof(uint);

    /// <summary>How the values of a whole record lie.</summary>
    public static PayloadKind KindOf(ReadOnlySpan<byte> bytes) => (PayloadKind)bytes[2];

    /// <summary>The role of a whole record.</summary>
    public static ExampleRole RoleOf(ReadOnlySpan<byte> bytes) => (ExampleRole)bytes[1];

    /// <summary>The same record in another role: version and payload stay as they are, so a change of role costs no accuracy.</summary>
    public static byte[] WithRole(byte[] bytes, ExampleRole role)
    {
        byte[] changed = [.. bytes];
        changed[1] = (byte)role;
        Seal(changed);
        return changed;
    }

    private static int ChannelsOf(int valueCount, int channelCount) => channelCount is > 0 and <= ushort.MaxValue && valueCount % channelCount == 0 ? channelCount : 1;

    private static void Seal(Span<byte> bytes) => BinaryPrimitives.WriteUInt32LittleEndian(bytes[^sizeof(uint)..], Crc32C.Of(bytes[..^sizeof(uint)]));
}
