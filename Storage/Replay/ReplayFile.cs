using LiteDB;

namespace Edge.Storage;

/// <summary>
/// The LiteDB file under the replay buffer: one collection, own ids, every document one byte array that carries its own version and checksum. A change is: disk space, transaction, commit,
/// checkpoint. Only when the checkpoint has returned is it durable (a commit alone is fsynced by accident; the first one after opening is not).
/// </summary>
internal sealed class ReplayFile(string path) : IDisposable
{
    private const string Payload = "d";
    private const int PageBytes = 8192;
    private JournalledDatabase? database;
    private int largestBytes;

    /// <summary>LiteDB's log of the file at <paramref name="path"/>; the two are one unit.</summary>
    public static string LogOf(string path) => Path.Combine(Path.GetDirectoryName(path) ?? "", Path.GetFileNameWithoutExtension(path) + "-log" + Path.GetExtension(path));

    private ILiteCollection<BsonDocument> Documents => (database ??= Open()).Database.GetCollection("examples");

    /// <summary>All documents in id order.</summary>
    public IEnumerable<(long Id, byte[] Bytes)> All()
    {
        foreach (var document in Documents.FindAll())
        {
            byte[] bytes = document[Payload].IsBinary ? document[Payload].AsBinary : [];
            largestBytes = Math.Max(largestBytes, bytes.Length);
            yield return (document["_id"].AsInt64, bytes);
        }
    }

    public byte[]? Find(long id)
    {
        var document = Documents.FindById(id);
        return document is null || !document[Payload].IsBinary ? null : document[Payload].AsBinary;
    }

    /// <summary>Deletes, then inserts or replaces, then makes it durable; all of it or nothing.</summary>
    /// <exception cref="IOException">The disk refused. The file is as before.</exception>
    public void Change(IReadOnlyCollection<long> deleted, IReadOnlyCollection<(long Id, byte[] Bytes)> written)
    {
        try
        {
            var documents = Documents;
            ReserveSpace(deleted.Count, written);
            var changing = database!.Database;
            changing.BeginTrans();
            foreach (long id in deleted) documents.Delete(id);
            foreach (var (id, bytes) in written)
            {
                var document = new BsonDocument { ["_id"] = id, [Payload] = bytes };
                if (!documents.Update(document)) documents.Insert(document);
            }

            changing.Commit();
            changing.Checkpoint();
        }
        catch (Exception e)
        {
            Close(abandon: true); // Ends the transaction; and after a failed write the engine is dead until it is opened again, which the next access does.
            if (CameThrough(deleted, written)) return;
            if (e is not (LiteException or IOException or UnauthorizedAccessException)) throw;
            throw new IOException($"the replay buffer '{path}' could not be written: {e.Message} Free disk space or check the disk; the examples of this batch were not kept.", e);
        }
    }

    public void Dispose() => Close();

    private JournalledDatabase Open()
    {
        // The first page is on disk before there is a log, so a log without it has lost its file; LiteDB would begin a new file and lay the log's pages over it.
        if (Length(path) < PageBytes && Length(LogOf(path)) > 0) throw new InvalidDataException($"'{LogOf(path)}' belongs to a file that is not there");
        bool isNew = Length(path) == 0 || !File.Exists(LogOf(path));
        var opened = JournalledDatabase.Open(path, LogOf(path));
        if (isNew) DurableFile.SyncDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!); // The files' names, too, are on disk before anything is acknowledged.
        return opened;

        static long Length(string file) => File.Exists(file) ? new FileInfo(file).Length : 0;
    }

    /// <summary>
    /// Takes the disk space of a change before LiteDB is asked for it. When LiteDB 5.0.20 meets a full disk in a commit it may wait for itself for ever, or leave a transaction behind whose
    /// finalizer ends the process. In a transaction a page goes to the log once at most and to the data file after that. Per document: its blocks, their neighbours in the free lists, and index nodes.
    /// </summary>
    private void ReserveSpace(int deletedCount, IReadOnlyCollection<(long Id, byte[] Bytes)> written)
    {
        foreach (var (_, bytes) in written) largestBytes = Math.Max(largestBytes, bytes.Length);
        long dataPages = new FileInfo(path).Length / PageBytes + 1;
        long newPages = 8 + written.Sum(document => 1 + Blocks(document.Bytes.Length));
        long touchedPages = 16 + written.Sum(document => 6 + 3 * Blocks(document.Bytes.Length)) + deletedCount * (6 + 2 * Blocks(largestBytes));
        DiskSpace.Reserve(path, (dataPages + newPages) * PageBytes);
        DiskSpace.Reserve(LogOf(path), (Math.Min(touchedPages, dataPages) + newPages) * PageBytes);

        static long Blocks(int bytes) => bytes / 8000 + 1;
    }

    /// <summary>Whether the file holds a change after all: when the commit is in the log and only the checkpoint failed, opening finds it there.</summary>
    private bool CameThrough(IReadOnlyCollection<long> deleted, IReadOnlyCollection<(long Id, byte[] Bytes)> written)
    {
        try
        {
            if (written.Count == 0 || !written.All(document => Find(document.Id) is { } bytes && bytes.AsSpan().SequenceEqual(document.Bytes)) || deleted.Any(id => Find(id) is not null)) return false;
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
        catch (Exception e) when (e is LiteException or IOException)
        {
            // Disposing a dead engine tries one more checkpoint; the disk has already said no.
        }

        database = null;
    }
}
