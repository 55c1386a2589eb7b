using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Edge.Storage;

/// <summary>
/// Every window that may be trained on, decoded, as one tensor [count, values of a window] float32 in native memory; or every anchor, never both. The store is the truth: the cache is filled from it at start
/// and follows each of its changes after that change is on disk. A file under the tensor would write every payload to flash once more, for pages that the system keeps in memory anyway.
/// <para>
/// Threads: one writer (the store's thread) and any number of readers under one lock. A reader sees the store as it is between two changes, never half of one; while a minibatch is copied (some tens of
/// µs) a change waits, and the other way round. Windows of another length than <see cref="ValueCount"/> are not held.
/// </para>
/// </summary>
public sealed unsafe partial class WindowCache : IDisposable
{
    private const int FirstRows = 64, MostExpectedRows = 1 << 20, CacheLineBytes = 64, SystemPageBytes = 4096, WorthHugePages = 32 << 20; // Below, the processor's page tables hold it anyway, and what is rounded up would be felt.
    private const int HugePages = 14, Collapse = 25; // MADV_HUGEPAGE, MADV_COLLAPSE.
    private readonly Dictionary<ulong, int> rowOf = [];
    private readonly Dictionary<string, int> classOf = new(StringComparer.Ordinal);
    private readonly List<ClassRows> classes = [];
    private readonly bool takesFirstLength, anchors;
    private Example[] facts = []; // [rows] without samples.
    private int[] places = []; // [rows] place of the row within its class.
    private float* values;
    private long expectedBytes;

    /// <summary>An empty cache.</summary>
    /// <param name="valueCount">Values of a window, channels x length; null: those of the first window that comes.</param>
    /// <param name="anchors">Whether it holds the anchors, or what may be trained on.</param>
    internal WindowCache(int? valueCount, bool anchors) => (ValueCount, takesFirstLength, this.anchors) = (valueCount ?? 0, valueCount is null, anchors);

    /// <summary>The native memory of a cache that nobody closed.</summary>
    ~WindowCache() => Free();

    /// <summary>Values of a window; 0 before the first one came.</summary>
    public int ValueCount { get; private set; }

    /// <summary>Windows held.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes of native memory taken for windows.</summary>
    public long Bytes => (long)facts.Length * ValueCount * sizeof(float);

    /// <summary>Held while several calls must see one state.</summary>
    internal Lock Gate { get; } = new();

    /// <summary>Classes that have or had a window, in the order in which they came; a place here never changes its class.</summary>
    internal IReadOnlyList<ClassRows> Classes => classes;

    /// <summary>As much is about to come, in bytes of windows: room is taken for it in one piece. What is not written takes address space, and no memory but a few bytes a row.</summary>
    internal void Expect(long bytes)
    {
        lock (Gate) expectedBytes = bytes;
    }

    /// <summary>
    /// Copies rows, one after the other, and with every line of one asks memory for the same line of the next: a processor foresees the way through a row, not to another, and has room for few answers that are on their way,
    /// so that asking for a whole row at once makes it wait. Measured for 128 rows of 4.6 kB out of 92 MB: 55 µs row by row, 43 asking for whole rows, 28 like this, 17 in one piece.
    /// </summary>
    internal void CopyRows(ReadOnlySpan<int> rows, Span<float> target)
    {
        if ((long)rows.Length * ValueCount > target.Length) throw new ArgumentException($"{rows.Length} rows of {ValueCount} values do not fit into {target.Length}", nameof(target));
        fixed (float* first = target)
        {
            byte* to = (byte*)first;
            nint rowBytes = (nint)ValueCount * sizeof(float), lines = rowBytes & -CacheLineBytes;
            for (int i = 0; i < rows.Length; i++, to += rowBytes)
            {
                byte* from = (byte*)values + rows[i] * rowBytes, next = (byte*)values + rows[Math.Min(i + 1, rows.Length - 1)] * rowBytes;
                for (nint at = 0; at < lines; at += CacheLineBytes)
                {
                    if (Sse.IsSupported) Sse.Prefetch0(next + at);
                    Vector512.Load(from + at).Store(to + at);
                }

                Buffer.MemoryCopy(from + lines, to + lines, rowBytes - lines, rowBytes - lines);
            }
        }
    }

    /// <summary>What is known of a row, without its samples.</summary>
    internal Example FactsOf(int row) => facts[row];

    /// <summary>The example of this id with a copy of its samples; null when it is not held.</summary>
    internal Example? Find(ulong id)
    {
        lock (Gate) return rowOf.TryGetValue(id, out int row) ? facts[row] with { Samples = Row(row).ToArray() } : null;
    }

    /// <summary>Forgets everything, before the store is read anew.</summary>
    internal void Clear()
    {
        lock (Gate)
        {
            rowOf.Clear();
            foreach (var its in classes) its.Rows.Clear();
            Array.Clear(facts);
            Count = 0;
        }
    }

    /// <summary>Takes a window, or the new facts of one that it has; of another length or part, it is left out.</summary>
    internal void Put(Example example)
    {
        lock (Gate)
        {
            Remove(example.Id);
            bool belongs = anchors ? example.Role == ExampleRole.Anchor : example.Role is ExampleRole.Replay or ExampleRole.Fresh;
            if (belongs && takesFirstLength && Count == 0 && example.Samples.Length > 0) Resize(example.Samples.Length, facts.Length);
            if (!belongs || example.Samples.Length != ValueCount || ValueCount == 0) return;
            if (Count == facts.Length) Resize(ValueCount, (int)Math.Max(Math.Max(FirstRows, Count + Count / 2), Math.Min(expectedBytes / (ValueCount * sizeof(float)), MostExpectedRows)));
            int row = Count++;
            example.Samples.CopyTo(Row(row));
            facts[row] = example with { Samples = [] };
            rowOf[example.Id] = row;
            var its = RowsOf(example.Class);
            places[row] = its.Rows.Count;
            its.Rows.Add(row);
        }
    }

    /// <summary>Lets a window go; the last row takes its place.</summary>
    internal void Remove(ulong id)
    {
        lock (Gate)
        {
            if (!rowOf.Remove(id, out int row)) return;
            var its = RowsOf(facts[row].Class).Rows;
            its[places[row]] = its[^1];
            places[its[^1]] = places[row];
            its.RemoveAt(its.Count - 1);
            int last = --Count;
            if (row != last)
            {
                Row(last).CopyTo(Row(row));
                (facts[row], places[row]) = (facts[last], places[last]);
                rowOf[facts[row].Id] = row;
                RowsOf(facts[row].Class).Rows[places[row]] = row;
            }

            facts[last] = null!;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (Gate)
        {
            Clear();
            (facts, places) = ([], []);
            Free();
        }

        GC.SuppressFinalize(this);
    }

    private Span<float> Row(int row) => new(values + (nint)row * ValueCount, ValueCount);

    private ClassRows RowsOf(string name)
    {
        if (!classOf.TryGetValue(name, out int place))
        {
            classOf.Add(name, place = classes.Count);
            classes.Add(new ClassRows(name));
        }

        return classes[place];
    }

    private void Resize(int valueCount, int rows)
    {
        values = (float*)NativeMemory.Realloc(values, (nuint)rows * (nuint)valueCount * sizeof(float)); // The system moves the pages of a large block, it does not copy them.
        if (OperatingSystem.IsLinux() && (long)rows * valueCount * sizeof(float) >= WorthHugePages) AskForHugePages((long)rows * valueCount * sizeof(float), (long)Count * valueCount * sizeof(float));
        ValueCount = valueCount;
        Array.Resize(ref facts, rows);
        Array.Resize(ref places, rows);
    }

    /// <summary>
    /// Rows are taken at random: with pages of 4 KiB every one misses the processor's page tables. What is written from here on lies in pages of 2 MiB; what was written before has been split by the move, or was never in them, and
    /// is put together again (since Linux 6.1). A refusal costs time only.
    /// </summary>
    private void AskForHugePages(long bytes, long writtenBytes)
    {
        long skipped = -(nint)values & (SystemPageBytes - 1);
        byte* start = (byte*)values + skipped;
        _ = Advise(start, (nuint)(bytes - skipped), HugePages);
        if (writtenBytes > skipped) _ = Advise(start, (nuint)(writtenBytes - skipped), Collapse);
    }

    private void Free()
    {
        NativeMemory.Free(values);
        values = null;
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* address, nuint length, int advice);

    /// <summary>The rows of one class.</summary>
    internal sealed record ClassRows(string Name)
    {
        /// <summary>Rows of the tensor, in no order.</summary>
        public List<int> Rows { get; } = [];
    }
}
