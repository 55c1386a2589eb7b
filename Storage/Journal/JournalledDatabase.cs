using LiteDB;

namespace Edge.Storage;

/// <summary>
/// A LiteDB database whose checkpoints are atomic and on disk when they return. LiteDB's own log is held in memory: on disk it forces every page by itself, has no checksums, and applies a part of a
/// transaction after a power cut (issue 2935 of its project).
/// </summary>
internal sealed class JournalledDatabase : IDisposable
{
    private readonly JournalledFile file;

    private JournalledDatabase(JournalledFile file, LiteDatabase database) => (this.file, Database) = (file, database);

    /// <summary>The database. A change is durable when its checkpoint has returned, and not before.</summary>
    public LiteDatabase Database { get; }

    /// <summary>Bytes written to both files since they were opened.</summary>
    public long WrittenBytes => file.WrittenBytes;

    /// <summary>Opens the file, creating it when it is not there.</summary>
    /// <param name="path">The data file.</param>
    /// <param name="journalPath">The journal, under the name of LiteDB's log: a log that LiteDB itself left is taken in first, to look only in memory.</param>
    /// <param name="isReadOnly">Nothing is written, and neither file is made.</param>
    public static JournalledDatabase Open(string path, string journalPath, bool isReadOnly)
    {
        var log = new MemoryLog();
        if (PageJournal.IsForeign(journalPath))
        {
            if (isReadOnly) log.Take(journalPath);
            else TakeIn(path);
        }

        var file = new JournalledFile(path, journalPath, isReadOnly);
        try
        {
            return new JournalledDatabase(file, new LiteDatabase(file, null, log));
        }
        catch
        {
            file.Abandon();
            file.Dispose();
            throw;
        }
    }

    /// <summary>Lets LiteDB finish what its own log holds.</summary>
    private static void TakeIn(string path)
    {
        using var own = new LiteDatabase(new ConnectionString { Filename = path, Connection = ConnectionType.Direct });
        own.Checkpoint();
    }

    /// <summary>Closes after a change that failed: nothing of it reaches the file.</summary>
    public void Abandon()
    {
        file.Abandon();
        Dispose();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        var left = LeftTransactions.Of(Database);
        try
        {
            Database.Dispose();
        }
        finally
        {
            LeftTransactions.Silence(left);
            file.Dispose();
        }
    }
}
