using LiteDB;

namespace Edge.Storage;

/// <summary>
/// Writes documents into a new LiteDB file, tightly: the way of compaction and of a restore, since LiteDB 5.0.20's own Rebuild fails above 2550 documents. The file is written without a sync in between and forced to disk once,
/// at the end; until it is renamed nobody reads it. Every record gets a document under its own id.
/// </summary>
internal static class ReplayRewriter
{
    private const int BatchBytes = 4 << 20, BlockBytes = 8000, PageBytes = 8192;

    /// <summary>Writes the file whole, or leaves none.</summary>
    /// <param name="path">The new file.</param>
    /// <param name="documents">What goes in by id, each once; a ledger among them is left out.</param>
    /// <param name="before">The ledger so far: what the store has cost goes on from it.</param>
    /// <param name="expectedBytes">Room that is taken first; see <see cref="PagesFor"/>.</param>
    /// <param name="progress">Told how many documents are in, after every batch.</param>
    /// <param name="cancel">Stops between two documents; no file is left.</param>
    /// <returns>The ledger of the new file.</returns>
    /// <exception cref="IOException">The disk refused; no file is left.</exception>
    public static ReplayLedger Write(string path, IEnumerable<(long Id, byte[] Bytes)> documents, ReplayLedger before, long expectedBytes, IProgress<long>? progress, CancellationToken cancel)
    {
        var ledger = before with { DocumentCount = 0, IdSum = 0, KeySum = 0 };
        try
        {
            File.Delete(path);
            if (expectedBytes > 0) DiskSpace.Reserve(path, expectedBytes);
            using (var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1 << 16))
            {
                using (var log = new MemoryStream())
                using (var database = new LiteDatabase(file, null, log))
                {
                    var collection = database.GetCollection(ReplayFile.Collection);
                    long bytes = 0;
                    database.BeginTrans();
                    foreach (var (id, content) in documents)
                    {
                        cancel.ThrowIfCancellationRequested();
                        if (id == ReplayLedger.Document) continue;
                        collection.Insert(ReplayFile.Document(id, content));
                        ledger = ledger.With(id, id);
                        if ((bytes += content.Length) < BatchBytes) continue;
                        Commit(database);
                        progress?.Report(ledger.DocumentCount);
                        bytes = 0;
                        database.BeginTrans();
                    }

                    collection.Insert(ReplayFile.Document(ReplayLedger.Document, ledger.ToBytes()));
                    Commit(database);
                }

                file.Flush(flushToDisk: true);
            }

            progress?.Report(ledger.DocumentCount);
            return ledger;
        }
        catch (Exception e)
        {
            File.Delete(path);
            if (e is LiteException) throw new IOException($"'{path}' could not be written: {e.Message}", e);
            throw;
        }

        static void Commit(LiteDatabase database)
        {
            database.Commit();
            database.Checkpoint();
        }
    }

    /// <summary>Most pages that so many bytes in one document take, its index node included.</summary>
    public static long PagesFor(long bytes) => 2 + bytes / BlockBytes;

    /// <summary>Room for a file of so many pages, those of the file itself included.</summary>
    public static long BytesFor(long pages) => (pages + 16) * PageBytes;
}
