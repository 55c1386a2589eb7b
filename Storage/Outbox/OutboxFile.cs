using System.Buffers.Binary;
using LiteDB;

namespace Edge.Storage;

/// <summary>
/// The LiteDB file under an outbox: id → bytes, one collection, and a ledger (id 0) of how many records there are, because a bent index pointer hides records without an error. A record on disk: version u8 = 1, the
/// bytes, CRC-32C u32 little-endian; the ledger: count i64, sum of ids i64 in the same frame. A change is disk space, transaction, commit, checkpoint through <see cref="JournalledFile"/>: there as a whole or not at all.
/// After any failure the file is closed and read again, and a repeated change skips what is there already. Used by one thread.
/// </summary>
internal sealed class OutboxFile(string path, string journalPath) : IDisposable
{
    private const string Collection = "outbox", Payload = "d";
    private const byte Version = 1;
    private const long LedgerId = 0;
    private const int PageBytes = 8192, FrameBytes = 1 + sizeof(uint);
    private const long TrafficLimit = 16 << 20; // LiteDB's cache only grows; closing lets go of it.
    private readonly SortedSet<long> ids = [];
    private readonly SortedDictionary<long, byte[]> salvaged = []; // Of a file that is being put aside.
    private JournalledDatabase? database;
    private string? halfAside; // Where the damaged file lies already, while its journal does not.
    private bool isRead;
    private long traffic, writtenBefore;
    private int largestBytes;

    /// <summary>Ids in the file, rising; known once <see cref="Read(Action{long, byte[]})"/> has returned.</summary>
    public IReadOnlyCollection<long> Ids => ids;

    /// <summary>Bytes written since the start, journal included.</summary>
    public long WrittenBytes => writtenBefore + (database?.WrittenBytes ?? 0);

    /// <summary>Length of the data file, bytes.</summary>
    public long FileBytes => Length(path);

    /// <summary>Reads everything, in id order.</summary>
    /// <exception cref="DamagedFileException">The file cannot be used as it is.</exception>
    /// <exception cref="IOException">The disk refused.</exception>
    public void Read(Action<long, byte[]> found) => Guarded(() =>
    {
        ids.Clear();
        isRead = false;
        if (halfAside is not null) throw new DamagedFileException($"is '{halfAside}' by now, and its journal is still to be put aside");
        if (Length(path) == 0)
        {
            if (Length(journalPath) > 0) throw new DamagedFileException($"'{journalPath}' belongs to a file that is not there");
            isRead = true;
            return;
        }

        if (Length(path) < PageBytes) throw new DamagedFileException($"has {Length(path)} bytes, less than a page"); // LiteDB would take it for new.
        (long count, long sum)? told = null;
        long read = 0, total = 0;
        foreach (var document in Documents.FindAll())
        {
            long id = document["_id"].AsInt64;
            byte[] record = Unwrap(document[Payload].IsBinary ? document[Payload].AsBinary : []) ?? throw new DamagedFileException($"record {id} has a wrong checksum");
            if (id == LedgerId)
            {
                told = (BinaryPrimitives.ReadInt64LittleEndian(record), BinaryPrimitives.ReadInt64LittleEndian(record.AsSpan(8)));
                continue;
            }

            (read, total) = (read + 1, unchecked(total + id));
            ids.Add(id);
            largestBytes = Math.Max(largestBytes, record.Length);
            found(id, record);
            traffic += record.Length;
        }

        if (told is { } ledger && ledger != (read, total)) throw new DamagedFileException($"shows {read} records instead of {ledger.count}: its index is damaged");
        isRead = true;
        Trim();
    });

    /// <summary>The records with these ids, as far as they are there.</summary>
    /// <exception cref="DamagedFileException">The file cannot be used as it is.</exception>
    /// <exception cref="IOException">The disk refused.</exception>
    public Dictionary<long, byte[]> Find(IEnumerable<long> wanted)
    {
        var records = new Dictionary<long, byte[]>();
        Guarded(() =>
        {
            ReadIfNeeded();
            foreach (long id in wanted)
            {
                if (!ids.Contains(id)) continue;
                var document = Documents.FindById(id) ?? throw new DamagedFileException($"record {id} is not found where the index leads");
                records[id] = Unwrap(document[Payload].IsBinary ? document[Payload].AsBinary : []) ?? throw new DamagedFileException($"record {id} has a wrong checksum");
                traffic += records[id].Length;
            }

            Trim();
        });
        return records;
    }

    /// <summary>Deletes, then inserts, then forces to disk; all of it or nothing. Ids that are gone, or there already, are skipped.</summary>
    /// <exception cref="DamagedFileException">The file cannot be used as it is.</exception>
    /// <exception cref="IOException">The disk refused; the file is as before.</exception>
    public void Change(IReadOnlyCollection<long> deleted, IReadOnlyCollection<(long Id, byte[] Record)> written) => Guarded(() =>
    {
        ReadIfNeeded();
        List<long> gone = [.. deleted.Where(ids.Contains)];
        List<(long Id, byte[] Record)> come = [.. written.Where(record => !ids.Contains(record.Id))];
        if (gone.Count == 0 && come.Count == 0) return;
        Reserve(gone.Count, come);
        var documents = Documents;
        database!.Database.BeginTrans();
        foreach (long id in gone)
        {
            if (!documents.Delete(id)) throw new DamagedFileException($"record {id} is not found where the index leads");
        }

        foreach (var (id, record) in come) documents.Insert(Document(id, record));
        byte[] ledger = new byte[16];
        BinaryPrimitives.WriteInt64LittleEndian(ledger, ids.Count - gone.Count + come.Count);
        BinaryPrimitives.WriteInt64LittleEndian(ledger.AsSpan(8), unchecked(ids.Sum() - gone.Sum() + come.Sum(record => record.Id)));
        var last = Document(LedgerId, ledger);
        if (!documents.Update(last)) documents.Insert(last);
        database.Database.Commit();
        database.Database.Checkpoint();
        ids.ExceptWith(gone);
        ids.UnionWith(come.Select(record => record.Id));
        traffic += come.Sum(record => (long)record.Record.Length);
        Trim();
    });

    /// <summary>Begins the file anew when it is empty and long.</summary>
    public void Shrink(long most)
    {
        if (!isRead || ids.Count > 0 || Length(path) <= most) return;
        Close(abandon: false);
        if (Length(journalPath) > 0) return; // The disk has refused something: another time.
        File.Delete(path);
    }

    /// <summary>Puts a damaged file aside and gives what is whole of it; three such files are kept. Where the disk refuses half way, nothing is read until the rest has been done as well, and what was whole is given then.</summary>
    /// <exception cref="IOException">The disk refused; the message says what to do.</exception>
    public (string PutAside, List<(long Id, byte[] Record)> Salvaged) PutAside(DateTimeOffset now)
    {
        Close(abandon: true);
        string folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!, aside = halfAside ?? $"{path}.bad-{now:yyyyMMddTHHmmssfff}";
        try
        {
            using (var scan = new PageScan(path, File.Exists(journalPath) ? journalPath : null, trustsHeader: false))
            {
                foreach (var (id, bytes) in scan.Documents())
                {
                    if (id > LedgerId && Unwrap(bytes) is { } record) salvaged[id] = record;
                }
            }

            if (File.Exists(path)) DurableFile.Rename(path, aside);
            halfAside = aside;
            if (Length(journalPath) > 0) DurableFile.Rename(journalPath, aside + "-log");
            else File.Delete(journalPath);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException(
                $"'{path}' is damaged and cannot be put aside as '{aside}': {e.Message}. Give the service's user the right to write in '{folder}' and to both files, or move '{path}' and '{journalPath}' away while the service is stopped.", e);
        }

        halfAside = null;
        DeleteOldest(folder);
        ids.Clear();
        isRead = true;
        List<(long Id, byte[] Record)> whole = [.. salvaged.Select(pair => (pair.Key, pair.Value))];
        salvaged.Clear();
        return (aside, whole);
    }

    /// <inheritdoc/>
    public void Dispose() => Close(abandon: false);

    private ILiteCollection<BsonDocument> Documents => (database ??= Open()).Database.GetCollection(Collection);

    private static BsonDocument Document(long id, byte[] record)
    {
        byte[] bytes = new byte[record.Length + FrameBytes];
        bytes[0] = Version;
        record.CopyTo(bytes, 1);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(record.Length + 1), Crc32C.Of(bytes.AsSpan(0, record.Length + 1)));
        return new BsonDocument { ["_id"] = id, [Payload] = bytes };
    }

    private static byte[]? Unwrap(byte[] bytes) => bytes.Length >= FrameBytes && bytes[0] == Version && Crc32C.IsLast(bytes) ? bytes[1..^sizeof(uint)] : null;

    private JournalledDatabase Open()
    {
        bool isNew = Length(path) == 0;
        var opened = JournalledDatabase.Open(path, journalPath, isReadOnly: false);
        if (isNew) DurableFile.SyncDirectory(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!);
        return opened;
    }

    private static long Length(string file) => File.Exists(file) ? new FileInfo(file).Length : 0;

    private void ReadIfNeeded()
    {
        if (!isRead) Read((_, _) => { });
    }

    /// <summary>Takes the disk space of a change first: LiteDB 5.0.20 may wait for itself for ever when it meets a full disk in a commit.</summary>
    private void Reserve(int deletedCount, List<(long Id, byte[] Record)> written)
    {
        foreach (var (_, record) in written) largestBytes = Math.Max(largestBytes, record.Length);
        long dataPages = Length(path) / PageBytes + 1;
        long newPages = 10 + written.Sum(record => 1 + Blocks(record.Record.Length));
        long touchedPages = 22 + written.Sum(record => 6 + 3 * Blocks(record.Record.Length)) + deletedCount * (6 + 2 * Blocks(largestBytes));
        DiskSpace.Reserve(path, (dataPages + newPages) * PageBytes);
        DiskSpace.Reserve(journalPath, (Math.Min(touchedPages, dataPages) + newPages) * PageBytes);

        static long Blocks(int bytes) => bytes / 8000 + 1;
    }

    /// <summary>Closes after a failure, and says damage as damage and a refusal as a refusal: LiteDB has no page checksums, and damage shows as one of many exceptions.</summary>
    private void Guarded(Action action)
    {
        try
        {
            action();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            Close(abandon: true);
            isRead = false;
            if (e is DamagedFileException) throw;
            const int damagedFile = 103, damagedState = 999; // LiteException.INVALID_DATABASE, INVALID_DATAFILE_STATE.
            if (e is EndOfStreamException or LiteException { ErrorCode: damagedFile or damagedState } or not (LiteException or IOException or UnauthorizedAccessException)) throw new DamagedFileException(e.Message, e);
            throw new IOException(e.Message, e);
        }
    }

    /// <summary>What was put aside earlier, up to the newest three, where the disk allows.</summary>
    private void DeleteOldest(string folder)
    {
        try
        {
            foreach (string old in Directory.GetFiles(folder, System.IO.Path.GetFileName(path) + ".bad-*").Where(name => !name.EndsWith("-log", StringComparison.Ordinal)).Order(StringComparer.Ordinal).SkipLast(3))
            {
                File.Delete(old);
                File.Delete(old + "-log");
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The next that is put aside tries again.
        }
    }

    private void Trim()
    {
        if (traffic > TrafficLimit) Close(abandon: false);
    }

    private void Close(bool abandon)
    {
        writtenBefore = WrittenBytes;
        var closing = database;
        (database, traffic) = (null, 0);
        try
        {
            if (abandon) closing?.Abandon();
            else closing?.Dispose();
        }
        catch (Exception e) when (e is LiteException or IOException or UnauthorizedAccessException)
        {
            // Disposing a dead engine tries one more checkpoint; the disk has already said no.
        }
    }
}
