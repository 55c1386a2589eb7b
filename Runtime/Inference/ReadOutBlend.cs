namespace Edge.Runtime.Inference;

/// <summary>
/// Which branches vote, and how much: sharpness * (frozen weight * frozen ridge + learned weight * ridge on the embedding + prototype weight * similarity). Chosen on the anchor set with every round; what
/// stands behind each branch follows the labels.
/// </summary>
public sealed record ReadOutBlend
{
    /// <summary>For a person, and to tell which one was chosen.</summary>
    public required string Name { get; init; }

    /// <summary>Weight of the ridge scores on the frozen features.</summary>
    public double FrozenWeight { get; init; }

    /// <summary>Weight of the ridge scores on the trained embedding.</summary>
    public double LearnedWeight { get; init; }

    /// <summary>Weight of the similarity to the prototypes.</summary>
    public double PrototypeWeight { get; init; }

    /// <summary>Factor on all votes, above 0: brings them to the scale on which <c>inference.temperature</c> gives calibrated confidences. It moves no decision.</summary>
    public double Sharpness { get; init; } = 1;

    /// <summary>Nearest class mean alone.</summary>
    public static ReadOutBlend OfPrototypes { get; } = new() { Name = "prototypes", PrototypeWeight = 1 };

    /// <summary>The frozen branch alone.</summary>
    public static ReadOutBlend OfFrozenRidge { get; } = new() { Name = "frozen ridge", FrozenWeight = 1 };

    /// <summary>Ridge on the trained embedding alone.</summary>
    public static ReadOutBlend OfLearnedRidge { get; } = new() { Name = "learned ridge", LearnedWeight = 1 };

    /// <summary>What runs before anchors have chosen.</summary>
    /// <param name="kind"><c>readOut.kind</c> of the configuration.</param>
    /// <param name="hasFrozenBranch">Whether the running snapshot has one.</param>
    public static ReadOutBlend Before(string kind, bool hasFrozenBranch) => hasFrozenBranch && kind != "prototypes" ? OfFrozenRidge : OfPrototypes;

    /// <summary>Whether the configuration allows it.</summary>
    public bool IsAllowedBy(string kind, bool hasFrozenBranch) => kind switch
    {
        "auto" => hasFrozenBranch || FrozenWeight == 0,
        "prototypes" => FrozenWeight == 0 && LearnedWeight == 0,
        "frozenRidge" => this == OfFrozenRidge with { Sharpness = Sharpness } || !hasFrozenBranch && FrozenWeight == 0,
        _ => hasFrozenBranch ? FrozenWeight > 0 && LearnedWeight + PrototypeWeight > 0 : FrozenWeight == 0,
    };
}
