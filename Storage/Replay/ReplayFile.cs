using LiteDB;

namespace Edge.Storage;

/// <summary>
/// The LiteDB file under the replay buffer: one collection, own ids, every document one byte array that carries its own version and checksum. A change is: transaction, commit, checkpoint.
/// Only when the checkpoint has returned is it durable (a commit alone is fsynced by accident; the first one after opening is not).
/// </summary>
internal sealed class ReplayFile : IDisposable
{
    private const string Payload = "d";
    private readonly string path;
    private LiteDatabase database;
    private ILiteCollection<BsonDocument> documents;

    public ReplayFile(string path)
    {
        this.path = path;
        (database, documents) = Open(path);
    }

    /// <summary>All documents in id order.</summary>
    public IEnumerable<(long Id, byte[] Bytes)> All()
    {
        foreach (var document in documents.FindAll())
            yield return (document["_id"].AsInt64, document[Payload].IsBinary ? document[Payload].AsBinary : []);
    }

    public byte[]? Find(long id)
    {
        var document = documents.FindById(id);
        return document is null || !document[Payload].IsBinary ? null : document[Payload].AsBinary;
    }

    /// <summary>Deletes, then inserts or replaces, then makes it durable; all of it or nothing.</summary>
    /// <exception cref="IOException">The disk refused. The file is as before and open again.</exception>
    public void Change(IEnumerable<long> deleted, IEnumerable<(long Id, byte[] Bytes)> written)
    {
        try
        {
            database.BeginTrans();
            foreach (long id in deleted) documents.Delete(id);
            foreach (var (id, bytes) in written)
            {
                var document = new BsonDocument { ["_id"] = id, [Payload] = bytes };
                if (!documents.Update(document)) documents.Insert(document);
            }

            database.Commit();
            database.Checkpoint();
        }
        catch (Exception e) when (e is LiteException or IOException or UnauthorizedAccessException)
        {
            Reopen(); // After a failed write the engine is dead until it is opened again.
            throw new IOException($"the replay buffer '{path}' could not be written: {e.Message} Free disk space or check the disk; the examples of this batch were not kept.", e);
        }
    }

    public void Dispose() => database.Dispose();

    private static (LiteDatabase, ILiteCollection<BsonDocument>) Open(string path)
    {
        var database = new LiteDatabase(new ConnectionString { Filename = path, Connection = ConnectionType.Direct });
        return (database, database.GetCollection("examples"));
    }

    private void Reopen()
    {
        try
        {
            database.Dispose();
        }
        catch (Exception e) when (e is LiteException or IOException)
        {
            // Disposing a dead engine tries one more checkpoint; the disk has already said no.
        }

        (database, documents) = Open(path);
    }
}
