using System.Buffers.Binary;

namespace Edge.Storage;

/// <summary>
/// Reads the documents of a LiteDB 5 file (file version 8) straight from its pages, past header, index and free lists, so that what lies on whole pages is found where LiteDB no longer opens the file. Pages of 8192 bytes: id u32
/// at 0, type u8 at 4 (0 empty, 1 header, 4 data), in the header the last page's id u32 at 64, transaction u32 at 14, confirmed u8 at 18, highest slot u8 at 30; slot i at 8192 - 4 (i + 1): length u16, position u16. A block: 1 where it continues a document, page u32 and slot u8
/// of the next, content. The journal of an interrupted change is laid over the file's pages; of a log that LiteDB itself left, the pages of confirmed transactions are. What is found is as good as its own checksum.
/// </summary>
internal sealed class PageScan : IDisposable
{
    private const int PageBytes = 8192, BlockHeadBytes = 6, MostDocumentBytes = 17 << 20;
    private const int LastPageAt = 64;
    private const byte Empty = 0, Header = 1, Data = 4, NoSlot = 255;
    private readonly FileStream? data, log;
    private readonly Dictionary<uint, long> logged = [];
    private readonly Dictionary<uint, byte[]> journalled = [];

    /// <summary>Opens the files; either may be missing.</summary>
    /// <param name="dataFile">The data file.</param>
    /// <param name="logFile">What lies beside it under the name of LiteDB's log; null where there is none.</param>
    /// <param name="trustsHeader">Whether pages behind the last that the header counts are left out: a change that a crash interrupted has begun them. Not where the header may be what is damaged.</param>
    /// <exception cref="IOException">The disk refused.</exception>
    public PageScan(string dataFile, string? logFile, bool trustsHeader = true)
    {
        try
        {
            data = Open(dataFile);
            PageCount = (uint)((data?.Length ?? 0) / PageBytes);
            if (logFile is not null && File.Exists(logFile))
            {
                if (PageJournal.IsForeign(logFile))
                {
                    log = Open(logFile);
                    ReadLog();
                }
                else ReadJournal(logFile);
            }

            byte[] header = new byte[PageBytes];
            if (trustsHeader && Read(0, header) && CountedPages(header) is var counted && counted > 0 && counted < PageCount) PageCount = counted;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Pages in the data file, as far as they count.</summary>
    public uint PageCount { get; }

    /// <summary>Pages that hold nothing; counted by <see cref="Documents"/>.</summary>
    public uint EmptyPageCount { get; private set; }

    /// <summary>Every document with a key and a byte array, in the order of the pages. A damaged page gives less, or bytes without their checksum.</summary>
    public IEnumerable<(long Key, byte[] Bytes)> Documents()
    {
        EmptyPageCount = 0;
        byte[] page = new byte[PageBytes], other = new byte[PageBytes];
        uint last = logged.Count > 0 ? Math.Max(PageCount, logged.Keys.Max() + 1) : PageCount;
        for (uint number = 0; number < last; number++)
        {
            if (!Read(number, page)) continue;
            if (page[4] == Empty) EmptyPageCount++;
            if (page[4] != Data || page[30] == NoSlot) continue;
            for (int slot = 0; slot <= page[30]; slot++)
            {
                if (Block(page, slot) is not { } block || page[block.Start] != 0) continue;
                if (Parse(Gather(page, block, other)) is { } document) yield return document;
            }
        }
    }

    /// <summary>The same, each by the id that its record is of; one that cannot be read goes by its key.</summary>
    public IEnumerable<(long Id, byte[] Bytes)> Records() => Documents().Select(document => (ExampleRecord.IdOf(document.Key, document.Bytes) ?? document.Key, document.Bytes));

    public void Dispose()
    {
        data?.Dispose();
        log?.Dispose();
    }

    /// <summary>Whether a ledger lies on the file's pages, wherever LiteDB stands with it.</summary>
    public static bool FindsLedger(ReplayPlaces places)
    {
        using var scan = new PageScan(places.Data, places.Log);
        return scan.Documents().Any(document => document.Key == ReplayLedger.Document && ReplayLedger.FromBytes(document.Bytes) is not null);
    }

    /// <summary>Pages that the header of a data file counts; 0 where it is none.</summary>
    /// <param name="header">The first page.</param>
    public static uint CountedPages(ReadOnlySpan<byte> header) =>
        header[4] == Header && BinaryPrimitives.ReadUInt32LittleEndian(header) == 0 ? unchecked(BinaryPrimitives.ReadUInt32LittleEndian(header[LastPageAt..]) + 1) : 0;

    private static FileStream? Open(string path) => File.Exists(path) ? new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 0) : null;

    private void ReadLog()
    {
        byte[] page = new byte[PageBytes];
        var confirmed = new HashSet<uint>();
        for (int pass = 0; pass < 2; pass++)
        {
            for (long at = 0; at + PageBytes <= log!.Length; at += PageBytes)
            {
                if (RandomAccess.Read(log.SafeFileHandle, page, at) < PageBytes) break;
                uint number = BinaryPrimitives.ReadUInt32LittleEndian(page), transaction = BinaryPrimitives.ReadUInt32LittleEndian(page.AsSpan(14));
                if (pass == 0 && page[18] != 0) confirmed.Add(transaction);
                if (pass == 1 && confirmed.Contains(transaction) && number < PageCount + log.Length / PageBytes) logged[number] = at;
            }
        }
    }

    private void ReadJournal(string path)
    {
        using var journal = new PageJournal(path, isReadOnly: true);
        journal.Replay((position, bytes) =>
        {
            uint number = (uint)(position / PageBytes);
            if (!journalled.TryGetValue(number, out byte[]? page))
            {
                journalled.Add(number, page = new byte[PageBytes]);
                if (data is not null) RandomAccess.Read(data.SafeFileHandle, page, (long)number * PageBytes);
            }

            bytes.CopyTo(page.AsSpan((int)(position % PageBytes)));
        });
    }

    private bool Read(uint number, byte[] page)
    {
        if (journalled.TryGetValue(number, out byte[]? changed))
        {
            changed.CopyTo(page, 0);
            return true;
        }

        if (logged.TryGetValue(number, out long at)) return RandomAccess.Read(log!.SafeFileHandle, page, at) == PageBytes;
        return number < PageCount && RandomAccess.Read(data!.SafeFileHandle, page, (long)number * PageBytes) == PageBytes;
    }

    private static (int Start, int Length)? Block(byte[] page, int slot)
    {
        int at = PageBytes - 4 * (slot + 1);
        int length = BinaryPrimitives.ReadUInt16LittleEndian(page.AsSpan(at)), start = BinaryPrimitives.ReadUInt16LittleEndian(page.AsSpan(at + 2));
        return length > BlockHeadBytes && start >= 32 && start + length <= PageBytes ? (start, length) : null;
    }

    private byte[] Gather(byte[] first, (int Start, int Length) block, byte[] other)
    {
        using var content = new MemoryStream();
        byte[] page = first;
        while (true)
        {
            content.Write(page, block.Start + BlockHeadBytes, block.Length - BlockHeadBytes);
            uint next = BinaryPrimitives.ReadUInt32LittleEndian(page.AsSpan(block.Start + 1));
            byte slot = page[block.Start + 5];
            if (next == uint.MaxValue || content.Length > MostDocumentBytes || !Read(next, other) || other[4] != Data || Block(other, slot) is not { } following) return content.ToArray();
            (page, block) = (other, following);
        }
    }

    /// <summary>BSON: length i32, 0x12 "_id" i64, 0x05 "d" length i32 subtype u8 bytes, 0.</summary>
    private static (long Id, byte[] Bytes)? Parse(ReadOnlySpan<byte> bson)
    {
        const int idAt = 9, fieldAt = idAt + sizeof(long), bytesAt = fieldAt + 3 + sizeof(int) + 1;
        if (bson.Length <= bytesAt || !bson[4..idAt].SequenceEqual("\u0012_id\0"u8)) return null;
        long id = BinaryPrimitives.ReadInt64LittleEndian(bson[idAt..]);
        if (!bson.Slice(fieldAt, 3).SequenceEqual("\u0005d\0"u8)) return (id, []);
        int length = BinaryPrimitives.ReadInt32LittleEndian(bson[(fieldAt + 3)..]);
        return (id, length >= 0 && length <= bson.Length - bytesAt ? bson.Slice(bytesAt, length).ToArray() : []);
    }
}
