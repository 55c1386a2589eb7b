using System.Text;

namespace Edge.Storage;

/// <summary>
/// Chooses which examples of an endless stream are kept. What is chosen depends on the facts of the kept examples and on <see cref="Counters"/> only, so a restart at any point goes on exactly as if there had been none. While
/// there is room everything is kept, whatever the policy. Its life: the constructor; after a restart <see cref="Restore(ExampleFacts)"/> for each kept example in the order of ids, <see cref="Restore(RetentionCounters)"/> when the
/// state is readable, <see cref="Trim"/>; then <see cref="Offer(ExampleFacts)"/>. Counters of another policy give what all have in common (what was seen, the draws); the rest begins as if just what is kept had been seen. Not
/// thread-safe.
/// </summary>
public abstract class RetentionPolicy
{
    private readonly Dictionary<string, List<ulong>> kept = new(StringComparer.Ordinal); // Ids ascending.
    private readonly Dictionary<ulong, ExampleFacts> facts = [];
    private readonly Dictionary<string, long> seen = new(StringComparer.Ordinal);
    private ulong draws;

    /// <summary>A policy that keeps nothing yet.</summary>
    protected RetentionPolicy(RetentionBudget budget)
    {
        if (budget.Count < 1) throw new ArgumentOutOfRangeException(nameof(budget), budget, "a retention policy keeps at least 1 example");
        if (budget.PayloadBytes < 1) throw new ArgumentOutOfRangeException(nameof(budget), budget, "a retention policy keeps at least 1 byte");
        Budget = budget;
    }

    /// <summary>Which policy this is.</summary>
    public abstract RetentionKind Kind { get; }

    /// <summary>What may be kept.</summary>
    public RetentionBudget Budget { get; }

    /// <summary>Whether offers need a descriptor.</summary>
    public virtual bool TakesDescriptors => false;

    /// <summary>Examples kept now.</summary>
    public int Count => facts.Count;

    /// <summary>Bytes of the values kept now.</summary>
    public long PayloadBytes { get; private set; }

    /// <summary>Ids kept now, ascending, by class; a class of which nothing is left may be there with none.</summary>
    public IReadOnlyDictionary<string, List<ulong>> Kept => kept;

    /// <summary>Counters that a restart needs beside the kept examples.</summary>
    public RetentionCounters Counters
    {
        get
        {
            using var memory = new MemoryStream();
            using (var writer = new BinaryWriter(memory, Encoding.UTF8, leaveOpen: true)) WriteOwn(writer);
            return new RetentionCounters(Kind, draws, new Dictionary<string, long>(seen, StringComparer.Ordinal), memory.ToArray());
        }
    }

    /// <summary>The facts of all kept examples.</summary>
    protected IReadOnlyCollection<ExampleFacts> All => facts.Values;

    /// <summary>A policy by its kind.</summary>
    /// <param name="kind">Which.</param>
    /// <param name="budget">What may be kept.</param>
    /// <param name="seed">Seed of its draws.</param>
    /// <param name="stream">First of 16 streams of draws that are this policy's own.</param>
    /// <param name="segmentSeconds">Length of the shortest stretch of time that <see cref="SegmentedReservoir"/> tells apart, seconds.</param>
    public static RetentionPolicy Of(RetentionKind kind, RetentionBudget budget, int seed, uint stream, double segmentSeconds) => kind switch
    {
        RetentionKind.ClassBalanced => new ClassBalancedReservoir(budget, seed, stream),
        RetentionKind.Reservoir => new Reservoir(budget, seed, stream),
        RetentionKind.Ring => new ClassRing(budget),
        RetentionKind.Herding => new Herding(budget),
        RetentionKind.Segmented => new SegmentedReservoir(budget, seed, stream, segmentSeconds),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "no such retention policy"),
    };

    /// <summary>Whether this example is kept.</summary>
    public bool Holds(ulong id) => facts.ContainsKey(id);

    /// <summary>Offers one example, with an id above all before. One that is larger than all that may be kept is refused.</summary>
    public Admission Offer(ExampleFacts example)
    {
        seen[example.Class] = SeenOf(example.Class) + 1;
        Observe(example);
        if (example.PayloadBytes > Budget.PayloadBytes) return Admission.Refused;
        if (!HasRoomFor(example)) return Decide(example);
        Keep(example);
        return Admission.Free;
    }

    /// <summary>Puts an example back that was kept before a restart.</summary>
    public void Restore(ExampleFacts example)
    {
        seen[example.Class] = SeenOf(example.Class) + 1;
        Observe(example);
        Keep(example);
    }

    /// <summary>Puts the counters back after a restart, when all examples are back.</summary>
    public void Restore(RetentionCounters counters)
    {
        foreach (var (name, count) in counters.Seen) seen[name] = count;
        draws = counters.Draws;
        if (counters.Kind != Kind) return;
        using var reader = new BinaryReader(new MemoryStream(counters.Own), Encoding.UTF8);
        ReadOwn(reader);
    }

    /// <summary>Lets examples go until the rest fits the budget, which may have been lowered; returns their ids.</summary>
    public IReadOnlyList<ulong> Trim()
    {
        var gone = new List<ulong>();
        while (Count > Budget.Count || PayloadBytes > Budget.PayloadBytes) gone.Add(LetGo(NextToGo()));
        return gone;
    }

    /// <summary>Lets a class go, and every memory that it was there; returns the ids that were kept of it.</summary>
    public IReadOnlyList<ulong> Forget(string className)
    {
        IReadOnlyList<ulong> gone = [.. KeptOf(className)];
        foreach (ulong id in gone) LetGo(id);
        kept.Remove(className);
        seen.Remove(className);
        ForgetOwn(className);
        return gone;
    }

    /// <summary>Decides on an example that there is no room for.</summary>
    protected abstract Admission Decide(ExampleFacts example);

    /// <summary>The kept example that would be missed least, when the budget has been lowered.</summary>
    protected abstract ulong NextToGo();

    /// <summary>Writes what only this policy understands.</summary>
    protected abstract void WriteOwn(BinaryWriter writer);

    /// <summary>Reads it back, in place of what the restored examples alone have led to.</summary>
    protected abstract void ReadOwn(BinaryReader reader);

    /// <summary>Forgets what only this policy knows of a class.</summary>
    protected abstract void ForgetOwn(string className);

    /// <summary>Is told every example that is offered or restored, before the decision.</summary>
    protected virtual void Observe(ExampleFacts example)
    {
    }

    /// <summary>Is told every example that is kept from now on.</summary>
    protected virtual void OnKept(ExampleFacts example)
    {
    }

    /// <summary>Is told every example that is kept no longer.</summary>
    protected virtual void OnGone(ExampleFacts example)
    {
    }

    /// <summary>Examples of a class that were offered so far.</summary>
    protected long SeenOf(string className) => seen.GetValueOrDefault(className);

    /// <summary>Examples that were offered so far.</summary>
    protected long SeenCount() => seen.Values.Sum();

    /// <summary>Ids kept of a class, ascending.</summary>
    protected IReadOnlyList<ulong> KeptOf(string className) => kept.TryGetValue(className, out var ids) ? ids : [];

    /// <summary>The facts of a kept example.</summary>
    protected ExampleFacts FactsOf(ulong id) => facts[id];

    /// <summary>Whether one more fits as it is.</summary>
    protected bool HasRoomFor(ExampleFacts example) => Count < Budget.Count && PayloadBytes + example.PayloadBytes <= Budget.PayloadBytes;

    /// <summary>Keeps an example.</summary>
    protected void Keep(ExampleFacts example)
    {
        if (!facts.TryAdd(example.Id, example)) throw new ArgumentException($"example {example.Id} is kept already", nameof(example));
        if (!kept.TryGetValue(example.Class, out var ids)) kept.Add(example.Class, ids = []);
        ids.Insert(~ids.BinarySearch(example.Id), example.Id);
        PayloadBytes += example.PayloadBytes;
        OnKept(example);
    }

    /// <summary>Lets a kept example go; returns its id.</summary>
    protected ulong LetGo(ulong id)
    {
        facts.Remove(id, out var example);
        var ids = kept[example!.Class];
        ids.RemoveAt(ids.BinarySearch(id));
        PayloadBytes -= example.PayloadBytes;
        OnGone(example);
        return id;
    }

    /// <summary>Keeps the example in the place of as many as <paramref name="next"/> names, one after the other, until there is room.</summary>
    protected Admission KeepInPlaceOf(ExampleFacts example, Func<ulong> next)
    {
        var evicted = new List<ulong>(1);
        while (!HasRoomFor(example)) evicted.Add(LetGo(next()));
        Keep(example);
        return new Admission(true, evicted);
    }

    /// <summary>Keeps the example, then lets go what <paramref name="next"/> names until all fits. When that is the example itself, it is refused and nothing else goes.</summary>
    protected Admission KeepThenLetGo(ExampleFacts example, Func<ulong> next)
    {
        var evicted = new List<ExampleFacts>(1);
        Keep(example);
        while (Count > Budget.Count || PayloadBytes > Budget.PayloadBytes)
        {
            ulong id = next();
            if (id == example.Id)
            {
                LetGo(id);
                foreach (var other in evicted) Keep(other);
                return Admission.Refused;
            }

            evicted.Add(FactsOf(id));
            LetGo(id);
        }

        return new Admission(true, evicted.ConvertAll(other => other.Id));
    }

    /// <summary>The class of which most is kept; of equals the first by name.</summary>
    protected string Largest() => LargestBut("");

    /// <summary>The class that gives way so that one of <paramref name="arriving"/> can come: the one of which most is kept, the arriving one counted in. Of equals the arriving one's when it can give one, so that equal classes do not
    /// take turns; then the first by name.</summary>
    /// <param name="arriving">The class that one more comes of.</param>
    /// <param name="alreadyKept">Whether the arriving one is among the kept.</param>
    protected string GivingWay(string arriving, bool alreadyKept)
    {
        int own = KeptOf(arriving).Count + (alreadyKept ? 0 : 1);
        string largest = LargestBut(arriving);
        return own > 1 && own >= KeptOf(largest).Count ? arriving : largest;
    }

    /// <summary>A number in [0, 1) that no other draw of this policy gives.</summary>
    protected double Draw(int seed, uint stream) => SeededDraw.Unit(seed, stream, draws++);

    private string LargestBut(string excepted)
    {
        var (largest, most) = ("", 0);
        foreach (var (name, ids) in kept)
        {
            if (name != excepted && (ids.Count > most || (ids.Count == most && string.CompareOrdinal(name, largest) < 0))) (largest, most) = (name, ids.Count);
        }

        return largest;
    }
}
