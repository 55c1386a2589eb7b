using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace Edge.Storage;

/// <summary>
/// The last change to a data file of 8192-byte pages, so that the change happens as a whole or not at all: the journal is on disk before an existing page of the data file is touched, and is applied
/// again at the next start. Applying it twice does no harm. Kept as the bytes that change: a LiteDB page is half zeros, and often a few pointers in it are all that is new.
/// <para>
/// The file is a row of frames of 8192 bytes. Frame: magic "EDGEJRNL" (8 bytes), 0 (8 bytes), version u32 = 1 at 16 (of which byte 18 must be 0: LiteDB, which would take a file of this name for its own log, reads there
/// "not confirmed" and ignores it), body length u32 at 20, CRC-32C of the body u32 at 24, CRC-32C of the 28 bytes before u32 at 28, then up to 8160 bytes of the body; all frames of a change have
/// the same head. Body: per range of bytes, position in the data file i64, length u32, the bytes. Little-endian.
/// </para>
/// </summary>
internal sealed class PageJournal(string path, bool isReadOnly = false) : IDisposable
{
    private const int PageBytes = 8192, FrameBytes = PageBytes, HeadBytes = 32, RoomBytes = FrameBytes - HeadBytes, RangeHeadBytes = 12;
    private const int FramesPerChunk = 8, KeptChunkCount = 16; // 64 KiB: below what .NET keeps on the large object heap, where an array that grows with a change would leave garbage of several times its size.
    private const long MostPosition = (long)uint.MaxValue * PageBytes; // LiteDB numbers pages in 32 bits.
    private const uint Version = 1;
    private readonly SafeFileHandle file = isReadOnly
        ? File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete)
        : File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);

    private readonly List<byte[]> chunks = []; // The frames; bodies stand where they will be written.
    private int bodyLength;

    private static ReadOnlySpan<byte> Magic => "EDGEJRNL"u8;

    /// <summary>Whether a file of this name may be LiteDB's own log: it has content, and not a journal's. One flipped bit does not make a journal a log.</summary>
    public static bool IsForeign(string path)
    {
        if (!File.Exists(path)) return false;
        using var file = File.OpenHandle(path, share: FileShare.ReadWrite | FileShare.Delete);
        Span<byte> head = stackalloc byte[Magic.Length];
        if (RandomAccess.GetLength(file) == 0) return false;
        int read = RandomAccess.Read(file, head, 0), same = 0;
        for (int i = 0; i < read; i++) same += head[i] == Magic[i] ? 1 : 0;
        return same < Magic.Length / 2;
    }

    /// <summary>Begins a new change.</summary>
    public void Clear()
    {
        bodyLength = 0;
        if (chunks.Count > KeptChunkCount) chunks.RemoveRange(KeptChunkCount, chunks.Count - KeptChunkCount); // A large change does not hold its memory for good.
    }

    /// <summary>Adds a range of bytes that the change writes.</summary>
    public void Add(long position, ReadOnlySpan<byte> bytes)
    {
        Span<byte> head = stackalloc byte[RangeHeadBytes];
        BinaryPrimitives.WriteInt64LittleEndian(head, position);
        BinaryPrimitives.WriteInt32LittleEndian(head[8..], bytes.Length);
        Append(head);
        Append(bytes);
    }

    /// <summary>Puts what was added in the place of the change before, on disk.</summary>
    /// <exception cref="IOException">The disk refused; what the file holds now is the new change, or none.</exception>
    public void Write()
    {
        int count = (bodyLength + RoomBytes - 1) / RoomBytes, length = bodyLength + count * HeadBytes;
        uint checksum = 0;
        for (int i = 0; i < count; i++) checksum = Crc32C.Continue(checksum, Room(i)[..Math.Min(RoomBytes, bodyLength - i * RoomBytes)]);
        Span<byte> head = stackalloc byte[HeadBytes];
        head.Clear();
        Magic.CopyTo(head);
        BinaryPrimitives.WriteUInt32LittleEndian(head[16..], Version);
        BinaryPrimitives.WriteInt32LittleEndian(head[20..], bodyLength);
        BinaryPrimitives.WriteUInt32LittleEndian(head[24..], checksum);
        BinaryPrimitives.WriteUInt32LittleEndian(head[28..], Crc32C.Of(head[..28]));
        for (int i = 0; i < count; i++) head.CopyTo(Frame(i));
        var parts = new ReadOnlyMemory<byte>[(count + FramesPerChunk - 1) / FramesPerChunk];
        for (int i = 0; i < parts.Length; i++) parts[i] = chunks[i].AsMemory(0, Math.Min(chunks[i].Length, length - i * chunks[i].Length));
        RandomAccess.Write(file, parts, 0);
        RandomAccess.FlushToDisk(file);
        WrittenBytes += length;
    }

    /// <summary>Bytes written to the file since it was opened.</summary>
    public long WrittenBytes { get; private set; }

    /// <summary>Applies the change that the file holds, if it holds a whole one.</summary>
    /// <param name="write">Gets position in the data file and bytes of each range; no range leaves its page.</param>
    /// <returns>Whether there was one. What <paramref name="write"/> wrote is not forced to disk yet; the journal is, since a process that was killed may have left it in the system's memory only.</returns>
    /// <exception cref="IOException">The disk refused.</exception>
    public bool Replay(Action<long, ReadOnlySpan<byte>> write)
    {
        if (Read() is not { } body) return false;
        if (!isReadOnly) RandomAccess.FlushToDisk(file);
        for (int at = 0; at < body.Length;)
        {
            int length = BinaryPrimitives.ReadInt32LittleEndian(body.AsSpan(at + 8));
            write(BinaryPrimitives.ReadInt64LittleEndian(body.AsSpan(at)), body.AsSpan(at + RangeHeadBytes, length));
            at += RangeHeadBytes + length;
        }

        return true;
    }

    /// <summary>Empties and deletes the file: the data file holds everything, on disk.</summary>
    public void Retire()
    {
        RandomAccess.SetLength(file, 0);
        RandomAccess.FlushToDisk(file);
        File.Delete(path);
    }

    public void Dispose() => file.Dispose();

    private void Append(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            int within = bodyLength % RoomBytes, frame = bodyLength / RoomBytes, count = Math.Min(RoomBytes - within, bytes.Length);
            if (frame == chunks.Count * FramesPerChunk) chunks.Add(new byte[FramesPerChunk * FrameBytes]);
            bytes[..count].CopyTo(Room(frame)[within..]);
            bytes = bytes[count..];
            bodyLength += count;
        }
    }

    private Span<byte> Frame(int index) => chunks[index / FramesPerChunk].AsSpan(index % FramesPerChunk * FrameBytes, FrameBytes);

    /// <summary>What of the body a frame has room for.</summary>
    private Span<byte> Room(int frame) => Frame(frame)[HeadBytes..];

    /// <summary>Reads the body of a whole change; null when the file is empty, torn or flipped: then the change was never acknowledged and the data file is untouched, or the data file has it all.</summary>
    private byte[]? Read()
    {
        Span<byte> head = stackalloc byte[HeadBytes];
        if (RandomAccess.Read(file, head, 0) < HeadBytes || !head[..8].SequenceEqual(Magic) || BinaryPrimitives.ReadUInt32LittleEndian(head[16..]) != Version
            || Crc32C.Of(head[..28]) != BinaryPrimitives.ReadUInt32LittleEndian(head[28..]))
            return null;
        int length = BinaryPrimitives.ReadInt32LittleEndian(head[20..]);
        long count = (length + RoomBytes - 1L) / RoomBytes;
        if (length < 0 || RandomAccess.GetLength(file) < length + count * HeadBytes) return null;
        byte[] body = new byte[length];
        for (int i = 0; i < count; i++)
            RandomAccess.Read(file, body.AsSpan(i * RoomBytes, Math.Min(RoomBytes, length - i * RoomBytes)), (long)i * FrameBytes + HeadBytes);
        return Crc32C.Of(body) == BinaryPrimitives.ReadUInt32LittleEndian(head[24..]) && IsRanges(body) ? body : null;
    }

    /// <summary>Whether a body is ranges to its end, each within a page: a checksum does not say who wrote it.</summary>
    private static bool IsRanges(ReadOnlySpan<byte> body)
    {
        while (!body.IsEmpty)
        {
            if (body.Length < RangeHeadBytes) return false;
            long position = BinaryPrimitives.ReadInt64LittleEndian(body);
            int length = BinaryPrimitives.ReadInt32LittleEndian(body[8..]);
            if (position is < 0 or > MostPosition || length < 1 || length > PageBytes - position % PageBytes || length > body.Length - RangeHeadBytes) return false;
            body = body[(RangeHeadBytes + length)..];
        }

        return true;
    }
}
