namespace Edge.Runtime.Inference;

/// <summary>Labelled windows as a snapshot sees them.</summary>
/// <param name="embeddingLength">D.</param>
/// <param name="frozenLength">F; 0 without a frozen branch.</param>
public sealed class EncodedWindows(int embeddingLength, int frozenLength)
{
    private readonly List<string> classes = [];
    private readonly List<float> embeddings = [], frozen = [];

    /// <summary>[n] class of each window.</summary>
    public IReadOnlyList<string> Classes => classes;

    /// <summary>[n, D] embeddings of norm 1.</summary>
    public ReadOnlySpan<float> Embeddings => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(embeddings);

    /// <summary>[n, F] features of the frozen branch.</summary>
    public ReadOnlySpan<float> Frozen => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(frozen);

    /// <summary>Embedding of one window.</summary>
    public ReadOnlySpan<float> EmbeddingOf(int index) => Embeddings.Slice(index * embeddingLength, embeddingLength);

    /// <summary>Frozen features of one window.</summary>
    public ReadOnlySpan<float> FrozenOf(int index) => Frozen.Slice(index * frozenLength, frozenLength);

    /// <summary>The windows from an index on.</summary>
    public EncodedWindows From(int index)
    {
        var rest = new EncodedWindows(embeddingLength, frozenLength);
        for (int i = index; i < classes.Count; i++) rest.Add(classes[i], EmbeddingOf(i), FrozenOf(i));
        return rest;
    }

    /// <summary>Adds one window.</summary>
    public void Add(string className, ReadOnlySpan<float> embedding, ReadOnlySpan<float> features)
    {
        classes.Add(className);
        embeddings.AddRange(embedding);
        frozen.AddRange(features);
    }
}
