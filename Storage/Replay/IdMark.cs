using System.Buffers.Binary;

namespace Edge.Storage;

/// <summary>
/// The highest id that may have been given, on disk before it is, in a file of its own: when the data file is damaged and an older copy takes its place, no id is given twice. Ids are reserved 1024 at a time, so that the file is
/// seldom written; after a restore up to as many are skipped. The file: two records alike, each version u8 = 1, id u64, CRC-32C u32, little-endian; one of them is enough.
/// </summary>
internal sealed class IdMark
{
    /// <summary>Ids reserved at a time.</summary>
    public const int BlockCount = 1024;

    private const byte Version = 1;
    private const int RecordBytes = 1 + sizeof(ulong) + sizeof(uint);
    private readonly string path;

    public IdMark(string path)
    {
        this.path = path;
        if (!File.Exists(path)) return;
        byte[] bytes = File.ReadAllBytes(path);
        for (int at = 0; at + RecordBytes <= bytes.Length; at += RecordBytes)
        {
            var record = bytes.AsSpan(at, RecordBytes);
            if (record[0] == Version && Crc32C.IsLast(record)) Reserved = Math.Max(Reserved, BinaryPrimitives.ReadUInt64LittleEndian(record[1..]));
        }
    }

    /// <summary>No id above this has been given; 0 where nothing is known.</summary>
    public ulong Reserved { get; private set; }

    /// <summary>Sees to it that ids up to this one may be given.</summary>
    /// <exception cref="IOException">The disk refused; they may not.</exception>
    public void Reserve(ulong id)
    {
        if (id <= Reserved) return;
        ulong wanted = (id + BlockCount - 1) / BlockCount * BlockCount;
        byte[] record = new byte[RecordBytes];
        record[0] = Version;
        BinaryPrimitives.WriteUInt64LittleEndian(record.AsSpan(1), wanted);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(RecordBytes - sizeof(uint)), Crc32C.Of(record.AsSpan(0, RecordBytes - sizeof(uint))));
        DurableFile.Replace(path, [.. record, .. record]);
        Reserved = wanted;
    }
}
