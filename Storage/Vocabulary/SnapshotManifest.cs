namespace Edge.Storage;

/// <summary>The immutable description of one snapshot: what it was trained to tell apart, from what, and the hashes of its files.</summary>
public sealed record SnapshotManifest
{
    /// <summary>Version of this document.</summary>
    public int Schema { get; init; } = 1;

    /// <summary>Id of the snapshot, sortable by age: <c>s</c>, six digits, <c>-</c>, first eight hex digits of the model's SHA-256.</summary>
    public required string Id { get; init; }

    /// <summary>Id of the snapshot it was fine-tuned from; null for the first.</summary>
    public string? ParentId { get; init; }

    /// <summary>When it was accepted.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Class names in the order of the model's outputs.</summary>
    public required IReadOnlyList<string> Classes { get; init; }

    /// <summary>Windows it takes.</summary>
    public required WindowShape Window { get; init; }

    /// <summary>Length of its embedding.</summary>
    public required int EmbeddingLength { get; init; }

    /// <summary>The training round that made it; 0 for the first.</summary>
    public required int Round { get; init; }

    /// <summary>Accuracy on the anchor set when it was accepted, percent; null when there was none to measure.</summary>
    public double? AnchorAccuracy { get; init; }

    /// <summary>File name to SHA-256 (lower-case hex) of everything else in the snapshot's folder.</summary>
    public IReadOnlyDictionary<string, string> Files { get; init; } = new Dictionary<string, string>();
}
