namespace Edge.Storage;

/// <summary>How a minibatch is spread over the classes.</summary>
public enum MinibatchBalance
{
    /// <summary>Every window is as likely as any other.</summary>
    Uniform = 0,

    /// <summary>Every class gives as many windows as any other, as far as it has them; which class gives one more is drawn.</summary>
    ByClass = 1,
}

/// <summary>
/// Draws minibatches from a <see cref="WindowCache"/>, without the store's file and, after the first draw, without managed memory. No batch has a window twice. A draw is a function of the seed, its
/// number and the order of the cache's rows, which at start is that of the ids. For one thread; the cache may change between two draws, and a change waits for a draw.
/// </summary>
/// <param name="cache">Where the windows are.</param>
/// <param name="classes">The classes that are drawn; a label is the index here. What is of another class stays out.</param>
/// <param name="balance">How a batch is spread over them.</param>
/// <param name="seed">Of all draws.</param>
public sealed class MinibatchSampler(WindowCache cache, IReadOnlyList<string> classes, MinibatchBalance balance, int seed)
{
    private const uint Stream = 96;
    private const int MostAttempts = 64;
    private readonly List<(int Label, List<int> Rows)> drawn = []; // The cache's classes that are in `classes`.
    private int[] order = [], quota = [], chosen = []; // [drawn], [drawn], [rows of a draw]
    private int[] markOf = []; // [rows] the last draw that has it.
    private int knownClasses, mark;
    private ulong counter;

    /// <summary>Draws a minibatch.</summary>
    /// <param name="windows">Gets [drawn, values of a window] float32; has room for them.</param>
    /// <param name="labels">Gets the index of each window's class in the list of classes; its length is the number of windows wanted.</param>
    /// <param name="ids">Gets the example of each; empty: not wanted.</param>
    /// <returns>Windows drawn: as many as wanted, or all there are.</returns>
    public int Draw(Span<float> windows, Span<int> labels, Span<ulong> ids = default)
    {
        lock (cache.Gate)
        {
            Learn();
            int available = 0;
            foreach (var (_, rows) in drawn) available += rows.Count;
            int wanted = Math.Min(labels.Length, available);
            if (windows.Length < (long)wanted * cache.ValueCount || (!ids.IsEmpty && ids.Length < wanted))
                throw new ArgumentException($"{wanted} windows of {cache.ValueCount} values do not fit into {windows.Length} values and {ids.Length} ids", nameof(windows));
            if (balance == MinibatchBalance.Uniform) ShareUniformly(wanted, available);
            else ShareByClass(wanted);
            if (chosen.Length < wanted) chosen = new int[wanted];
            for (int i = 0, n = 0; i < drawn.Count; i++)
            {
                var (label, rows) = drawn[i];
                for (int taken = 0; taken < quota[i]; taken++, n++)
                {
                    chosen[n] = Unmarked(rows);
                    labels[n] = label;
                }
            }

            cache.CopyRows(chosen.AsSpan(0, wanted), windows);
            for (int n = 0; n < ids.Length && n < wanted; n++) ids[n] = cache.FactsOf(chosen[n]).Id;
            return wanted;
        }
    }

    /// <summary>Takes note of classes and rows that came since the last draw, and begins a new one.</summary>
    private void Learn()
    {
        for (; knownClasses < cache.Classes.Count; knownClasses++)
        {
            var its = cache.Classes[knownClasses];
            for (int label = 0; label < classes.Count; label++)
            {
                if (string.Equals(classes[label], its.Name, StringComparison.Ordinal)) drawn.Add((label, its.Rows));
            }
        }

        if (quota.Length < drawn.Count) (quota, order) = (new int[drawn.Count], [.. Enumerable.Range(0, drawn.Count)]);
        if (markOf.Length < cache.Count) Array.Resize(ref markOf, cache.Count + cache.Count / 2);
        if (mark == int.MaxValue)
        {
            Array.Clear(markOf);
            mark = 0;
        }

        mark++;
        Array.Clear(quota);
    }

    /// <summary>One window after the other, each class as likely as it has windows left: the same as drawing from all of them.</summary>
    private void ShareUniformly(int wanted, int available)
    {
        for (; wanted > 0; wanted--, available--)
        {
            int place = Next(available), i = 0;
            for (; place >= drawn[i].Rows.Count - quota[i]; i++) place -= drawn[i].Rows.Count - quota[i];
            quota[i]++;
        }
    }

    /// <summary>Classes take turns, in an order of this draw.</summary>
    private void ShareByClass(int wanted)
    {
        for (int i = order.Length - 1; i > 0; i--)
        {
            int other = Next(i + 1);
            (order[i], order[other]) = (order[other], order[i]);
        }

        while (wanted > 0)
        {
            foreach (int i in order)
            {
                if (wanted == 0 || quota[i] == drawn[i].Rows.Count) continue;
                quota[i]++;
                wanted--;
            }
        }
    }

    /// <summary>A row that this draw does not have yet. Where almost all are taken, the next one after a random place: every row is as likely still, since nothing tells a place of the circle from another.</summary>
    private int Unmarked(List<int> rows)
    {
        int at = Next(rows.Count);
        for (int attempt = 1; markOf[rows[at]] == mark && attempt < MostAttempts; attempt++) at = Next(rows.Count);
        while (markOf[rows[at]] == mark) at = (at + 1) % rows.Count;
        markOf[rows[at]] = mark;
        return rows[at];
    }

    private int Next(int count) => SeededDraw.Index(seed, Stream, counter++, count);
}
