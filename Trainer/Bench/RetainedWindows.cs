using System.Globalization;
using Edge.Storage;
using Edge.Trainer.Methods;

namespace Edge.Trainer.Bench;

/// <summary>A memory of fixed size that keeps what one of the store's retention policies keeps; drawn from as evenly over the classes as it allows.</summary>
/// <param name="kind">Which policy.</param>
/// <param name="windows">What an index stands for: class and, for herding, the window's descriptor.</param>
/// <param name="capacity">Windows in all.</param>
/// <param name="seed">Of the policy's draws and of what is replayed.</param>
internal sealed class RetainedWindows(RetentionKind kind, LabelledWindows windows, int capacity, int seed) : IReplayMemory
{
    private const uint Stream = 64;
    private const double SegmentSeconds = 256; // A window counts as a second: a segment is a round of the one-pass protocol.
    private readonly RetentionPolicy policy = RetentionPolicy.Of(kind, new RetentionBudget(capacity), seed, Stream, SegmentSeconds);
    private readonly Random random = new(seed);
    private readonly HashSet<int> offered = [];
    private readonly List<int> indices = []; // By id less 1.

    /// <inheritdoc/>
    public IReadOnlyList<int> Kept => [.. policy.Kept.Values.SelectMany(ids => ids).Select(Index).Order()];

    /// <inheritdoc/>
    public void Offer(int index, int classIndex)
    {
        if (!offered.Add(index)) return;
        indices.Add(index);
        ulong id = (ulong)indices.Count; // Says when it came.
        int size = windows.Window.ValueCount;
        float[] descriptor = policy.TakesDescriptors ? WindowDescriptor.Of(windows.Values.AsSpan(index * size, size), windows.Window.ChannelCount) : [];
        policy.Offer(new ExampleFacts(id, classIndex.ToString("D6", CultureInfo.InvariantCulture), StartSeconds: id, Descriptor: descriptor));
    }

    /// <inheritdoc/>
    public int[] Draw(int count) => BalancedDraw.From(policy.Kept.OrderBy(c => c.Key, StringComparer.Ordinal).Select(c => c.Value.ConvertAll(Index)), count, random);

    private int Index(ulong id) => indices[(int)id - 1];
}
