using System.Buffers.Binary;

namespace Edge.Storage;

/// <summary>
/// What the file should hold and what it has cost, in a document that every change writes along: an index pointer that a flipped bit bends can hide documents without an error, the count cannot. Little-endian: version u8 = 2,
/// documents i64, sum of their ids i64 (wraps), bytes written i64, payload bytes i64, examples i64, sum of their keys i64 (wraps); CRC-32C u32 last. The cost counts up to the change before. Version 1, which is read for ever, is of
/// files in which every key is the id, and has no sum of keys.
/// </summary>
/// <param name="DocumentCount">Documents, without this one.</param>
/// <param name="IdSum">Sum of their ids: tells which records are missing.</param>
/// <param name="WrittenBytes">Bytes handed to the file system for journal and data file over the life of the store.</param>
/// <param name="PayloadBytes">Bytes of samples (float32) acknowledged over the same time.</param>
/// <param name="ExampleCount">Examples acknowledged over the same time.</param>
/// <param name="KeySum">Sum of the keys of their documents: tells, whatever the records say, whether LiteDB shows the documents that it should. See <see cref="RecordKeys"/>.</param>
internal readonly record struct ReplayLedger(long DocumentCount, long IdSum, long WrittenBytes, long PayloadBytes, long ExampleCount, long KeySum)
{
    /// <summary>Id of its document.</summary>
    public const long Document = -3;

    private const byte Version = 2, First = 1;
    private const int BytesOfFirst = 1 + 5 * sizeof(long) + sizeof(uint), Bytes = BytesOfFirst + sizeof(long);

    public ReplayLedger With(long id, long key) => this with { DocumentCount = DocumentCount + 1, IdSum = unchecked(IdSum + id), KeySum = unchecked(KeySum + key) };

    public ReplayLedger Without(long id, long key) => this with { DocumentCount = DocumentCount - 1, IdSum = unchecked(IdSum - id), KeySum = unchecked(KeySum - key) };

    public byte[] ToBytes()
    {
        byte[] bytes = new byte[Bytes];
        bytes[0] = Version;
        long[] values = [DocumentCount, IdSum, WrittenBytes, PayloadBytes, ExampleCount, KeySum];
        for (int i = 0; i < values.Length; i++) BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(1 + i * sizeof(long)), values[i]);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(Bytes - sizeof(uint)), Crc32C.Of(bytes.AsSpan(0, Bytes - sizeof(uint))));
        return bytes;
    }

    public static ReplayLedger? FromBytes(ReadOnlySpan<byte> bytes)
    {
        bool isFirst = bytes.Length == BytesOfFirst && bytes[0] == First;
        if (!(isFirst || (bytes.Length == Bytes && bytes[0] == Version)) || !Crc32C.IsLast(bytes)) return null;
        return new ReplayLedger(At(bytes, 0), At(bytes, 1), At(bytes, 2), At(bytes, 3), At(bytes, 4), At(bytes, isFirst ? 1 : 5));

        static long At(ReadOnlySpan<byte> bytes, int place) => BinaryPrimitives.ReadInt64LittleEndian(bytes[(1 + place * sizeof(long))..]);
    }
}
