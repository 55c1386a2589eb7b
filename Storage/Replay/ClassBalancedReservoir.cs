namespace Edge.Storage;

/// <summary>
/// Which examples of an endless stream are kept so that classes stay balanced: CBRS (Chrysakis and Moens 2020, Online Continual Learning from Imbalanced Data, algorithm 1). While there is
/// room everything is kept. Once full, an example of a class that has never been the largest replaces a random one of the largest class; an example of a class that has been replaces
/// a random one of its own class with probability (kept of the class / seen of the class), which keeps each class a uniform sample of what was seen of it.
/// </summary>
public sealed class ClassBalancedReservoir(int capacity, int seed, uint stream)
{
    private const uint AdmitStream = 0, EvictStream = 1;
    private readonly Dictionary<string, List<ulong>> kept = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> seen = new(StringComparer.Ordinal);
    private readonly HashSet<string> full = new(StringComparer.Ordinal);
    private ulong draws;

    /// <summary>Most examples kept.</summary>
    public int Capacity { get; } = capacity;

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
            if (Count == Capacity) full.Add(Largest());
            return new Admission(true, 0);
        }

        string victimClass = className;
        if (full.Contains(className))
        {
            double keepShare = kept[className].Count / (double)seen[className];
            if (SeededDraw.Unit(seed, stream + AdmitStream, draws++) >= keepShare) return new Admission(false, 0);
        }
        else
        {
            victimClass = Largest();
            full.Add(victimClass);
        }

        ulong evicted = RemoveRandom(victimClass);
        Add(className, id);
        full.Add(Largest());
        return new Admission(true, evicted);
    }

    /// <summary>Puts an example back that was kept before a restart.</summary>
    public void Restore(string className, ulong id) => Add(className, id);

    /// <summary>Puts the counters back after a restart.</summary>
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

    private void Add(string className, ulong id)
    {
        if (!kept.TryGetValue(className, out var ids)) kept.Add(className, ids = []);
        ids.Add(id);
        Count++;
    }

    private ulong RemoveRandom(string className)
    {
        var ids = kept[className];
        int index = SeededDraw.Index(seed, stream + EvictStream, draws++, ids.Count);
        ulong id = ids[index];
        ids[index] = ids[^1];
        ids.RemoveAt(ids.Count - 1);
        Count--;
        return id;
    }

    private string Largest() => kept.MaxBy(pair => pair.Value.Count).Key;
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
