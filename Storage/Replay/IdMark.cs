using System.Buffers.Binary;

namespace Edge.Storage;

/// <summary>
/// The highest id that may have been given, on disk before it is, in a file of its own: when the data file is damaged and an older copy takes its place, no id is given twice. Ids are reserved 1024 at a time, so that the file is
/// seldom written; after a restore up to as many are skipped. The file: two records alike, each version u8 = 1, id u64, CRC-32C u32, little-endian; one of them is enough. A third one says that the data file has held something
/// (<see cref="HasHeld"/>): a start that was killed before its first change has reserved ids as well.
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
        HasHeld = bytes.Length > 2 * RecordBytes;
        for (int at = 0; at + RecordBytes <= bytes.Length; at += RecordBytes)
        {
            var record = bytes.AsSpan(at, RecordBytes);
            if (record[0] == Version && Crc32C.IsLast(record)) Reserved = Math.Max(Reserved, BinaryPrimitives.ReadUInt64LittleEndian(record[1..]));
        }
    }

    /// <summary>No id above this has been given; 0 where nothing is known.</summary>
    public ulong Reserved { get; private set; }

    /// <summary>Whether a change has ever been durable in the data file, as far as is noted: one that is empty or gone has then lost something.</summary>
    public bool HasHeld { get; private set; }

    /// <summary>Notes once that a change is durable. A disk that refuses costs nothing but the note, which the next change makes.</summary>
    public void NoteHeld()
    {
        if (HasHeld || Reserved == 0) return;
        try
        {
            Write(Reserved, holds: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Said above.
        }
    }

    /// <summary>Sees to it that ids up to this one may be given.</summary>
    /// <exception cref="IOException">The disk refused; they may not.</exception>
    public void Reserve(ulong id)
    {
        if (id <= Reserved) return;
        Write((id + BlockCount - 1) / BlockCount * BlockCount, HasHeld);
    }

    private void Write(ulong wanted, bool holds)
    {
        byte[] record = new byte[RecordBytes];
        record[0] = Version;
        BinaryPrimitives.WriteUInt64LittleEndian(record.AsSpan(1), wanted);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(RecordBytes - sizeof(uint)), Crc32C.Of(record.AsSpan(0, RecordBytes - sizeof(uint))));
        DurableFile.Replace(path, holds ? [.. record, .. record, .. record] : [.. record, .. record]);
        (Reserved, HasHeld) = (wanted, holds);
    }
}
