namespace Edge.Storage;

/// <summary>Keeping the store whole: opening, restoring, putting damaged records aside, copying.</summary>
public sealed partial class ReplayBuffer
{
    private readonly HashSet<long> bad = [];
    private readonly List<(long Id, byte[] Bytes, string Reason)> noted = [];
    private readonly List<long> putAside = []; // In quarantine, and still in the file.
    private ReplayAccess access;
    private TimeProvider clock = TimeProvider.System;
    private ReplayPlaces places = null!;
    private IdMark mark = null!;
    private QuarantineLog quarantine = null!;
    private ReplayCopies copies = null!;
    private IDisposable? held;
    private ITimer? copyTimer;
    private Task copying = Task.CompletedTask;
    private volatile ReplayWear wear = new(0, 0, 0);
    private string? damage;
    private long copiedChange, copyFailureCount;
    private TimeSpan lastStall;

    /// <summary>Where the damaged file was put when the store had to be restored or begun anew; null when it had not.</summary>
    public string? QuarantinedTo => Recovery?.PutAside;

    /// <summary>What was made of a damaged file, the latest time; null when none was.</summary>
    public ReplayRecovery? Recovery { get; private set; }

    /// <summary>What the store has cost over its life.</summary>
    public ReplayWear Wear => wear;

    /// <summary>Bytes of the copies that were made since the start; where the file system shares blocks it wrote fewer.</summary>
    public long CopiedBytes => copies.WrittenBytes;

    /// <summary>Copies that could not be made since the start.</summary>
    public long CopyFailureCount => Interlocked.Read(ref copyFailureCount);

    /// <summary>A damaged file was restored while the store was open; on the store's thread. What happens at the opening is in <see cref="Recovery"/>.</summary>
    public event Action<ReplayRecovery>? Restored;

    /// <summary>The copy that is being made, to its end however it ends.</summary>
    internal Task Copying => copying;

    private bool MayWrite => access is ReplayAccess.Serve or ReplayAccess.Maintain;

    /// <summary>Whether there is a store at <paramref name="path"/>, or the beginning of one that only needs to be opened.</summary>
    public static bool IsAt(string path) => File.Exists(path) || File.Exists(new ReplayPlaces(path).Ready);

    /// <summary>The newest copy of the store at <paramref name="path"/>; null when there is none.</summary>
    public static string? NewestCopyOf(string path) => new ReplayCopies(new ReplayPlaces(path), 1).Files is [.., var newest] ? newest : null;

    /// <summary>Copies the data file now.</summary>
    /// <exception cref="IOException">The disk refused, has no room for it, or the file is damaged; no copy was made.</exception>
    public async Task CopyAsync()
    {
        var finished = await Post(() => BeginCopy(waits: true)!);
        await finished;
    }

    private bool Load(string path)
    {
        places = new ReplayPlaces(path);
        if (access != ReplayAccess.LookAtCopy) held = ReplayLock.Take(places);
        (mark, quarantine, copies) = (new IdMark(places.Ids), new QuarantineLog(places.Quarantine), new ReplayCopies(places, Math.Max(1, options.CopyCount)));
        if (MayWrite) ReplayRestore.FinishInterrupted(places, clock.GetUtcNow());
        damage = MayWrite ? Vanished() : ReplayFile.CutOffAt(path);
        file = new ReplayFile(path, !MayWrite);
        IndexOrRestore();
        if (MayWrite && index.LastId > 0) mark.NoteHeld();
        wear = WearOf(file.Ledger);
        BeginCopies();
        return true;
    }

    /// <summary>How it shows that the data file is gone, or shorter than a page, though it held something; null where it may never have held anything: a start that was killed before its first change has reserved ids and no more.</summary>
    private string? Vanished()
    {
        long length = File.Exists(places.Data) ? new FileInfo(places.Data).Length : -1;
        if (length >= ReplayFile.PageBytes || (copies.Newest is null && !mark.HasHeld && mark.Reserved <= IdMark.BlockCount)) return null;
        return $"{(length < 0 ? "it is not there" : $"it has {length} bytes")}, though {(copies.Newest is null ? $"up to {mark.Reserved} ids have been given" : "there is a copy of it")}";
    }

    private void IndexOrRestore()
    {
        if (damage is { } told)
        {
            Restore(told);
            return;
        }

        try
        {
            Index();
        }
        catch (Exception e) when (ReplayFile.IsDamage(e))
        {
            Restore(e is DamagedFileException ? e.Message : $"LiteDB cannot read it: {e.Message.TrimEnd('.')}");
        }
    }

    private void Restore(string reason)
    {
        if (!MayWrite) throw new InvalidDataException($"the replay buffer '{places.Data}' is damaged: {reason}. 'edge replay verify' says what can be read; 'edge replay compact', or the next start of the service, restores it.");
        file.Dispose();
        copying.Wait(); // When it is over it deletes the oldest copy, which may be the one that is read here.
        copiedChange = -1; // Changes are counted anew.
        Recovery = ReplayRestore.Run(places, reason, mark, (long)options.Capacity + options.AnchorCapacity + options.FreshCapacity + RecordKeys.MostSpares, clock.GetUtcNow());
        damage = null;
        file = new ReplayFile(places.Data);
        noted.Clear();
        putAside.Clear();
        Index();
        index.ContinueAfter(mark.Reserved);
        if (index.LastId > 0) TryChange([]);
        counts = index.Counts();
        Restored?.Invoke(Recovery);
    }

    /// <summary>What the file does not tell is taken from elsewhere, and what was found damaged is put aside.</summary>
    private void TakeStock(byte[]? state)
    {
        if (state is null ? index.LastId > 0 : !Crc32C.IsLast(state) || mark.Reserved > index.LastId + IdMark.BlockCount)
        {
            index.ContinueAfter(mark.Reserved);
            if (state is not null && !Crc32C.IsLast(state)) NoteCorrupt(StateDocument, state);
        }

        foreach (long id in bad) index.CountCorrupt(id);
        PutNotedAside();
        stale = false; // The picture has been made without them.
    }

    private void NoteCorrupt(long id, byte[] bytes)
    {
        index?.CountCorrupt(id);
        if (bad.Add(id)) noted.Add((id, bytes, bytes.Length == 0 ? "no bytes" : !Crc32C.IsLast(bytes) ? "checksum" : "version or layout"));
    }

    private void PutNotedAside()
    {
        if (noted.Count + putAside.Count == 0 || !MayWrite) return;
        try
        {
            if (noted.Count > 0) quarantine.Add(noted, clock.GetUtcNow());
            putAside.AddRange(noted.Select(record => record.Id));
            noted.Clear(); // Once is enough, also where the disk has no room for the change that follows.
            if (!TryChange([.. putAside.Where(id => id != StateDocument)])) return;
            stale = putAside.Any(id => id > 0);
            putAside.Clear();
        }
        catch (Exception e) when (e is UnauthorizedAccessException or (IOException and not DamagedFileException))
        {
            // A full disk, or a quarantine that may not be touched: they stay in the file and are skipped.
        }
    }

    private bool TryChange(IReadOnlyCollection<long> deleted)
    {
        try
        {
            file.Change(deleted, [(StateDocument, index.StateBytes())]);
            return true;
        }
        catch (IOException e) when (e is not DamagedFileException)
        {
            return false; // A full disk: the next start finds the same and tries again.
        }
    }

    private void BeginCopies()
    {
        if (access != ReplayAccess.Serve || options.CopyCount < 1) return;
        var now = clock.GetUtcNow();
        var age = copies.Newest is { } newest && newest <= now ? now - newest : options.CopyInterval;
        copiedChange = copies.Newest is null ? -1 : 0; // What an earlier run changed after its last copy is copied with the first change of this one.
        copyTimer = clock.CreateTimer(_ => CopyInTime(), null, age >= options.CopyInterval ? TimeSpan.Zero : options.CopyInterval - age, options.CopyInterval);
    }

    private void CopyInTime()
    {
        try
        {
            _ = Post(() => BeginCopy(waits: false));
        }
        catch (InvalidOperationException)
        {
            // The store has been closed meanwhile.
        }
    }

    private Task? BeginCopy(bool waits)
    {
        if (!waits && (file.ChangeCount == copiedChange || !copying.IsCompleted || index.LastId == 0)) return null;
        try
        {
            if (waits) copying.Wait();
            var (stall, finish) = copies.Begin(clock.GetUtcNow());
            long change = file.ChangeCount;
            lastStall = stall;
            var work = Task.Run(finish);
            copying = work.ContinueWith(done => Copied(done, change), TaskScheduler.Default);
            return work;
        }
        catch (IOException) when (!waits)
        {
            Interlocked.Increment(ref copyFailureCount);
            return null;
        }
    }

    private void Copied(Task work, long change)
    {
        if (work.Exception is null) copiedChange = change;
        else Interlocked.Increment(ref copyFailureCount);
    }

}
