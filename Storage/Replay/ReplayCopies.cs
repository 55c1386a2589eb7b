using System.Diagnostics;
using System.Globalization;

namespace Edge.Storage;

/// <summary>
/// Copies of the data file, numbered, the newest last. The copy is taken between two changes, when the data file holds all of the last one, by the kernel (shared blocks where the file system has them); checking, forcing to disk and renaming happen aside,
/// so that the store waits for the copying only. A copy takes its place when every record in it has its checksum and none is missing.
/// </summary>
internal sealed class ReplayCopies(ReplayPlaces places, int keepCount)
{
    private const string Pattern = "*.db", UnfinishedName = "unfinished";
    private long writtenBytes;

    /// <summary>The copies, oldest first.</summary>
    public IReadOnlyList<string> Files => Directory.Exists(places.Copies) ? [.. Directory.GetFiles(places.Copies, Pattern).Where(file => NumberOf(file) > 0).OrderBy(NumberOf)] : [];

    /// <summary>Bytes of the copies that were begun since the start; safe from any thread.</summary>
    public long WrittenBytes => Interlocked.Read(ref writtenBytes);

    /// <summary>When the newest was taken; null when there is none.</summary>
    public DateTimeOffset? Newest => Files is [.., var newest] ? File.GetLastWriteTimeUtc(newest) : null;

    /// <summary>A copy as an operator sees it; null when it has gone since it was listed: an older one goes, on another thread, when a newer one is there.</summary>
    public static ReplayCopy? Look(string path)
    {
        var file = new FileInfo(path);
        return file.Exists ? new ReplayCopy(file.Name, file.LastWriteTimeUtc, file.Length) : null; // Asked once: it does not look again.
    }

    /// <summary>Copies the file as it is now. To be called on the store's thread.</summary>
    /// <returns>How long the store stood still, and the rest of the work, which may run on any thread; it may throw as this does.</returns>
    /// <exception cref="IOException">The disk refused, or would have no more room left than one more such file; nothing is left.</exception>
    public (TimeSpan Stall, Action Finish) Begin(DateTimeOffset now)
    {
        string unfinished = Path.Combine(places.Copies, UnfinishedName);
        try
        {
            Directory.CreateDirectory(places.Copies);
            long start = Stopwatch.GetTimestamp(), bytes = new FileInfo(places.Data).Length, free = new DriveInfo(places.Folder).AvailableFreeSpace;
            if (free < 2 * bytes) throw new IOException($"a copy of the replay buffer '{places.Data}' was not made: it takes {bytes} bytes and must leave as many, {free} are free. Free disk space.");
            File.Copy(places.Data, unfinished, overwrite: true);
            Interlocked.Add(ref writtenBytes, bytes);
            return (Stopwatch.GetElapsedTime(start), () => Guarded(unfinished, () => Finish(unfinished, now)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            File.Delete(unfinished);
            throw e as IOException ?? new IOException(e.Message, e);
        }
    }

    /// <summary>Deletes all copies: they hold what must be forgotten.</summary>
    /// <exception cref="IOException">The disk refused.</exception>
    public void Clear()
    {
        if (!Directory.Exists(places.Copies)) return;
        Directory.Delete(places.Copies, recursive: true);
        DurableFile.SyncDirectory(places.Folder);
    }

    private static void Guarded(string unfinished, Action work)
    {
        try
        {
            work();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            File.Delete(unfinished);
            throw e as IOException ?? new IOException(e.Message, e);
        }
    }

    private void Finish(string unfinished, DateTimeOffset now)
    {
        if (FlawOf(unfinished) is { } flaw) throw new DamagedFileException($"a copy of the replay buffer was not kept, {flaw}. 'edge replay verify' says more.");
        File.SetLastWriteTimeUtc(unfinished, now.UtcDateTime);
        using (var file = new FileStream(unfinished, FileMode.Open, FileAccess.Write, FileShare.None, 0)) file.Flush(flushToDisk: true);
        var files = Files;
        int number = files is [.., var newest] ? NumberOf(newest) + 1 : 1;
        File.Move(unfinished, Path.Combine(places.Copies, string.Create(CultureInfo.InvariantCulture, $"{number:D6}.db")));
        DurableFile.SyncDirectory(places.Copies);
        DurableFile.SyncDirectory(places.Folder);
        foreach (string old in Files.SkipLast(keepCount)) File.Delete(old);
    }

    /// <summary>What is wrong with a data file that needs no journal; null when every record has its checksum and as many are there as its ledger says.</summary>
    public static string? FlawOf(string path)
    {
        using var scan = new PageScan(path, null);
        var counted = default(ReplayLedger);
        ReplayLedger? expected = null;
        foreach (var (key, bytes) in scan.Documents())
        {
            if (!Crc32C.IsLast(bytes)) return $"its record {key} is damaged";
            if (key == ReplayLedger.Document) expected = ReplayLedger.FromBytes(bytes);
            else counted = counted.With(ExampleRecord.IdOf(key, bytes) ?? key, key);
        }

        return expected is null ? "its ledger is missing" : expected.Value.DocumentCount == counted.DocumentCount && expected.Value.KeySum == counted.KeySum ? null : $"it holds {counted.DocumentCount} records instead of {expected.Value.DocumentCount}";
    }

    private static int NumberOf(string path) => int.TryParse(Path.GetFileNameWithoutExtension(path), NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : 0;
}
