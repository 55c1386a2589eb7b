using LiteDB;

namespace Edge.Storage;

/// <summary>
/// The LiteDB file under the replay buffer: one collection, own keys (<see cref="RecordKeys"/>), every document one byte array that carries its own version and checksum. A change is: disk space, transaction, commit,
/// checkpoint through <see cref="JournalledFile"/>. When the checkpoint has returned it is durable; until then nothing of it has reached an existing page.
/// </summary>
internal sealed class ReplayFile(string path, bool isReadOnly = false) : IDisposable
{
    /// <summary>Ids of the store's own documents; see also <see cref="ReplayLedger.Document"/>.</summary>
    public const long StateDocument = -1, PrototypesDocument = -2, ImportsDocument = -4;

    /// <summary>Name of the one collection.</summary>
    public const string Collection = "examples";

    /// <summary>Bytes of a page of the file; a file that holds anything has at least one.</summary>
    public const int PageBytes = 8192;

    private const string Payload = "d";
    private const int DamagedFile = 103, DamagedState = 999; // LiteException.INVALID_DATABASE, INVALID_DATAFILE_STATE.
    private RecordKeys keys = new(); // What Find must find: a bent pointer in the index hides a record from a search without an error.
    private JournalledDatabase? database;
    private int largestBytes;
    private bool isWhole;

    /// <summary>The journal of the file at <paramref name="path"/>, under the name of LiteDB's log; the two are one unit.</summary>
    public static string LogOf(string path) => Path.Combine(Path.GetDirectoryName(path) ?? "", Path.GetFileNameWithoutExtension(path) + "-log" + Path.GetExtension(path));

    /// <summary>That a file is there and too short to be read, as no file that was ever changed is; null when it is not.</summary>
    public static string? CutOffAt(string path) => File.Exists(path) && Length(path) is var length and < PageBytes ? $"it has {length} bytes, less than one page of {PageBytes}" : null;

    /// <summary>What the file holds and has cost; known once <see cref="All"/> has been read to its end.</summary>
    public ReplayLedger Ledger { get; private set; }

    /// <summary>Whether <see cref="All"/> met a ledger, readable or not. Only a file that no version with a ledger has changed has none.</summary>
    public bool HasLedger { get; private set; }

    /// <summary>Told of every change when it is on disk: what was deleted, what was written.</summary>
    public Action<IReadOnlyCollection<long>, IReadOnlyCollection<(long Id, byte[] Bytes)>>? Changed { get; set; }

    /// <summary>Documents looked up since the start.</summary>
    public long FindCount { get; private set; }

    /// <summary>Changes made since the start.</summary>
    public long ChangeCount { get; private set; }

    /// <summary>Ids of examples that have left while their records wait in the file for new ones to overwrite them; <see cref="Change"/> deletes them when they are named.</summary>
    public IReadOnlyCollection<long> Spares => keys.Spares;

    private ILiteCollection<BsonDocument> Documents => (database ??= Open()).Database.GetCollection(Collection);

    /// <summary>Whether a failure to read the file says that the file is damaged. LiteDB has no page checksums, so damage shows as one of many exceptions; what the disk refuses is none, and neither is memory that does not suffice.</summary>
    public static bool IsDamage(Exception e) => e is EndOfStreamException or DamagedFileException or not (IOException or UnauthorizedAccessException or OutOfMemoryException);

    /// <summary>A document as it is stored.</summary>
    public static BsonDocument Document(long key, byte[] bytes) => new() { ["_id"] = key, [Payload] = bytes };

    /// <summary>All documents in the order of their keys, without the ledger and what is known to be spare; a record that cannot be read goes by its key.</summary>
    /// <exception cref="DamagedFileException">At the end: they are not those that the ledger counts.</exception>
    public IEnumerable<(long Id, byte[] Bytes)> All()
    {
        ReplayLedger? expected = null;
        HasLedger = false;
        var read = new RecordKeys();
        foreach (var document in Documents.FindAll())
        {
            byte[] bytes = document[Payload].IsBinary ? document[Payload].AsBinary : [];
            long key = document["_id"].AsInt64;
            if (key == ReplayLedger.Document)
            {
                HasLedger = true;
                expected = ReplayLedger.FromBytes(bytes); // A damaged one is no reason to doubt the rest; the next change writes it anew.
                continue;
            }

            largestBytes = Math.Max(largestBytes, bytes.Length);
            if (read.Add(key, bytes) is { } id && !keys.Spares.Contains(id)) yield return (id, bytes);
        }

        if (read.Contradiction is { } contradiction) throw new DamagedFileException($"'{path}' {contradiction}: its index is damaged");
        var counted = read.Counted;
        if (expected is { } told && (told.DocumentCount != counted.DocumentCount || told.KeySum != counted.KeySum))
            throw new DamagedFileException($"'{path}' shows {counted.DocumentCount} records instead of {told.DocumentCount}: its index is damaged");
        isWhole = expected is not null;
        if (expected is { } trusted) read.Trust(trusted);
        read.AddSpares(keys.Spares);
        (Ledger, keys) = ((expected ?? counted) with { WrittenBytes = Math.Max(Ledger.WrittenBytes, expected?.WrittenBytes ?? 0) }, read);
    }

    /// <summary>
    /// Cuts off what lies behind the last page that LiteDB counts: a change that a crash interrupted had begun these pages, and to a <see cref="PageScan"/> what is on them looks like records. Only when <see cref="All"/> has found as
    /// much as the ledger says, so that a bent header costs nothing.
    /// </summary>
    /// <exception cref="IOException">The disk refused.</exception>
    public void Crop()
    {
        if (isReadOnly || !isWhole) return;
        byte[] header = new byte[PageBytes];
        using (var file = File.OpenHandle(path, share: FileShare.ReadWrite | FileShare.Delete)) RandomAccess.Read(file, header, 0);
        long bytes = PageScan.CountedPages(header) * (long)PageBytes;
        if (bytes == 0 || bytes >= Length(path)) return;
        Close(); // LiteDB has taken note of the length.
        if (Length(LogOf(path)) > 0) return; // The disk has refused something: at the next start, then.
        using var longer = File.OpenHandle(path, FileMode.Open, FileAccess.Write);
        RandomAccess.SetLength(longer, bytes);
        RandomAccess.FlushToDisk(longer);
    }

    public byte[]? Find(long id)
    {
        FindCount++;
        if (!keys.Contains(id)) return null;
        try
        {
            return Held(id, keys.KeyOf(id));
        }
        catch (Exception e) when (IsDamage(e) && e is not DamagedFileException)
        {
            throw new DamagedFileException($"the replay buffer '{path}' is damaged: {e.Message}", e);
        }
    }

    /// <summary>Deletes and writes, then makes it durable; all of it or nothing. What is new takes over documents of what is deleted (<see cref="RecordKeys"/>).</summary>
    /// <param name="deleted">Ids of what leaves.</param>
    /// <param name="written">Records by id, new or instead of those that are there.</param>
    /// <param name="exampleCount">Examples that the change acknowledges.</param>
    /// <param name="payloadBytes">Bytes of their samples, as float32.</param>
    /// <param name="settledThrough">Where the state on disk after the change says that fresh examples up to this id have had their round: those of them that leave may wait as spares. 0: everything deleted is deleted.</param>
    /// <exception cref="IOException">The disk refused. The file is as before.</exception>
    public void Change(IReadOnlyCollection<long> deleted, IReadOnlyCollection<(long Id, byte[] Bytes)> written, int exampleCount = 0, long payloadBytes = 0, ulong settledThrough = 0)
    {
        var change = keys.Plan(deleted, written, settledThrough);
        var ledger = keys.Count(Ledger, change) with { ExampleCount = Ledger.ExampleCount + exampleCount, PayloadBytes = Ledger.PayloadBytes + payloadBytes };
        long writtenBefore = 0;
        try
        {
            var documents = Documents;
            ReserveSpace(deleted.Count, written);
            var changing = database!.Database;
            writtenBefore = database.WrittenBytes;
            changing.BeginTrans();
            foreach (var (id, key) in change.Deleted)
            {
                if (!documents.Delete(key)) throw new DamagedFileException($"record {id} is not found where the index leads");
            }

            foreach (var (id, bytes, key, replaced) in change.Written)
            {
                var document = Document(key, bytes);
                if (replaced is null) documents.Insert(document);
                else
                {
                    if (replaced != id) Held(replaced.Value, key); // A bent pointer must not lead to the document of one that stays.
                    if (!documents.Update(document)) throw new DamagedFileException($"record {replaced} is not found where the index leads");
                }
            }

            var last = Document(ReplayLedger.Document, ledger.ToBytes());
            if (!documents.Update(last)) documents.Insert(last);
            changing.Commit();
            changing.Checkpoint();
        }
        catch (Exception e)
        {
            Close(abandon: true); // Ends the transaction; and after a failed write the engine is dead until it is opened again, which the next access does.
            if (CameThrough(change))
            {
                Count();
                return;
            }

            if (e is OutOfMemoryException) throw;
            // As in IsDamage; but LiteDB also says so when it is the disk that refuses a write.
            if (e is DamagedFileException or EndOfStreamException or LiteException { ErrorCode: DamagedFile or DamagedState } or not (LiteException or IOException or UnauthorizedAccessException))
                throw new DamagedFileException($"the replay buffer '{path}' is damaged: {e.Message}", e);
            throw new IOException($"the replay buffer '{path}' could not be written: {e.Message} Free disk space or check the disk; the examples of this batch were not kept.", e);
        }

        Count();

        void Count()
        {
            (Ledger, ChangeCount) = (ledger with { WrittenBytes = ledger.WrittenBytes + Math.Max(0, database!.WrittenBytes - writtenBefore) }, ChangeCount + 1);
            keys.Follow(change);
            Changed?.Invoke(deleted, written);
        }
    }

    public void Dispose() => Close();

    /// <summary>The bytes under a key, which must be those of a record, or unreadable.</summary>
    private byte[] Held(long id, long key)
    {
        byte[] bytes = Search(key) ?? throw new DamagedFileException($"record {id} is not found where the index leads");
        if (ExampleRecord.IdOf(key, bytes) is { } other && other != id) throw new DamagedFileException($"record {other} is found where the index should lead to {id}");
        return bytes;
    }

    /// <summary>The bytes of a document, none where there are none; null where the index does not lead to it.</summary>
    private byte[]? Search(long key)
    {
        var document = Documents.FindById(key);
        return document is null ? null : document[Payload].IsBinary ? document[Payload].AsBinary : [];
    }

    private JournalledDatabase Open()
    {
        // The first page is on disk before there is a log, so a log without it has lost its file; LiteDB would begin a new file and lay the log's pages over it.
        if (Length(path) < PageBytes && Length(LogOf(path)) > 0) throw new InvalidDataException($"'{LogOf(path)}' belongs to a file that is not there");
        bool isNew = !isReadOnly && (Length(path) == 0 || !File.Exists(LogOf(path)) || PageJournal.IsForeign(LogOf(path))); // LiteDB deletes a log of its own.
        var opened = JournalledDatabase.Open(path, LogOf(path), isReadOnly);
        if (isNew) DurableFile.SyncDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!); // The files' names, too, are on disk before anything is acknowledged.
        return opened;
    }

    private static long Length(string file) => File.Exists(file) ? new FileInfo(file).Length : 0;

    /// <summary>
    /// Takes the disk space of a change before LiteDB is asked for it. When LiteDB 5.0.20 meets a full disk in a commit it may wait for itself for ever, or leave a transaction behind whose
    /// finalizer ends the process. The journal takes no more than the pages that the change touches. Per document: its blocks, their neighbours in the free lists, and index nodes.
    /// </summary>
    private void ReserveSpace(int deletedCount, IReadOnlyCollection<(long Id, byte[] Bytes)> written)
    {
        foreach (var (_, bytes) in written) largestBytes = Math.Max(largestBytes, bytes.Length);
        long dataPages = new FileInfo(path).Length / PageBytes + 1;
        long newPages = 10 + written.Sum(document => 1 + Blocks(document.Bytes.Length));
        long touchedPages = 22 + written.Sum(document => 6 + 3 * Blocks(document.Bytes.Length)) + deletedCount * (6 + 2 * Blocks(largestBytes));
        DiskSpace.Reserve(path, (dataPages + newPages) * PageBytes);
        DiskSpace.Reserve(LogOf(path), (Math.Min(touchedPages, dataPages) + newPages) * PageBytes);

        static long Blocks(int bytes) => bytes / 8000 + 1;
    }

    /// <summary>Whether the file holds a change after all: when all of it is in the journal and only the writing of the data file failed, opening completes it.</summary>
    private bool CameThrough(RecordChange change)
    {
        try
        {
            if (change.Written.Count == 0 || !change.Written.All(place => Search(place.Key) is { } bytes && bytes.AsSpan().SequenceEqual(place.Bytes)) || change.Deleted.Any(gone => Search(gone.Key) is not null)) return false;
            database!.Database.Checkpoint();
            return true;
        }
        catch (Exception)
        {
            return false; // Damaged or refused: whoever opens it next is told.
        }
    }

    private void Close(bool abandon = false)
    {
        try
        {
            if (abandon) database?.Abandon();
            else database?.Dispose();
        }
        catch (Exception e) when (e is LiteException or IOException or UnauthorizedAccessException)
        {
            // Disposing a dead engine tries one more checkpoint, and the journal may not be deleted; the disk has already said no, and everything is in file and journal.
        }
        finally
        {
            database = null;
        }
    }
}
