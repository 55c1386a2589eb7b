using System.Runtime.InteropServices;

namespace Edge.Runtime.Inference;

/// <summary>
/// Frozen features of some labelled windows of every class, for whoever must know how those that are established are answered: at most 50 of a class, a uniform draw from all that came (Vitter 1985, "Random sampling with a
/// reservoir", algorithm R). In memory alone: six classes of 737 features take 0.9 MB, and a start draws anew from the replay buffer. Not thread-safe.
/// </summary>
/// <param name="seed">Seed of the draw.</param>
public sealed class RememberedFeatures(int seed)
{
    /// <summary>Most windows of a class.</summary>
    public const int PerClass = 50;

    private readonly Dictionary<string, (long Seen, List<int> Rows)> kept = new(StringComparer.Ordinal);
    private readonly List<string> classes = [];
    private readonly List<float> features = [];
    private Random random = new(seed);

    /// <summary>[m] class of each window.</summary>
    public IReadOnlyList<string> Classes => classes;

    /// <summary>[m, F] their features. Valid until the next call.</summary>
    public ReadOnlySpan<float> Features => CollectionsMarshal.AsSpan(features);

    /// <summary>Offers labelled windows; those without frozen features are not taken.</summary>
    public void Offer(EncodedWindows windows)
    {
        for (int i = 0; i < windows.Classes.Count; i++)
        {
            var row = windows.FrozenOf(i);
            if (row.IsEmpty) continue;
            string name = windows.Classes[i];
            var (seen, rows) = kept.GetValueOrDefault(name, (0, []));
            kept[name] = (++seen, rows);
            if (rows.Count < PerClass)
            {
                rows.Add(classes.Count);
                classes.Add(name);
                features.AddRange(row);
            }
            else if (random.NextInt64(seen) is var place && place < PerClass)
            {
                row.CopyTo(CollectionsMarshal.AsSpan(features).Slice(rows[(int)place] * row.Length, row.Length));
            }
        }
    }

    /// <summary>Forgets all: the features are other ones from here on.</summary>
    public void Clear()
    {
        kept.Clear();
        classes.Clear();
        features.Clear();
        random = new Random(seed);
    }
}
