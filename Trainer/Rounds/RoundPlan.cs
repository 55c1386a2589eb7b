using Edge.Config;
using Edge.Storage;

namespace Edge.Trainer.Rounds;

/// <summary>What a round is to do.</summary>
public enum RoundKind
{
    /// <summary>Make the first snapshot: a seeded random backbone, no samples.</summary>
    Initial,

    /// <summary>Fine-tune the parent on the drawn samples.</summary>
    FineTune,
}

/// <summary>The order of a training round, <c>plan.json</c> in its folder. With the files beside it, it is everything the round depends on.</summary>
public sealed record RoundPlan
{
    /// <summary>Version of this document.</summary>
    public int Schema { get; init; } = 1;

    /// <summary>Number of the round, from 1; 0 for the first snapshot.</summary>
    public required int Round { get; init; }

    /// <summary>What to do.</summary>
    public required RoundKind Kind { get; init; }

    /// <summary>Id of the snapshot whose checkpoint is <c>parent.checkpoint</c>; null for the first.</summary>
    public string? ParentId { get; init; }

    /// <summary>Class names; a sample's class is an index into them.</summary>
    public required IReadOnlyList<string> Classes { get; init; }

    /// <summary>Shape of every sample.</summary>
    public required WindowShape Window { get; init; }

    /// <summary>Method and hyper-parameters; <see cref="TrainingSection.Seed"/> plus <see cref="Round"/> seeds the generator.</summary>
    public required TrainingSection Training { get; init; }

    /// <summary>How often the rows that go through the backbone at a time are halved, four at least: once for each attempt whose child outgrew <see cref="TrainingSection.MemoryBudgetMiB"/>, since the estimate was too low. 0: as estimated.</summary>
    public int MemoryHalvings { get; init; }

    /// <summary>Temperature baked into the exported graph as the default of its <c>temperature</c> input.</summary>
    public required double ReadoutTemperature { get; init; }

    /// <summary>Wanted number of features of the frozen branch that is written into the graph; 0: none.</summary>
    public int FrozenFeatures { get; init; }

    /// <summary>Seed of the frozen branch.</summary>
    public int FrozenSeed { get; init; } = 1;

    /// <summary>Names of the channels, for the exported graph's metadata; may be empty.</summary>
    public IReadOnlyList<string> Channels { get; init; } = [];
}
