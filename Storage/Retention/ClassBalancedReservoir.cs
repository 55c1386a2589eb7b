namespace Edge.Storage;

/// <summary>
/// Which examples of an endless stream are kept so that classes stay balanced: CBRS (Chrysakis and Moens 2020, Online Continual Learning from Imbalanced Data, algorithm 1). While there is
/// room everything is kept. Once full, an example of a class that has never been the largest replaces a random one of the largest class; an example of a class that has been replaces
/// a random one of its own class with probability (kept of the class / seen of the class), which keeps each class a uniform sample of what was seen of it. Where the paper is silent: equally large
/// classes are all the largest and the first by name gives way, and a class of which nothing is kept (any more) is treated as new. Uniform as long as examples are equally large in bytes, or bytes do not bind.
/// </summary>
public sealed class ClassBalancedReservoir(RetentionBudget budget, int seed, uint stream) : RetentionPolicy(budget)
{
    private const uint AdmitStream = 0, EvictStream = 1;
    private readonly SortedSet<string> full = new(StringComparer.Ordinal);

    /// <summary>A reservoir whose examples are counted, not weighed.</summary>
    public ClassBalancedReservoir(int capacity, int seed, uint stream)
        : this(new RetentionBudget(capacity), seed, stream)
    {
    }

    /// <inheritdoc/>
    public override RetentionKind Kind => RetentionKind.ClassBalanced;

    /// <summary>Offers one example of which only class and id matter.</summary>
    public Admission Offer(string className, ulong id) => Offer(new ExampleFacts(id, className));

    /// <inheritdoc/>
    protected override Admission Decide(ExampleFacts example)
    {
        int most = KeptOf(Largest()).Count;
        foreach (var (name, theirs) in Kept)
        {
            if (theirs.Count == most) full.Add(name);
        }

        int own = KeptOf(example.Class).Count;
        if (!full.Contains(example.Class) || own == 0) return KeepInPlaceOf(example, NextToGo);
        if (Draw(seed, stream + AdmitStream) >= own / (double)SeenOf(example.Class)) return Admission.Refused;
        return KeepInPlaceOf(example, () => KeptOf(example.Class).Count > 0 ? RandomOf(example.Class) : NextToGo());
    }

    /// <inheritdoc/>
    protected override ulong NextToGo() => RandomOf(Largest());

    /// <summary>Count i32, then the names of the classes that have been the largest in a full reservoir.</summary>
    protected override void WriteOwn(BinaryWriter writer)
    {
        writer.Write(full.Count);
        foreach (string name in full) writer.Write(name);
    }

    /// <inheritdoc/>
    protected override void ReadOwn(BinaryReader reader)
    {
        full.Clear();
        for (int left = reader.ReadInt32(); left > 0; left--) full.Add(reader.ReadString());
    }

    /// <inheritdoc/>
    protected override void ForgetOwn(string className) => full.Remove(className);

    private ulong RandomOf(string className)
    {
        var ids = KeptOf(className);
        return ids[(int)(Draw(seed, stream + EvictStream) * ids.Count)];
    }
}
