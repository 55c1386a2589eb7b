namespace Edge.Storage;

/// <summary>
/// Which examples of an endless stream are kept so that classes stay balanced: CBRS (Chrysakis and Moens 2020, Online Continual Learning from Imbalanced Data, algorithm 1). While there is
/// room everything is kept. Once full, an example of a class that has never been the largest replaces a random one of the largest class; an example of a class that has been replaces
/// a random one of its own class with probability (kept of the class / seen of the class), which keeps each class a uniform sample of what was seen of it. Where the paper is silent: equally large
/// classes are all the largest and the first by name gives way, and a class of which nothing is kept (any more) is treated as new. What is chosen depends on the ids kept and the counters only,
/// so a restart goes on exactly as if there had been none.
/// </summary>
public sealed class ClassBalancedReservoir(int capacity, int seed, uint stream)
{
    private const uint AdmitStream = 0, EvictStream = 1;
    private readonly Dictionary<string, List<ulong>> kept = new(StringComparer.Ordinal); // Ids ascending.
    private readonly Dictionary<string, long> seen = new(StringComparer.Ordinal);
    private readonly HashSet<string> full = new(StringComparer.Ordinal);
    private ulong draws;

    /// <summary>Most examples kept, at least 1.</summary>
    public int Capacity { get; } = capacity > 0 ? capacity : throw new ArgumentOutOfRangeException(nameof(capacity), capacity, "a reservoir keeps at least 1");

    /// <summary>Examples kept now.</summary>
    public int Count { get; private set; }

    /// <summary>Ids kept now, by class.</summary>
    public IReadOnlyDictionary<string, List<ulong>> Kept => kept;

    /// <summary>Counters that a restart needs beside the kept ids.</summary>
    public ReservoirCounters Counters => new(new Dictionary<string, long>(seen, StringComparer.Ordinal), [.. full.Order(StringComparer.Ordinal)], draws);

    /// <summary>Offers one example; says whether it was admitted and which one had to go for it (0: none).</summary>
    public Admission Offer(string className, ulong id)
    {
        seen[className] = seen.GetValueOrDefault(className) + 1;
        if (Count < Capacity)
        {
            Add(className, id);
            return new Admission(true, 0);
        }

        string victimClass = Largest();
        foreach (var (name, theirs) in kept)
        {
            if (theirs.Count == kept[victimClass].Count) full.Add(name);
        }

        if (full.Contains(className) && kept.GetValueOrDefault(className) is { Count: > 0 } ids)
        {
            victimClass = className;
            double keepShare = ids.Count / (double)seen[className];
            if (SeededDraw.Unit(seed, stream + AdmitStream, draws++) >= keepShare) return new Admission(false, 0);
        }

        ulong evicted = RemoveRandom(victimClass);
        Add(className, id);
        return new Admission(true, evicted);
    }

    /// <summary>Puts an example back that was kept before a restart. Without the counters the reservoir goes on as if it had seen just what is put back.</summary>
    public void Restore(string className, ulong id)
    {
        seen[className] = seen.GetValueOrDefault(className) + 1;
        Add(className, id);
    }

    /// <summary>Puts the counters back after a restart, when all examples are back.</summary>
    public void Restore(ReservoirCounters counters)
    {
        foreach (var (name, count) in counters.Seen) seen[name] = count;
        foreach (string name in counters.Full) full.Add(name);
        draws = counters.Draws;
    }

    /// <summary>Lets the largest classes go until no more than the capacity is kept (the capacity was lowered); returns the ids that had to go.</summary>
    public IReadOnlyList<ulong> Trim()
    {
        var gone = new List<ulong>();
        while (Count > Capacity) gone.Add(RemoveRandom(Largest()));
        return gone;
    }

    /// <summary>Lets a class go with all that was counted of it, as if it had never come; returns the ids that were kept.</summary>
    public IReadOnlyList<ulong> Forget(string className)
    {
        seen.Remove(className);
        full.Remove(className);
        if (!kept.Remove(className, out var ids)) return [];
        Count -= ids.Count;
        return ids;
    }

    private void Add(string className, ulong id)
    {
        if (!kept.TryGetValue(className, out var ids)) kept.Add(className, ids = []);
        int place = ids.BinarySearch(id);
        ids.Insert(place < 0 ? ~place : throw new ArgumentException($"example {id} is kept already", nameof(id)), id);
        Count++;
    }

    private ulong RemoveRandom(string className)
    {
        var ids = kept[className];
        int index = SeededDraw.Index(seed, stream + EvictStream, draws++, ids.Count);
        ulong id = ids[index];
        ids.RemoveAt(index);
        Count--;
        return id;
    }

    private string Largest()
    {
        var (largest, most) = ("", 0);
        foreach (var (name, ids) in kept)
        {
            if (ids.Count > most || (ids.Count == most && string.CompareOrdinal(name, largest) < 0)) (largest, most) = (name, ids.Count);
        }

        return largest;
    }
}

/// <summary>Outcome of an offer.</summary>
/// <param name="Admitted">Whether the example is kept.</param>
/// <param name="EvictedId">The example that had to go for it; 0: none.</param>
public readonly record struct Admission(bool Admitted, ulong EvictedId);

/// <summary>What a reservoir must remember beside the kept ids.</summary>
/// <param name="Seen">Examples offered so far, by class.</param>
/// <param name="Full">Classes that have been the largest in a full reservoir.</param>
/// <param name="Draws">Random draws taken so far.</param>
public sealed record ReservoirCounters(IReadOnlyDictionary<string, long> Seen, IReadOnlyList<string> Full, ulong Draws);
