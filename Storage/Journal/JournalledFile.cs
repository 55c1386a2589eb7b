using Microsoft.Win32.SafeHandles;

namespace Edge.Storage;

/// <summary>
/// The stream that LiteDB takes for its data file. What is written waits in memory until <see cref="Flush"/>, the end of a checkpoint, and then reaches the file as a whole or not at all:
/// <list type="number">
/// <item>pages behind the end of the file, which nothing refers to yet, are written; the file is forced to disk;</item>
/// <item>what changes in other pages goes to the journal, which is forced to disk: the change has happened, whatever comes;</item>
/// <item>it is written to the file. The next change forces that to disk before it overwrites the journal.</item>
/// </list>
/// Two flushes a change; new pages are written once, changed ones as the parts that differ. Not thread-safe: LiteDB wraps it in a lock of its own.
/// </summary>
internal sealed class JournalledFile : Stream
{
    private const int PageBytes = 8192, SectorBytes = 4096;
    private readonly SafeFileHandle file;
    private readonly PageJournal? journal;
    private readonly SortedDictionary<long, byte[]> pending = [];
    private readonly Stack<byte[]> spare = new();
    private readonly byte[] old = new byte[PageBytes];
    private long length, dataBytes;
    private bool unsynced, abandoned;

    /// <summary>Opens both files and finishes the change that a crash interrupted; to look only, in memory.</summary>
    /// <exception cref="IOException">The disk refused.</exception>
    public JournalledFile(string path, string journalPath, bool isReadOnly)
    {
        file = File.OpenHandle(path, isReadOnly ? FileMode.Open : FileMode.OpenOrCreate, isReadOnly ? FileAccess.Read : FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        abandoned = isReadOnly;
        try
        {
            journal = isReadOnly && !File.Exists(journalPath) ? null : new PageJournal(journalPath, isReadOnly);
            bool finished = journal?.Replay(isReadOnly ? Overlay : (position, bytes) => RandomAccess.Write(file, bytes, position)) == true;
            if (finished && !isReadOnly) RandomAccess.FlushToDisk(file);
            length = RandomAccess.GetLength(file);
        }
        catch
        {
            Release();
            throw;
        }
    }

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => true;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => pending.Count == 0 ? length : Math.Max(length, pending.Keys.Max() + PageBytes);

    /// <inheritdoc/>
    public override long Position { get; set; }

    /// <summary>Bytes written to the file and its journal since they were opened.</summary>
    public long WrittenBytes => dataBytes + (journal?.WrittenBytes ?? 0);

    /// <summary>From now on nothing reaches the file: a change has failed, and LiteDB would write on as it closes.</summary>
    public void Abandon() => abandoned = true;

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count)
    {
        int read = 0;
        while (read < count)
        {
            long page = Position / PageBytes * PageBytes;
            int within = (int)(Position - page), part = Math.Min(count - read, PageBytes - within);
            var target = buffer.AsSpan(offset + read, part);
            if (pending.TryGetValue(page, out byte[]? bytes)) bytes.AsSpan(within, part).CopyTo(target);
            else part = RandomAccess.Read(file, target, Position);
            if (part == 0) break;
            read += part;
            Position += part;
        }

        return read;
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count)
    {
        if (Position % PageBytes != 0 || count != PageBytes) throw new NotSupportedException($"{count} bytes at {Position} are not a page");
        if (!abandoned)
        {
            if (!pending.TryGetValue(Position, out byte[]? page)) pending.Add(Position, page = spare.TryPop(out byte[]? used) ? used : new byte[PageBytes]);
            buffer.AsSpan(offset, count).CopyTo(page);
        }

        Position += count;
    }

    /// <summary>Makes what was written durable, all of it or nothing.</summary>
    /// <exception cref="IOException">The disk refused.</exception>
    public override void Flush()
    {
        if (abandoned || pending.Count == 0) return;
        long end = length;
        foreach (var (position, page) in pending)
        {
            if (position < length) continue;
            WriteFile(position, page);
            end = Math.Max(end, position + PageBytes);
            unsynced = true;
        }

        if (unsynced) RandomAccess.FlushToDisk(file);
        unsynced = false;
        journal!.Clear();
        var changed = pending.Where(pair => pair.Key < length && Differs(pair.Key, pair.Value)).ToList();
        if (changed.Count > 0)
        {
            journal.Write();
            abandoned = true; // Should the disk refuse half-way, only the journal may complete it.
            foreach (var (position, page) in changed) WriteSectors(position, page);
            abandoned = false;
        }

        unsynced = changed.Count > 0;
        length = end;
        foreach (byte[] page in pending.Values.Take(SpareCount - spare.Count)) spare.Push(page);
        pending.Clear();
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) =>
        Position = origin switch { SeekOrigin.Begin => offset, SeekOrigin.Current => Position + offset, _ => Length + offset };

    /// <summary>LiteDB crops a file whose last page is torn, and does not write while it does.</summary>
    public override void SetLength(long value)
    {
        if (!abandoned) RandomAccess.SetLength(file, value);
        length = value;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        try
        {
            if (!disposing || file.IsClosed || abandoned) return;
            if (unsynced) RandomAccess.FlushToDisk(file);
            journal!.Retire();
        }
        finally
        {
            Release();
            base.Dispose(disposing);
        }
    }

    /// <summary>Most page buffers kept for the next change, 512 KiB.</summary>
    private static int SpareCount => 64;

    /// <summary>Puts into the journal what a page changes.</summary>
    private bool Differs(long position, byte[] page)
    {
        if (RandomAccess.Read(file, old, position) < PageBytes)
        {
            journal!.Add(position, page); // A torn last page.
            return true;
        }

        bool any = false;
        for (int from = Same(page, 0); from < PageBytes;)
        {
            int to = from;
            while (to < PageBytes)
            {
                int same = Same(page, to);
                if (same - to >= JoinBytes || same == PageBytes) break;
                to = same + Different(page, same);
            }

            journal!.Add(position + from, page.AsSpan(from, to - from));
            any = true;
            from = Same(page, to);
        }

        return any;
    }

    /// <summary>Equal bytes between two ranges that are not worth a range of their own.</summary>
    private const int JoinBytes = 64;

    private int Same(byte[] page, int from) => from + page.AsSpan(from).CommonPrefixLength(old.AsSpan(from));

    private int Different(byte[] page, int from)
    {
        int n = 0;
        while (from + n < PageBytes && page[from + n] != old[from + n]) n++;
        return n;
    }

    /// <summary>Writes the halves of a page that differ: the disk works in sectors of no more than that.</summary>
    private void WriteSectors(long position, byte[] page)
    {
        bool whole = RandomAccess.Read(file, old, position) == PageBytes;
        for (int at = 0; at < PageBytes; at += SectorBytes)
        {
            if (!whole || !page.AsSpan(at, SectorBytes).SequenceEqual(old.AsSpan(at, SectorBytes))) WriteFile(position + at, page.AsSpan(at, SectorBytes));
        }
    }

    private void WriteFile(long position, ReadOnlySpan<byte> bytes)
    {
        RandomAccess.Write(file, bytes, position);
        dataBytes += bytes.Length;
    }

    /// <summary>Lays a range of an interrupted change over the file.</summary>
    private void Overlay(long position, ReadOnlySpan<byte> bytes)
    {
        long at = position / PageBytes * PageBytes;
        if (!pending.TryGetValue(at, out byte[]? page))
        {
            pending.Add(at, page = new byte[PageBytes]);
            RandomAccess.Read(file, page, at);
        }

        bytes.CopyTo(page.AsSpan((int)(position - at)));
    }

    private void Release()
    {
        journal?.Dispose();
        file.Dispose();
    }
}
