namespace Edge.Storage;

/// <summary>
/// What must reach somebody far away and may have to wait for it over restarts: records by rising id, each until it is removed. One thread owns the file and writes in batches. An urgent record is written at once and its
/// task says when it is on disk; the others are written after <see cref="OutboxOptions.WriteDelay"/>, and one that is removed before never touches the disk. A disk that refuses is weather: records wait in memory and are
/// written when it takes them again. A damaged file is put aside, and what is whole of it goes into a new one. Thread-safe.
/// </summary>
public sealed class Outbox : IDisposable
{
    private const int MostAtOnce = 1000; // Records in one change: LiteDB holds its pages in memory.
    private readonly object gate = new();
    private readonly OutboxOptions options;
    private readonly IOutboxOwner owner;
    private readonly TimeProvider time;
    private readonly OutboxFile file;
    private readonly IdMark mark;
    private readonly Thread thread;
    private readonly ManualResetEventSlim opened = new();
    private readonly Dictionary<long, Put> puts = [];
    private readonly Queue<Put> urgent = new(), lazy = new();
    private readonly HashSet<long> removals = [];
    private readonly Queue<(IReadOnlyCollection<long> Ids, TaskCompletionSource<IReadOnlyDictionary<long, byte[]>> Done)> finds = new();
    private OutboxHealth health = new();
    private TimeSpan pause;
    private long removalsSince, retryAt, wakeAt;
    private bool isStopping, isFailing, isFound, isLast;

    private Outbox(OutboxOptions options, IOutboxOwner owner, TimeProvider time)
    {
        (this.options, this.owner, this.time) = (options, owner, time);
        string bare = System.IO.Path.Combine(System.IO.Path.GetDirectoryName(options.Path) ?? "", System.IO.Path.GetFileNameWithoutExtension(options.Path));
        file = new OutboxFile(options.Path, bare + "-log" + System.IO.Path.GetExtension(options.Path));
        mark = new IdMark(bare + ".ids");
        FirstId = (long)mark.Reserved + 1;
        thread = new Thread(Work) { Name = "outbox", IsBackground = true };
    }

    /// <summary>Smallest id that no record of an earlier life has.</summary>
    public long FirstId { get; private set; }

    /// <summary>Whether the far end takes records at the moment; then urgent ones wait <see cref="OutboxOptions.Grace"/> for its word before they are written.</summary>
    public bool IsReachable { get; set; }

    /// <summary>How it is doing.</summary>
    public OutboxHealth Health
    {
        get
        {
            lock (gate) return health;
        }
    }

    /// <summary>Opens an outbox, creating it when it is not there, and tells the owner what an earlier life left. Never fails for the disk: <see cref="Health"/> says what is wrong, and it is tried again.</summary>
    /// <param name="options">Where, and when it writes.</param>
    /// <param name="owner">Told of records.</param>
    /// <param name="time">The clock in the name of a file that is put aside.</param>
    public static Outbox Open(OutboxOptions options, IOutboxOwner owner, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(owner);
        ArgumentNullException.ThrowIfNull(time);
        var outbox = new Outbox(options, owner, time);
        outbox.thread.Start();
        outbox.opened.Wait();
        return outbox;
    }

    /// <summary>Adds a record.</summary>
    /// <param name="id">At least <see cref="FirstId"/>, above every id before.</param>
    /// <param name="record">Makes the bytes when they are written, on the outbox's thread.</param>
    /// <param name="isUrgent">Whether it is written at once.</param>
    /// <returns>Urgent: true when it is on disk or was removed, false when the disk refuses it for now (it will be tried again). Otherwise completed.</returns>
    public Task<bool> Add(long id, Func<byte[]> record, bool isUrgent)
    {
        lock (gate)
        {
            var put = new Put(id, record, Environment.TickCount64, isUrgent ? new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously) : null);
            puts.Add(id, put);
            (isUrgent ? urgent : lazy).Enqueue(put);
            if (isFailing || isStopping) put.Done?.TrySetResult(false);
            WakeBy(DueOf(put));
            return put.Done?.Task ?? Task.FromResult(true);
        }
    }

    /// <summary>The record has arrived, or is given up: it is forgotten.</summary>
    public void Remove(long id)
    {
        lock (gate)
        {
            if (puts.Remove(id, out Put? put))
            {
                put.Done?.TrySetResult(true);
                Skip(urgent);
                Skip(lazy);
                if (!put.IsOnItsWay) return;
            }

            if (removals.Count == 0) removalsSince = Environment.TickCount64;
            removals.Add(id);
            WakeBy(removalsSince + (long)options.RemoveDelay.TotalMilliseconds);
        }
    }

    /// <summary>Reads records back; those that are not in the file are left out.</summary>
    /// <exception cref="IOException">In the task: the disk refused.</exception>
    public Task<IReadOnlyDictionary<long, byte[]>> FindAsync(IReadOnlyCollection<long> ids)
    {
        var done = new TaskCompletionSource<IReadOnlyDictionary<long, byte[]>>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate)
        {
            finds.Enqueue((ids, done));
            if (isStopping) done.TrySetException(new IOException("the outbox is closed"));
            WakeBy(0);
        }

        return done.Task;
    }

    /// <summary>Writes what waits, urgent or not, and closes the file.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            if (isStopping) return;
            isStopping = true;
            Monitor.PulseAll(gate);
        }

        thread.Join();
        opened.Dispose();
    }

    private void Work()
    {
        Attempt(() => { });
        opened.Set();
        while (Wait() is { } batch)
        {
            Attempt(() => Execute(batch));
            foreach (var (ids, done) in batch.Finds)
            {
                try
                {
                    done.TrySetResult(Find(ids));
                }
                catch (Exception e) when (e is IOException)
                {
                    done.TrySetException(e);
                }
            }
        }

        file.Dispose();
    }

    /// <summary>Waits until there is something to do; null when it is over.</summary>
    private Batch? Wait()
    {
        lock (gate)
        {
            while (true)
            {
                long now = Environment.TickCount64;
                if (isStopping)
                {
                    if (puts.Count + removals.Count + finds.Count == 0 || (isFailing && isLast)) return null;
                    isLast = true;
                    return TakeAll(now);
                }

                long due = DueAt();
                if (due <= now) return TakeAll(now);
                wakeAt = due;
                Monitor.Wait(gate, due == long.MaxValue ? Timeout.Infinite : (int)Math.Min(due - now, 60_000));
            }
        }
    }

    private long DueAt()
    {
        if (finds.Count > 0) return 0;
        Skip(urgent);
        Skip(lazy);
        long due = removals.Count > 0 ? removalsSince + (long)options.RemoveDelay.TotalMilliseconds : long.MaxValue;
        if (urgent.TryPeek(out Put? put)) due = Math.Min(due, DueOf(put));
        if (lazy.TryPeek(out put)) due = Math.Min(due, DueOf(put));
        return !isFailing ? due : due == long.MaxValue && isFound ? due : retryAt;
    }

    private long DueOf(Put put) =>
        put.At + (long)(put.Done is null ? options.WriteDelay : IsReachable && !isFailing ? options.Grace : TimeSpan.Zero).TotalMilliseconds;

    /// <summary>Everything that is due; while the far end does not answer, or at the end, whatever waits goes with it.</summary>
    private Batch TakeAll(long now)
    {
        var wanted = finds.ToArray();
        finds.Clear();
        if (isFailing && !isStopping && now < retryAt) return new Batch([], [], wanted);
        bool everything = !IsReachable || isStopping;
        List<Put> due = [.. puts.Values.Where(put => everything || DueOf(put) <= now).OrderBy(put => put.Id).Take(MostAtOnce)];
        foreach (var put in due) put.IsOnItsWay = true;
        return new Batch(due, [.. removals], wanted);
    }

    private void Execute(Batch batch)
    {
        if (batch.Puts.Count + batch.Removals.Count == 0) return;
        if (batch.Puts.Count > 0)
        {
            LeaveRoom();
            mark.Reserve((ulong)batch.Puts[^1].Id);
        }

        file.Change(batch.Removals, [.. batch.Puts.Select(put => (put.Id, put.Record()))]);
        lock (gate)
        {
            foreach (var put in batch.Puts)
            {
                puts.Remove(put.Id);
                put.Done?.TrySetResult(true);
            }

            removals.ExceptWith(batch.Removals);
            removalsSince = Environment.TickCount64;
            health = health with { ChangeCount = health.ChangeCount + 1 };
        }

        if (batch.Puts.Count > 0) owner.Written([.. batch.Puts.Select(put => put.Id)]);
        file.Shrink(options.ShrinkBytes);
    }

    private Dictionary<long, byte[]> Find(IReadOnlyCollection<long> ids)
    {
        var waiting = new List<Put>();
        lock (gate)
        {
            foreach (long id in ids)
            {
                if (puts.TryGetValue(id, out Put? put)) waiting.Add(put);
            }
        }

        Dictionary<long, byte[]> found;
        try
        {
            found = file.Find(ids);
        }
        catch (DamagedFileException e)
        {
            var salvaged = BeginAnew(e.Message);
            found = ids.Where(salvaged.ContainsKey).ToDictionary(id => id, id => salvaged[id]);
        }

        foreach (var put in waiting) found.TryAdd(put.Id, put.Record());
        return found;
    }

    /// <summary>Does it, after what an earlier life left has been found; a refusal is noted, and a damaged file begun anew.</summary>
    private void Attempt(Action action)
    {
        try
        {
            try
            {
                FindFirst();
                action();
            }
            catch (DamagedFileException e)
            {
                BeginAnew(e.Message);
                FindFirst();
                action();
            }

            Note(null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Note(e.Message);
        }
    }

    private void FindFirst()
    {
        if (isFound) return;
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(options.Path))!);
        file.Read((id, _) => FirstId = Math.Max(FirstId, id + 1)); // To the end before anything is told; and again to tell, so that a long backlog is never in memory as a whole.
        file.Read((id, record) => owner.Found(id, record));
        isFound = true;
    }

    /// <summary>Puts the file aside. What is whole of it waits to be written again, and the owner is told of it, or of what is lost.</summary>
    private Dictionary<long, byte[]> BeginAnew(string why)
    {
        long[] before = [.. file.Ids];
        var (aside, salvaged) = file.PutAside(time.GetUtcNow());
        var whole = salvaged.ToDictionary(record => record.Id, record => record.Record);
        long[] lost = isFound ? [.. before.Where(id => !whole.ContainsKey(id))] : [];
        lock (gate)
        {
            health = health with
            {
                DamagedCount = health.DamagedCount + 1,
                LastDamage = $"'{options.Path}' was damaged ({why}) and is now '{aside}'; {salvaged.Count} records salvaged, {(isFound ? $"{lost.Length} lost" : "how many are lost is not known")}",
            };
            foreach (var (id, record) in salvaged)
            {
                if (removals.Contains(id) || puts.ContainsKey(id)) continue;
                var put = new Put(id, () => record, 0, null);
                puts.Add(id, put);
                lazy.Enqueue(put);
            }
        }

        foreach (var (id, record) in isFound ? [] : salvaged)
        {
            FirstId = Math.Max(FirstId, id + 1);
            owner.Found(id, record);
        }

        if (lost.Length > 0) owner.Lost(lost);
        owner.Damaged(Health.LastDamage!);
        return whole;
    }

    private void LeaveRoom()
    {
        long free = new DriveInfo(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(options.Path))!).AvailableFreeSpace;
        if (free < options.ReserveBytes) throw new IOException($"'{options.Path}' is not written to: {free} bytes are free, {options.ReserveBytes} are left to others.");
    }

    private void Note(string? problem)
    {
        bool isChanged;
        lock (gate)
        {
            isChanged = isFailing != problem is not null;
            isFailing = problem is not null;
            pause = !isFailing ? TimeSpan.Zero : pause == TimeSpan.Zero ? options.MaxPause / 100 : pause * 2 < options.MaxPause ? pause * 2 : options.MaxPause;
            retryAt = Environment.TickCount64 + (long)pause.TotalMilliseconds;
            if (isFailing)
            {
                foreach (var put in puts.Values) put.Done?.TrySetResult(false);
            }

            health = health with
            {
                Problem = problem,
                RefusedCount = health.RefusedCount + (isFailing ? 1 : 0),
                Count = file.Ids.Count,
                FileBytes = file.FileBytes,
                WrittenBytes = file.WrittenBytes,
            };
        }

        if (isChanged) owner.Changed(Health);
    }

    private void WakeBy(long due)
    {
        if (due < wakeAt) Monitor.PulseAll(gate);
    }

    private void Skip(Queue<Put> queue)
    {
        while (queue.TryPeek(out Put? put) && !puts.ContainsKey(put.Id)) queue.Dequeue();
    }

    private sealed class Put(long id, Func<byte[]> record, long at, TaskCompletionSource<bool>? done)
    {
        public long Id => id;

        public Func<byte[]> Record => record;

        /// <summary>Milliseconds of the system's uptime.</summary>
        public long At => at;

        /// <summary>Null: not urgent.</summary>
        public TaskCompletionSource<bool>? Done => done;

        /// <summary>Whether it may have reached the file.</summary>
        public bool IsOnItsWay { get; set; }
    }

    private sealed record Batch(
        IReadOnlyList<Put> Puts, IReadOnlyCollection<long> Removals,
        IReadOnlyList<(IReadOnlyCollection<long> Ids, TaskCompletionSource<IReadOnlyDictionary<long, byte[]>> Done)> Finds);
}
