namespace Edge.Storage;

/// <summary>What an operator does with the store: look, compact, forget, import.</summary>
public sealed partial class ReplayBuffer
{
    private HeldRows? known; // For an import.

    /// <summary>What the store holds, takes on the disk and has cost.</summary>
    public Task<ReplayStats> StatsAsync() => Post(() =>
    {
        uint pages, emptyPages;
        long recordBytes = 0;
        using (var scan = new PageScan(places.Data, access == ReplayAccess.LookAtCopy ? null : places.Log))
        {
            foreach (var (_, bytes) in scan.Documents()) recordBytes += bytes.Length;
            (pages, emptyPages) = (scan.PageCount, scan.EmptyPageCount);
        }

        var files = access == ReplayAccess.LookAtCopy ? [] : copies.Files;
        return new ReplayStats
        {
            Counts = index.Counts(),
            DataBytes = new FileInfo(places.Data).Length,
            LogBytes = File.Exists(places.Log) ? new FileInfo(places.Log).Length : 0,
            RecordBytes = recordBytes,
            PageCount = pages,
            EmptyPageCount = emptyPages,
            QuarantinedCount = quarantine.Count,
            Wear = WearOf(file.Ledger),
            Copies = [.. files.Select(ReplayCopies.Look).OfType<ReplayCopy>()],
            CopyFailureCount = Interlocked.Read(ref copyFailureCount),
            LastCopyStall = lastStall,
            PutAside = places.PutAside,
        };
    });

    /// <summary>Every example without its samples, in the order of the ids.</summary>
    public Task<IReadOnlyList<Example>> ListAsync() => Post<IReadOnlyList<Example>>(() =>
    {
        var listed = new List<Example>();
        foreach (var (example, _) in Kept()) listed.Add(example with { Samples = [] });
        listed.Sort((one, other) => one.Id.CompareTo(other.Id));
        return listed;
    });

    /// <summary>Examples by id, in the order given; those that are not kept or damaged are left out.</summary>
    public Task<IReadOnlyList<Example>> ReadAsync(IReadOnlyCollection<ulong> ids) => Post<IReadOnlyList<Example>>(() => Read(ids));

    /// <summary>
    /// Writes what is kept into a new file and puts it in the place of the old one: what was deleted is not in it. A crash at any moment leaves the old file or the new one, whole.
    /// </summary>
    /// <param name="progress">Told how many records are written.</param>
    /// <param name="cancel">Stops it; the old file stands.</param>
    /// <exception cref="IOException">The disk refused; the old file stands.</exception>
    public Task<ReplayCompaction> CompactAsync(IProgress<long>? progress, CancellationToken cancel) => Post(() =>
    {
        long start = clock.GetTimestamp(), before = new FileInfo(places.Data).Length, pages = 0, count = 0;
        HashSet<long> withoutPart = [.. index.WithoutPart.Select(id => (long)id)];
        var kept = file.All().Where(record => !withoutPart.Contains(record.Id));
        foreach (var (_, bytes) in kept) (pages, count) = (pages + ReplayRewriter.PagesFor(bytes.Length), count + 1);
        ReplayRewriter.Write(places.Unfinished, kept, file.Ledger, ReplayRewriter.BytesFor(pages), progress, cancel);
        if (ReplayCopies.FlawOf(places.Unfinished) is { } flaw)
        {
            File.Delete(places.Unfinished);
            throw new IOException($"the compacted file was not used, {flaw}; the old one stands. Check the disk.");
        }

        file.Dispose();
        if (File.Exists(places.Log))
        {
            if (new FileInfo(places.Log).Length > 0) throw new IOException($"'{places.Log}' still holds changes; the old file stands. Try again.");
            File.Delete(places.Log);
        }

        DurableFile.Rename(places.Unfinished, places.Data);
        file = new ReplayFile(places.Data);
        Index();
        return new ReplayCompaction(count, before, new FileInfo(places.Data).Length, clock.GetElapsedTime(start));
    });

    /// <summary>
    /// Lets a class go: first every copy, so that nothing can bring it back; then its examples of every role, its counters and its prototype, in one change; then the bytes of quarantined records, which cannot be told apart by
    /// class. After <see cref="CompactAsync"/> no byte of its examples is in the data file either. It may be called again after a crash.
    /// </summary>
    /// <param name="className">The class, by its name now or an earlier one; what lies under either goes.</param>
    /// <returns>Examples that were let go.</returns>
    /// <exception cref="IOException">The disk refused; what was not forgotten yet is still there; the copies may be gone.</exception>
    public Task<int> ForgetAsync(string className) => Post(() =>
    {
        var (theirs, names) = (new List<ulong>(), Names.AllStored(className));
        foreach (var (id, bytes) in file.All())
        {
            if (id > 0 && ExampleRecord.Read(bytes, (ulong)id) is { } example && names.Contains(example.Class)) theirs.Add(example.Id);
        }

        foreach (string name in names) index.Forget(name, theirs);
        known = null;
        List<(long, byte[])> written = [(StateDocument, index.StateBytes())];
        if (file.Find(PrototypesDocument) is { } stored && PrototypeBank.FromBytes(stored) ?.Under(Names) is { } bank && bank.Remove(className)) written.Add((PrototypesDocument, bank.ToBytes()));
        copying.Wait();
        copies.Clear(); // Before the change: were it the other way round, a crash between the two and damage after it would bring the class back.
        file.Change([.. theirs.Select(id => (long)id), .. file.Spares], written); // Of whatever class these are.
        quarantine.DropBytes();
        return theirs.Count;
    });

    /// <summary>How many rows of a file have been imported before; 0: it is new here.</summary>
    /// <param name="source">Identity of the file's content.</param>
    public Task<long> ImportedAsync(string source) => Post(() => ReadImports().RowsOf(source));

    /// <summary>
    /// Makes a batch of imported rows durable and, in the same transaction, how far the import has come: after a crash it goes on with the next row, and no row counts twice. What is held already (same class, start and samples)
    /// is left out. The prototypes are deleted, for they do not count these: the next start of the service makes them anew.
    /// </summary>
    /// <param name="batch">The rows.</param>
    /// <param name="source">Identity of the file's content.</param>
    /// <param name="throughRow">Rows of the file that are done with this batch.</param>
    /// <param name="hasStarts">Whether the rows have starts of their own; false: they were given new ones, and what is held is told without them.</param>
    /// <returns>Rows taken, and rows that were there already.</returns>
    /// <exception cref="IOException">The disk refused; none of the batch was kept.</exception>
    public Task<ImportedBatch> ImportAsync(IReadOnlyList<Example> batch, string source, long throughRow, bool hasStarts = true) => Post(() =>
    {
        try
        {
            if (known?.HasStarts != hasStarts) known = Known(hasStarts);
            var fresh = batch.Where(known.Take).ToList();
            if (file.Find(PrototypesDocument) is not null) file.Change([PrototypesDocument], [(StateDocument, index.StateBytes())]);
            var stored = Offer(fresh, null, (ReplayFile.ImportsDocument, ReadImports().With(source, throughRow).ToBytes()));
            return new ImportedBatch(fresh.Count, batch.Count - fresh.Count, stored.Count(e => e.Role != ExampleRole.None));
        }
        catch
        {
            known = null; // It has taken in rows that the store has not.
            throw;
        }
    });

    private HeldRows Known(bool hasStarts)
    {
        var held = new HeldRows(options, hasStarts);
        foreach (var (example, record) in Kept()) held.Add(example, record);
        return held;
    }

    /// <summary>The examples in the file that have a part, in the order of the file.</summary>
    private IEnumerable<(Example Example, byte[] Record)> Kept()
    {
        HashSet<ulong> withoutPart = [.. index.WithoutPart];
        foreach (var (id, bytes) in file.All())
        {
            if (id > 0 && !withoutPart.Contains((ulong)id) && ExampleRecord.Read(bytes, (ulong)id) is { } example) yield return (Names.FromStored(example), bytes);
        }
    }

    private ReplayImports ReadImports() => ReplayImports.FromBytes(file.Find(ReplayFile.ImportsDocument));

    private static ReplayWear WearOf(ReplayLedger ledger) => new(ledger.WrittenBytes, ledger.PayloadBytes, ledger.ExampleCount);
}
