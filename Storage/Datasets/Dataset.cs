namespace Edge.Storage;

/// <summary>A recorded data set with its splits.</summary>
public sealed record Dataset
{
    /// <summary>Its short name, or its name within the zip or folder.</summary>
    public required string Name { get; init; }

    /// <summary>What may be learned from; at least two classes.</summary>
    public required LabelledWindows Train { get; init; }

    /// <summary>The publisher's test split with the window shape and the names of <see cref="Train"/>; null where the source has no split.</summary>
    public LabelledWindows? Test { get; init; }

    /// <summary>What was done to the data on the way in (filled, padded, dropped, taken for something), one sentence each; empty when it is as recorded.</summary>
    public required IReadOnlyList<string> Notes { get; init; }
}
