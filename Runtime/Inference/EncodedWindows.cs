using System.Runtime.InteropServices;
using Edge.Storage;

namespace Edge.Runtime.Inference;

/// <summary>Labelled windows as a snapshot sees them.</summary>
/// <param name="embeddingLength">D.</param>
/// <param name="frozenLength">F; 0 without a frozen branch.</param>
public sealed class EncodedWindows(int embeddingLength, int frozenLength)
{
    private readonly List<string> classes = [];
    private readonly List<float> embeddings = [], frozen = [], copies = [];
    private double copyWeight;

    /// <summary>[n] class of each window.</summary>
    public IReadOnlyList<string> Classes => classes;

    /// <summary>[n, D] embeddings of norm 1.</summary>
    public ReadOnlySpan<float> Embeddings => CollectionsMarshal.AsSpan(embeddings);

    /// <summary>[n, F] features of the frozen branch.</summary>
    public ReadOnlySpan<float> Frozen => CollectionsMarshal.AsSpan(frozen);

    /// <summary>Embedding of one window.</summary>
    public ReadOnlySpan<float> EmbeddingOf(int index) => Embeddings.Slice(index * embeddingLength, embeddingLength);

    /// <summary>Frozen features of one window.</summary>
    public ReadOnlySpan<float> FrozenOf(int index) => Frozen.Slice(index * frozenLength, frozenLength);

    /// <summary>The windows from an index on.</summary>
    public EncodedWindows From(int index)
    {
        var rest = new EncodedWindows(embeddingLength, frozenLength);
        for (int i = index; i < classes.Count; i++) rest.Add(classes[i], EmbeddingOf(i), FrozenOf(i));
        if (copies.Count > 0) rest.SetCopies(CollectionsMarshal.AsSpan(copies)[(index * frozenLength)..], copyWeight);
        return rest;
    }

    /// <summary>Adds one window.</summary>
    public void Add(string className, ReadOnlySpan<float> embedding, ReadOnlySpan<float> features)
    {
        classes.Add(className);
        embeddings.AddRange(embedding);
        frozen.AddRange(features);
    }

    /// <summary>Gives every window an augmented copy.</summary>
    /// <param name="features">[n, F] features of the copies' frozen branch.</param>
    /// <param name="weight">What a copy weighs where a window weighs 1, above 0 to 1.</param>
    public void SetCopies(ReadOnlySpan<float> features, double weight)
    {
        if (features.Length != frozen.Count) throw new ArgumentException($"expected {frozen.Count} features, a copy for each window, not {features.Length}", nameof(features));
        copies.Clear();
        copies.AddRange(features);
        copyWeight = weight;
    }

    /// <summary>Counts the windows' frozen features in, and those of their copies.</summary>
    public void CountInto(ClassStatistics statistics)
    {
        if (classes.Count == 0) return;
        statistics.Add(classes, Frozen);
        if (copies.Count > 0) statistics.AddCopies(classes, CollectionsMarshal.AsSpan(copies), copyWeight);
    }
}
