namespace Edge.Trainer.Methods;

/// <summary>A memory with a fixed quota per class, each filled by reservoir sampling: the buffer of the TSCIL benchmark (5 % of every class), and of Vitter 1985, "Random Sampling with a Reservoir", algorithm R.</summary>
public sealed class QuotaMemory(int quota, int seed) : IReplayMemory
{
    private readonly SortedDictionary<int, (List<int> Kept, int Seen)> classes = [];
    private readonly HashSet<int> offered = [];
    private readonly Random random = new(seed);

    /// <inheritdoc/>
    public IReadOnlyList<int> Kept => [.. classes.Values.SelectMany(c => c.Kept).Order()];

    /// <inheritdoc/>
    public void Offer(int index, int classIndex)
    {
        if (!offered.Add(index)) return;
        var (kept, seen) = classes.GetValueOrDefault(classIndex, ([], 0));
        classes[classIndex] = (kept, ++seen);
        if (kept.Count < quota) kept.Add(index);
        else if (random.Next(seen) is var place && place < quota) kept[place] = index;
    }

    /// <inheritdoc/>
    public int[] Draw(int count) => BalancedDraw.From(classes.Values.Select(c => c.Kept), count, random);
}
