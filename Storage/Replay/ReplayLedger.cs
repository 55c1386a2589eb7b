using System.Buffers.Binary;

namespace Edge.Storage;

/// <summary>
/// What the file should hold and what it has cost, in a document that every change writes along: an index pointer that a flipped bit bends can hide documents without an error, the count cannot. Little-endian: version u8 = 1,
/// documents i64, sum of their ids i64 (wraps), bytes written i64, payload bytes i64, examples i64; CRC-32C u32 last. The cost counts up to the change before.
/// </summary>
/// <param name="DocumentCount">Documents, without this one.</param>
/// <param name="IdSum">Sum of their ids.</param>
/// <param name="WrittenBytes">Bytes handed to the file system for journal and data file over the life of the store.</param>
/// <param name="PayloadBytes">Bytes of samples (float32) acknowledged over the same time.</param>
/// <param name="ExampleCount">Examples acknowledged over the same time.</param>
internal readonly record struct ReplayLedger(long DocumentCount, long IdSum, long WrittenBytes, long PayloadBytes, long ExampleCount)
{
    /// <summary>Id of its document.</summary>
    public const long Document = -3;

    private const byte Version = 1;
    private const int Bytes = 1 + 5 * sizeof(long) + sizeof(uint);

    public ReplayLedger With(long id) => this with { DocumentCount = DocumentCount + 1, IdSum = unchecked(IdSum + id) };

    public ReplayLedger Without(long id) => this with { DocumentCount = DocumentCount - 1, IdSum = unchecked(IdSum - id) };

    public byte[] ToBytes()
    {
        byte[] bytes = new byte[Bytes];
        bytes[0] = Version;
        long[] values = [DocumentCount, IdSum, WrittenBytes, PayloadBytes, ExampleCount];
        for (int i = 0; i < values.Length; i++) BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(1 + i * sizeof(long)), values[i]);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(Bytes - sizeof(uint)), Crc32C.Of(bytes.AsSpan(0, Bytes - sizeof(uint))));
        return bytes;
    }

    public static ReplayLedger? FromBytes(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Bytes || bytes[0] != Version || !Crc32C.IsLast(bytes)) return null;
        return new ReplayLedger(At(bytes, 0), At(bytes, 1), At(bytes, 2), At(bytes, 3), At(bytes, 4));

        static long At(ReadOnlySpan<byte> bytes, int place) => BinaryPrimitives.ReadInt64LittleEndian(bytes[(1 + place * sizeof(long))..]);
    }
}
