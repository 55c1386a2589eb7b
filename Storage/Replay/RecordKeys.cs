namespace Edge.Storage;

/// <summary>
/// Under which key (LiteDB's <c>_id</c>) each record of the data file lies. A new example takes over the document of one that leaves in the same change: the page is overwritten once, and neither index nor free lists change,
/// where a deletion and an insertion write two pages whole and bend pointers in others. Where more leave than come, some wait in the file as spares until new ones need their documents. So a key is the id of the first example that
/// lay there and of no other that is kept; which one lies there now is told by the record.
/// </summary>
internal sealed class RecordKeys
{
    /// <summary>Most bytes by which a record may differ from the one whose document it takes: names of classes differ, payloads do not. What is longer by no more stays on its page.</summary>
    private const int MostDifferenceBytes = 64;

    /// <summary>Most documents that wait for a new example: 2 MiB where each has a page of its own, as 9 x 128 float32 have.</summary>
    public const int MostSpares = 256;

    private readonly Dictionary<long, Entry> entries = [];
    private readonly HashSet<long> keys = [];
    private readonly List<long> unreadable = [];
    private readonly HashSet<long> spares = [];
    private long largestKey, readableIdSum;

    /// <summary>The documents counted by <see cref="Add"/>; ids that could not be read count as their keys.</summary>
    public ReplayLedger Counted { get; private set; }

    /// <summary>Where two documents claim one key or one record; null where none do.</summary>
    public string? Contradiction { get; private set; }

    /// <summary>Ids of examples that have left, and whose records are in the file until new ones take their documents. A start after a crash finds them as fresh ones that have had their round.</summary>
    public IReadOnlyCollection<long> Spares => spares;

    /// <summary>Whether a record with this id is kept in the file.</summary>
    public bool Contains(long id) => entries.ContainsKey(id) && !spares.Contains(id);

    /// <summary>The key of a record that is in the file.</summary>
    public long KeyOf(long id) => entries[id].Key;

    /// <summary>Notes a document of the file.</summary>
    /// <returns>The id that it goes by: its record's, or its key where the record cannot be read. Null: another has it already.</returns>
    public long? Add(long key, byte[] bytes)
    {
        long? read = ExampleRecord.IdOf(key, bytes);
        long id = read ?? key;
        if (!keys.Add(key) || !entries.TryAdd(id, EntryOf(key, bytes, id)))
        {
            Contradiction ??= $"shows record {id} twice";
            return null;
        }

        if (read is null) unreadable.Add(id);
        else readableIdSum = unchecked(readableIdSum + id);
        largestKey = Math.Max(largestKey, key);
        Counted = Counted.With(id, key);
        return id;
    }

    /// <summary>Those of the ids that are here are spares.</summary>
    public void AddSpares(IEnumerable<long> ids) => spares.UnionWith(ids.Where(entries.ContainsKey));

    /// <summary>Takes the sum of ids from the ledger: what it counts beyond the readable ones belongs to the others, and leaves it with them.</summary>
    public void Trust(ReplayLedger told)
    {
        long rest = unchecked(told.IdSum - readableIdSum);
        foreach (long id in unreadable) (entries[id], rest) = (entries[id] with { CountedId = rest }, 0);
    }

    /// <summary>Says what a change does to the file: what is written anew takes the document of what is deleted where the two are about as long, and a document of its own where not.</summary>
    /// <param name="deleted">Ids; those that are not in the file are left out.</param>
    /// <param name="written">Records by id, each once.</param>
    /// <param name="settledThrough">Fresh ones up to this id have had their round, by the state on disk after the change: those of the deleted may become spares.</param>
    public RecordChange Plan(IReadOnlyCollection<long> deleted, IReadOnlyCollection<(long Id, byte[] Bytes)> written, ulong settledThrough)
    {
        HashSet<long> kept = [.. written.Select(record => record.Id)];
        var leaving = deleted.Where(id => entries.ContainsKey(id) && !kept.Contains(id)).Distinct().ToLookup(MayWait);
        List<long> gone = [.. leaving[false]], waiting = [.. leaving[true]];
        var givers = new LinkedList<long>([.. gone.Where(id => id > 0 && !unreadable.Contains(id)), .. waiting, .. spares.Except(gone).Except(waiting)]);
        var replaced = new HashSet<long>();
        var placed = new List<RecordPlace>(written.Count);
        long newKey = largestKey;
        foreach (var (id, bytes) in written)
        {
            if (entries.TryGetValue(id, out var entry)) placed.Add(new RecordPlace(id, bytes, entry.Key, id));
            else if (id <= 0) placed.Add(new RecordPlace(id, bytes, id, null));
            else if (GiverTo(bytes) is { } giver)
            {
                givers.Remove(giver);
                replaced.Add(giver.Value);
                placed.Add(new RecordPlace(id, bytes, entries[giver.Value].Key, giver.Value));
            }
            else placed.Add(new RecordPlace(id, bytes, newKey = Math.Max(id, newKey + 1), null));
        }

        int room = MostSpares - spares.Count(id => !replaced.Contains(id));
        waiting.RemoveAll(id => replaced.Contains(id) || spares.Contains(id));
        return new RecordChange([.. gone.Where(id => !replaced.Contains(id)).Concat(waiting.Skip(room)).Select(id => (id, entries[id].Key))], [.. waiting.Take(room)], placed);

        bool MayWait(long id) => id > 0 && (ulong)id <= settledThrough && entries[id].IsFresh;

        LinkedListNode<long>? GiverTo(byte[] bytes)
        {
            var node = givers.First;
            while (node is not null && Math.Abs(entries[node.Value].Bytes - bytes.Length) > MostDifferenceBytes) node = node.Next;
            return node;
        }
    }

    /// <summary>The ledger after a change.</summary>
    public ReplayLedger Count(ReplayLedger before, RecordChange change)
    {
        foreach (var (id, key) in change.Deleted) before = before.Without(entries[id].CountedId, key);
        foreach (var place in change.Written)
        {
            if (place.Replaced is { } replaced) before = before.Without(entries[replaced].CountedId, place.Key);
            before = before.With(place.Id, place.Key);
        }

        return before;
    }

    /// <summary>The change is on disk.</summary>
    public void Follow(RecordChange change)
    {
        foreach (var (id, key) in change.Deleted)
        {
            entries.Remove(id);
            keys.Remove(key);
            unreadable.Remove(id);
            spares.Remove(id);
        }

        spares.UnionWith(change.Spared);
        foreach (var place in change.Written)
        {
            if (place.Replaced is { } replaced)
            {
                entries.Remove(replaced);
                unreadable.Remove(replaced);
                spares.Remove(replaced);
            }

            entries[place.Id] = EntryOf(place.Key, place.Bytes, place.Id);
            keys.Add(place.Key);
            largestKey = Math.Max(largestKey, place.Key);
        }
    }

    private static Entry EntryOf(long key, byte[] bytes, long id) => new(key, bytes.Length, id, id > 0 && bytes.Length > 1 && ExampleRecord.RoleOf(bytes) == ExampleRole.Fresh);

    /// <param name="Key">Key of the document.</param>
    /// <param name="Bytes">Length of the record.</param>
    /// <param name="CountedId">What the ledger counts for it in its sum of ids.</param>
    /// <param name="IsFresh">Whether the record says that the example only waits for a round.</param>
    private readonly record struct Entry(long Key, int Bytes, long CountedId, bool IsFresh);
}

/// <summary>What a change does to the documents of the file.</summary>
/// <param name="Deleted">Ids and keys of the documents that go.</param>
/// <param name="Spared">Ids of those that stay as spares.</param>
/// <param name="Written">Records, each with its document.</param>
internal sealed record RecordChange(IReadOnlyList<(long Id, long Key)> Deleted, IReadOnlyList<long> Spared, IReadOnlyList<RecordPlace> Written);

/// <summary>Where a record is written.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Bytes">The record.</param>
/// <param name="Key">Key of the document.</param>
/// <param name="Replaced">Id of the record whose document it is so far; its own where it is only rewritten; null: a new document.</param>
internal readonly record struct RecordPlace(long Id, byte[] Bytes, long Key, long? Replaced);
