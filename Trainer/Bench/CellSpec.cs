namespace Edge.Trainer.Bench;

/// <summary>How a recorded data set becomes a stream to learn from.</summary>
public enum Protocol
{
    /// <summary>Class-incremental, two classes per step, several passes over each (Qiao et al. 2024, TSCIL); the seed gives the order of the classes.</summary>
    Tscil,

    /// <summary>One pass, task-free: classes come and go with blurred boundaries.</summary>
    Online,

    /// <summary>The same classes from one domain after the other: recorded ones where the data set has them, else faults of the sensor.</summary>
    Domain,

    /// <summary>A class never seen, told by a few labelled windows, without training.</summary>
    FewShot,
}

/// <summary>What a method may build on.</summary>
public enum Track
{
    /// <summary>Any features: the frozen branch takes part where a method has one.</summary>
    Open,

    /// <summary>The trained backbone alone, the same for all methods.</summary>
    SameBackbone,
}

/// <summary>One cell of a results table: everything that its figures depend on.</summary>
public sealed record CellSpec
{
    /// <summary>The data set, as <c>--data</c> names it.</summary>
    public required string Data { get; init; }

    /// <summary>The stream.</summary>
    public required Protocol Protocol { get; init; }

    /// <summary>Name in the method catalogue, with settings that differ from the defaults as <c>name:key=value,key=value</c>.</summary>
    public required string Method { get; init; }

    /// <summary>Gives the order of the classes, the weights, the batches: all chance there is.</summary>
    public required int Seed { get; init; }

    /// <summary>Passes over each step of the stream; 1 in the online protocol.</summary>
    public required int Epochs { get; init; }

    /// <summary>Share of the training windows that may be remembered, 0 to 1; anchors included where a method keeps any. Two windows of every class are remembered whatever the share.</summary>
    public required double BufferShare { get; init; }

    /// <summary>What it may build on.</summary>
    public required Track Track { get; init; }

    /// <summary>True: trained on a part of the training split and judged on held-out subjects of it, for choosing between settings; the test split is not read.</summary>
    public bool Validation { get; init; }
}
