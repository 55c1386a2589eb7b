using Edge.Storage;

namespace Edge.Trainer.Methods;

/// <summary>What can be replayed in a round. New windows are offered right after the step that trained on them (inside the step), so that they meet the old ones.</summary>
public interface IReplayMemory
{
    /// <summary>Pool indices of what is kept, in ascending order.</summary>
    IReadOnlyList<int> Kept { get; }

    /// <summary>Offers a window.</summary>
    void Offer(int index, int classIndex);

    /// <summary>Up to <paramref name="count"/> different windows, as evenly over the classes as what is kept allows.</summary>
    int[] Draw(int count);
}

/// <summary>The memory of a round on the device: the replay samples that the store drew, and every new window from the step after its own. As large as the round.</summary>
public sealed class RoundMemory(int seed) : IReplayMemory
{
    private readonly ClassBalancedDraw draw = new(seed);
    private readonly SortedSet<int> kept = [];

    /// <inheritdoc/>
    public IReadOnlyList<int> Kept => [.. kept];

    /// <inheritdoc/>
    public void Offer(int index, int classIndex)
    {
        if (kept.Add(index)) draw.Offer(index, classIndex);
    }

    /// <inheritdoc/>
    public int[] Draw(int count) => [.. draw.Next(count)];
}

/// <summary>A memory of fixed size: the class-balanced reservoir of the store over pool indices. A window is offered once; what the reservoir lets go is not replayed any more.</summary>
public sealed class BoundedMemory(int capacity, int seed) : IReplayMemory
{
    private const uint Stream = 64;
    private readonly ClassBalancedReservoir reservoir = new(capacity, seed, Stream);
    private readonly HashSet<int> offered = [];
    private readonly Random random = new(seed);

    /// <inheritdoc/>
    public IReadOnlyList<int> Kept => [.. reservoir.Kept.Values.SelectMany(ids => ids).Select(id => (int)id - 1).Order()];

    /// <inheritdoc/>
    public void Offer(int index, int classIndex)
    {
        if (offered.Add(index)) reservoir.Offer(classIndex.ToString("D6", System.Globalization.CultureInfo.InvariantCulture), (ulong)index + 1);
    }

    /// <inheritdoc/>
    public int[] Draw(int count) =>
        BalancedDraw.From(reservoir.Kept.OrderBy(c => c.Key, StringComparer.Ordinal).Select(c => c.Value.ConvertAll(id => (int)id - 1)), count, random);
}
