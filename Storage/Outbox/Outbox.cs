namespace Edge.Storage;

/// <summary>
/// What must reach somebody far away and may have to wait for it over restarts: records by rising id, each until it is removed. One thread owns the file and writes in batches. An urgent record is written at once and its
/// task says when it is on disk; the others are written after <see cref="OutboxOptions.WriteDelay"/>, and one that is removed before never touches the disk. A disk that refuses is weather: records wait in memory and are
/// written when it takes them again. A damaged file is put aside, and what is whole of it goes into a new one. Thread-safe.
/// </summary>
public sealed partial class Outbox : IDisposable
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
    private bool isStopping, isFailing, isFound, isLast, isPrompt = true;
    private Put? probe;

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

    /// <summary>
    /// Whether the far end takes records at the moment; then urgent ones wait <see cref="OutboxOptions.Grace"/> for its word before they are written. Where its word takes longer, which one that waited in vain shows, they are written at
    /// once, until one that is watched for it comes in time again: a wait that ends with the write after all would only hold up who hands over one after the other.
    /// </summary>
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
            if (isUrgent && !isPrompt) probe ??= put;
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
            if (probe?.Id == id)
            {
                isPrompt = Environment.TickCount64 - probe.At <= (long)options.Grace.TotalMilliseconds;
                probe = null;
            }

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

    private void WakeBy(long due)
    {
        if (due < wakeAt) Monitor.PulseAll(gate);
    }

    /// <summary>Takes what no longer waits off the head; and from anywhere, when that is most of a long queue: behind a record that waits on while the disk refuses, every later one would stay, its content with it.</summary>
    private void Skip(Queue<Put> queue)
    {
        while (queue.TryPeek(out Put? put) && !puts.ContainsKey(put.Id)) queue.Dequeue();
        if (queue.Count <= 2 * puts.Count + MostAtOnce) return;
        Put[] waiting = [.. queue.Where(put => puts.TryGetValue(put.Id, out Put? current) && current == put)];
        queue.Clear();
        foreach (Put put in waiting) queue.Enqueue(put);
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
