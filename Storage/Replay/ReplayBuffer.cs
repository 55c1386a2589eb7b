namespace Edge.Storage;

/// <summary>
/// The memory of the device: labelled windows in a LiteDB file. Whole time blocks are held out as anchors when they are written; of the rest a retention policy chooses what is kept for replay, and
/// everything waits for the next training round. An example is acknowledged when <see cref="OfferAsync"/> completes: it is on disk then. All methods may be called from any thread; one
/// dedicated thread does the work.
/// </summary>
public sealed partial class ReplayBuffer : IDisposable
{
    private const int SettledAtOnce = 32, LetGoAtOnce = 256;
    private const long StateDocument = ReplayFile.StateDocument, PrototypesDocument = ReplayFile.PrototypesDocument;
    private const uint ReplayStream = 16, AnchorStream = 32;
    private ReplayBufferOptions options; // Belongs to the store's thread once it is open.
    private readonly HoldOut holdOut;
    private readonly StoreThread thread = new("replay buffer");
    private ReplayFile file = null!;
    private ReplayIndex index = null!;
    private volatile ReplayCounts counts = null!;
    private bool trims, stale, disposed, closed; // All but `disposed` belong to the store's thread.

    private ReplayBuffer(ReplayBufferOptions options)
    {
        this.options = options;
        holdOut = new HoldOut(options.Seed, options.AnchorShare, options.AnchorBlockSeconds, options.WindowSeconds);
        (Windows, anchors) = (new WindowCache(options.WindowValueCount, anchors: false), new WindowCache(options.WindowValueCount, anchors: true));
    }

    /// <summary>What the store holds now.</summary>
    public ReplayCounts Counts => counts;

    /// <summary>What classes are called in the file and outside it: everything that the store takes and gives has the names of now.</summary>
    public ClassNames Names => options.Names;

    /// <summary>Opens the store, creating it when it is not there. A file that cannot be read is renamed to <c>….bad-{time}</c> and restored from what is readable of it and from the newest copy; <see cref="Recovery"/> says so.</summary>
    /// <exception cref="IOException">Another process has it open, or the disk refused: no such folder, no room for a new file, a read error. The file is left as it is.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder or the file may not be written.</exception>
    public static ReplayBuffer Open(string path, ReplayBufferOptions options, TimeProvider time) => Open(path, options, time, ReplayAccess.Serve);

    /// <summary>Opens the store to serve, to maintain it, or to look at it.</summary>
    /// <param name="path">The LiteDB file.</param>
    /// <param name="options">Capacities.</param>
    /// <param name="time">Names what is put aside.</param>
    /// <param name="access">What for.</param>
    /// <param name="trims">When serving, whether what exceeds capacities that have become smaller is let go at once; false: not before <see cref="TrimAsync"/>, for whoever counts examples and has not counted all.</param>
    /// <exception cref="InvalidDataException">The file cannot be read, and this access does not restore it; the message says what does.</exception>
    /// <inheritdoc cref="Open(string, ReplayBufferOptions, TimeProvider)"/>
    public static ReplayBuffer Open(string path, ReplayBufferOptions options, TimeProvider time, ReplayAccess access, bool trims = true)
    {
        var buffer = new ReplayBuffer(options) { access = access, clock = time, trims = trims && access == ReplayAccess.Serve };
        try
        {
            buffer.thread.Post(() => buffer.Load(path)).GetAwaiter().GetResult();
            return buffer;
        }
        catch
        {
            buffer.Dispose();
            throw;
        }
    }

    /// <summary>Whether windows that start at this stream time are held out, because some part of them is in a held-out time block: decided by a hash of the block, before anything is known of its content. What is held out must reach
    /// neither training nor prototypes; an anchor is only what is in such blocks as a whole.</summary>
    public bool IsHeldOut(double startSeconds) => holdOut.Of(startSeconds) != HeldOut.Not;

    /// <summary>Makes a batch of examples durable, and with it, in the same transaction, the prototypes that count them in.</summary>
    /// <returns>The examples with their ids and roles, in the order given.</returns>
    /// <exception cref="IOException">The disk refused; none of the batch was kept, the store goes on.</exception>
    public Task<IReadOnlyList<Example>> OfferAsync(IReadOnlyList<Example> batch, PrototypeBank? prototypes) => Post<IReadOnlyList<Example>>(() => Offer(batch, prototypes));

    /// <summary>Draws what a round trains on: all fresh examples and the whole replay buffer, never an anchor.</summary>
    public Task<ReplayDraw> DrawAsync() => PostRead(() =>
    {
        var fresh = Read(index.FreshIds());
        var freshIds = fresh.Select(e => e.Id).ToHashSet();
        return new ReplayDraw(fresh, Read(index.ReplayIds().Where(id => !freshIds.Contains(id))), index.LastId);
    });

    /// <summary>The examples held out to judge snapshots.</summary>
    public Task<IReadOnlyList<Example>> AnchorsAsync() => PostRead<IReadOnlyList<Example>>(() => Read(index.AnchorIds()));

    /// <summary>Everything that may be trained on, with ids above <paramref name="afterId"/> and in their order: the replay buffer and what is fresh.</summary>
    public Task<IReadOnlyList<Example>> TrainableAsync(ulong afterId = 0) =>
        PostRead<IReadOnlyList<Example>>(() => Read(index.ReplayIds().Union(index.FreshIds()).Where(id => id > afterId).Order()));

    /// <summary>The newest example that could leave the store if as many more were offered: whoever counts examples and has not yet made the count durable through this one must do so before.</summary>
    public Task<ulong> LeavingThroughAsync(int offeredCount) => Post(() => index.OverflowThrough(offeredCount));

    /// <summary>Fits what the file holds into capacities that have become smaller since it was written, where <see cref="Open(string, ReplayBufferOptions, TimeProvider, ReplayAccess, bool)"/> was told not to. What may go is told by <see cref="LeavingThroughAsync"/> of 0.</summary>
    public Task TrimAsync() => Post(() =>
    {
        if (!trims) Trim();
        trims = true;
        return true;
    });

    /// <summary>From now on as much is kept as these options say; nothing is let go for it before <see cref="TrimAsync"/>. The picture in memory is made anew from the file, as at a start.</summary>
    /// <param name="capacities">Capacities; all else in them must be as it was.</param>
    /// <exception cref="IOException">The file cannot be read; as much is kept as before.</exception>
    public Task ResizeAsync(ReplayBufferOptions capacities) => Post(() =>
    {
        var (before, trimmed) = (options, trims);
        (options, trims) = (capacities, false);
        try
        {
            Index();
        }
        catch
        {
            (options, trims) = (before, trimmed);
            throw;
        }

        return true;
    });

    /// <summary>One example by id, whatever its role; null when it is not kept (any more) or its record is damaged.</summary>
    public Task<Example?> FindAsync(ulong id) => PostRead(() => Read([id]) is [var example] ? example : null);

    /// <summary>A round has used everything up to <paramref name="throughId"/>: what only waited for it is let go.</summary>
    public Task SettleAsync(ulong throughId) => Post(() =>
    {
        var gone = index.Settle(throughId);
        // A change is in memory until it is on disk, some pages for each example: several small ones. The first says that all of them have had their round, so a crash leaves nothing that a later start would take for more.
        byte[] state = index.StateBytes();
        foreach (ulong[] some in gone.Count > 0 ? gone.Chunk(SettledAtOnce) : [[]]) file.Change([.. some.Select(id => (long)id)], [(StateDocument, state)], settledThrough: index.SettledThrough);
        return true;
    });

    /// <summary>The prototypes as last made durable; null when there are none or they are damaged.</summary>
    public Task<PrototypeBank?> PrototypesAsync() => PostRead(() =>
    {
        if (file.Find(PrototypesDocument) is not { } bytes) return null;
        var bank = PrototypeBank.FromBytes(bytes)?.Under(Names);
        if (bank is null) NoteCorrupt(PrototypesDocument, bytes);
        return bank;
    });

    /// <summary>Makes prototypes durable without an example, after a new snapshot has re-encoded the buffer.</summary>
    public Task SavePrototypesAsync(PrototypeBank prototypes) => Post(() =>
    {
        file.Change([], [(PrototypesDocument, prototypes.ToBytes())]);
        return true;
    });

    /// <summary>Finishes what was asked for before and closes the file; what is asked for while it closes is refused with an <see cref="ObjectDisposedException"/>.</summary>
    public void Dispose()
    {
        if (disposed) return;
        disposed = true;
        copyTimer?.Dispose();
        thread.Post(() =>
        {
            closed = true; // What is asked for from now on would open the file again, without the lock.
            copying.Wait(); // A copy that was asked for before has begun by now; nobody else may have the store while it is made.
            file?.Dispose();
            held?.Dispose();
            Windows.Dispose();
            anchors.Dispose();
            return true;
        }).GetAwaiter().GetResult();
        thread.Dispose();
    }

    /// <summary>Makes the picture in memory from the file.</summary>
    private void Index()
    {
        var rebuilt = new ReplayIndex(options, ReplayStream, AnchorStream);
        byte[]? state = null;
        using var alone = BeginWindows();
        foreach (var (id, bytes) in file.All())
        {
            if (id == StateDocument) state = bytes;
            if (id <= 0) continue;
            if (ExampleRecord.Read(bytes, (ulong)id) is not { } example)
            {
                NoteCorrupt(id, bytes);
                continue;
            }

            rebuilt.Restore(example, bytes);
            Take(example);
        }

        if (!file.HasLedger && PageScan.FindsLedger(places)) throw new DamagedFileException($"'{places.Data}' hides its ledger: its index is damaged"); // And what else the same pointer hides, no count would tell.
        if (MayWrite) file.Crop();
        rebuilt.Restore(state, StateDocument);
        foreach (ulong id in rebuilt.WithoutPart) ForgetWindow(id);
        (index, stale) = (rebuilt, false);
        TakeStock(state);
        if (trims) Trim();
        counts = index.Counts();
    }

    private void Trim()
    {
        var (gone, onlyFresh) = index.Trim();
        if (gone.Count + onlyFresh.Count == 0) return;
        foreach (ulong id in gone) ForgetWindow(id);
        try
        {
            // Some at a time, as in SettleAsync: to let 19,900 windows of 4.6 kB go in one change took more than 256 MiB of managed memory, and where there was less LiteDB hung. A crash in between leaves more than fits, and the next start trims again.
            byte[] state = index.StateBytes();
            foreach (ulong[] some in gone.Chunk(LetGoAtOnce)) file.Change([.. some.Select(id => (long)id)], [(StateDocument, state)], settledThrough: index.SettledThrough);
            foreach (ulong[] some in onlyFresh.Chunk(LetGoAtOnce))
                file.Change([], [.. Records(some).Select(record => ((long)record.Example.Id, ExampleRecord.WithRole(record.Bytes, ExampleRole.Fresh))), (StateDocument, state)]);
        }
        catch (IOException e) when (e is not DamagedFileException)
        {
            // A full disk: they stay in the file, where the next start finds them and trims again.
        }
    }

    private List<Example> Offer(IReadOnlyList<Example> batch, PrototypeBank? prototypes, (long Id, byte[] Bytes)? along = null)
    {
        ulong storedThrough = index.LastId;
        var deleted = new HashSet<ulong>();
        var written = new Dictionary<ulong, byte[]>();
        var result = new List<Example>(batch.Count);
        foreach (var offered in batch.Select(Names.ToStored))
        {
            byte[] record = ExampleRecord.Write(offered with { Id = index.LastId + 1 }, options.Payload, options.ChannelsOf(offered.Samples.Length));
            var placed = index.Place(offered, record, holdOut.Of(offered.StartSeconds), out var evicted);
            if (placed.Role != ExampleRole.None) written[placed.Id] = ExampleRecord.WithRole(record, placed.Role);
            result.Add(placed);
            foreach (ulong id in evicted) LetGo(id);
            foreach (ulong id in index.OverflowingFresh()) Drop(id);
        }

        mark.Reserve(index.LastId);
        IEnumerable<(long, byte[])> own = along is { } more ? [(StateDocument, index.StateBytes()), more] : [(StateDocument, index.StateBytes())];
        Store(prototypes, [.. deleted.Select(id => (long)id)], [.. written.Select(pair => ((long)pair.Key, pair.Value)), .. own], batch);
        mark.NoteHeld();
        return result.ConvertAll(e => Names.FromStored(e) with { Role = written.TryGetValue(e.Id, out byte[]? record) ? ExampleRecord.RoleOf(record) : ExampleRole.None });

        // The policy let it go: it is deleted, unless it still waits for a round.
        void LetGo(ulong id)
        {
            if (!index.IsFresh(id)) Drop(id);
            else if ((written.GetValueOrDefault(id) ?? Records([id]).FirstOrDefault().Bytes) is { } record) written[id] = ExampleRecord.WithRole(record, ExampleRole.Fresh);
        }

        void Drop(ulong id)
        {
            written.Remove(id);
            if (id <= storedThrough) deleted.Add(id);
        }
    }

    /// <summary>The examples that are there and whole, from memory where it holds them.</summary>
    private List<Example> Read(IEnumerable<ulong> ids)
    {
        var examples = new List<Example>();
        foreach (ulong id in ids)
        {
            if ((Held(id) ?? Records([id]).FirstOrDefault().Example) is { } example) examples.Add(Names.FromStored(example));
        }

        return examples;
    }

    /// <summary>The records in the file that are there and whole; a damaged one is counted.</summary>
    private IEnumerable<(Example Example, byte[] Bytes)> Records(IEnumerable<ulong> ids)
    {
        foreach (ulong id in ids)
        {
            if (file.Find((long)id) is not { } bytes) continue;
            if (ExampleRecord.Read(bytes, id) is { } example) yield return (example, bytes);
            else NoteCorrupt((long)id, bytes);
        }
    }

    private void Store(PrototypeBank? prototypes, IReadOnlyCollection<long> deleted, IReadOnlyCollection<(long Id, byte[] Bytes)> written, IReadOnlyList<Example> batch)
    {
        long payloadBytes = batch.Sum(e => (long)e.Samples.Length * sizeof(float));
        if (prototypes is null)
        {
            file.Change(deleted, written, batch.Count, payloadBytes, index.SettledThrough);
            return;
        }

        ulong before = prototypes.ThroughExampleId;
        try
        {
            prototypes.ThroughExampleId = index.LastId;
            file.Change(deleted, [.. written, (PrototypesDocument, prototypes.ToBytes())], batch.Count, payloadBytes, index.SettledThrough);
        }
        catch
        {
            prototypes.ThroughExampleId = before;
            throw;
        }
    }

    /// <summary>Runs work that only reads. Damage that it meets is repaired, as at the opening, and then it reads again: else who opens a store and reads would meet the same damage at every start.</summary>
    private Task<T> PostRead<T>(Func<T> work) => Post(() =>
    {
        try
        {
            return work();
        }
        catch (DamagedFileException e) when (MayWrite)
        {
            Doubt(e);
            IndexOrRestore();
            return work();
        }
    });

    /// <summary>Runs work on the store's thread. When it fails, the file is as before, and the picture in memory is made anew from it before the next work.</summary>
    private Task<T> Post<T>(Func<T> work) => thread.Post(() =>
    {
        ObjectDisposedException.ThrowIf(closed, this);
        if (stale) IndexOrRestore();
        T result;
        try
        {
            result = work();
            (counts, wear) = (index.Counts(), WearOf(file.Ledger));
        }
        catch (Exception e)
        {
            Doubt(e);
            throw;
        }

        try
        {
            PutNotedAside();
        }
        catch (DamagedFileException e)
        {
            Doubt(e); // The work is done all the same, and durable.
        }

        return result;
    });

    /// <summary>After a failure the picture in memory is made anew, after damage the file is.</summary>
    private void Doubt(Exception e) => (stale, damage) = (true, e is DamagedFileException ? e.Message : damage);
}
