using System.Numerics.Tensors;
using Edge.Storage;

namespace Edge.Runtime.Inference;

/// <summary>The read-out at one moment, as inputs of the exported graph: votes = share * similarity + embedding . E' + frozen . R' + b, and the votes of rare classes from their prototypes. Immutable.</summary>
public sealed record ReadOutWeights
{
    /// <summary>Which read-out it is, for a person: <c>prototypes</c>, <c>frozen ridge</c>, …</summary>
    public required string Name { get; init; }

    /// <summary>Prototypes; novelty is measured from them whoever votes.</summary>
    public required PrototypeMatrix Prototypes { get; init; }

    /// <summary>Whether a ridge votes, and not prototypes alone.</summary>
    public bool WeighsFeatures { get; init; }

    /// <summary>What the similarity to the prototypes counts.</summary>
    public required float Share { get; init; }

    /// <summary>E: [classes, embedding length] float32.</summary>
    public required float[] OnEmbedding { get; init; }

    /// <summary>R: [classes, frozen features] float32; empty without a frozen branch.</summary>
    public required float[] OnFrozen { get; init; }

    /// <summary>b: [classes] float32.</summary>
    public required float[] Bias { get; init; }

    /// <summary>[classes] float32: 1 for a class that the leading branch does not know, mostly because too few examples are known to weigh features.</summary>
    public required float[] Rare { get; init; }

    /// <summary>N: [classes, frozen features] float32, how near a window is to a class, for the rare ones; empty without a frozen branch, where the similarity says it.</summary>
    public required float[] Nearness { get; init; }

    /// <summary>n: [classes] float32.</summary>
    public required float[] NearnessBias { get; init; }

    /// <summary>From which novelty on a window is unknown; null: not calibrated.</summary>
    public NoveltyCalibration? Calibration { get; init; }

    /// <summary>Classes that can be the answer: a ridge or its prototype votes for it, or it may take over as a rare one. Allocates nothing.</summary>
    public int KnownCount
    {
        get
        {
            int count = 0;
            for (int c = 0; c < Bias.Length; c++)
                if (Rare[c] != 0 || Bias[c] > PrototypeMatrix.AbsentBias / 2 && (Share == 0 || Prototypes.ClassBias[c] > PrototypeMatrix.AbsentBias / 2))
                    count++;
            return count;
        }
    }

    /// <summary>The read-out by prototypes alone.</summary>
    /// <param name="prototypes">Prototypes of the running snapshot.</param>
    /// <param name="frozenLength">Features of its frozen branch; 0 without one.</param>
    public static ReadOutWeights OfPrototypes(PrototypeMatrix prototypes, int frozenLength) => new()
    {
        Name = ReadOutBlend.OfPrototypes.Name,
        Prototypes = prototypes,
        Share = 1,
        OnEmbedding = new float[prototypes.Values.Length],
        OnFrozen = new float[prototypes.ClassBias.Length * frozenLength],
        Bias = new float[prototypes.ClassBias.Length],
        Rare = new float[prototypes.ClassBias.Length],
        Nearness = new float[prototypes.ClassBias.Length * frozenLength],
        NearnessBias = new float[prototypes.ClassBias.Length],
    };

    /// <summary>The votes that the graph gives to one window.</summary>
    /// <param name="embedding">[embedding length] of norm 1.</param>
    /// <param name="frozen">[frozen features].</param>
    /// <param name="votes">[classes]</param>
    public void Score(ReadOnlySpan<float> embedding, ReadOnlySpan<float> frozen, Span<float> votes)
    {
        int best = 0;
        for (int c = 0; c < votes.Length; c++)
        {
            votes[c] = Share * SimilarityOf(c, embedding) + TensorPrimitives.Dot(OnEmbedding.AsSpan(c * embedding.Length, embedding.Length), embedding)
                + TensorPrimitives.Dot(OnFrozen.AsSpan(c * frozen.Length, frozen.Length), frozen) + Bias[c];
            if (votes[c] > votes[best]) best = c;
        }

        float largest = votes[best], rival = NearnessOf(best, embedding, frozen);
        for (int c = 0; c < votes.Length; c++)
        {
            if (Rare[c] == 0) continue;
            float lead = NearnessOf(c, embedding, frozen) - rival;
            votes[c] = largest + lead / (1 + Math.Abs(lead));
        }
    }

    private float NearnessOf(int c, ReadOnlySpan<float> embedding, ReadOnlySpan<float> frozen) =>
        frozen.IsEmpty ? SimilarityOf(c, embedding) : TensorPrimitives.Dot(Nearness.AsSpan(c * frozen.Length, frozen.Length), frozen) + NearnessBias[c];

    private float SimilarityOf(int c, ReadOnlySpan<float> embedding) =>
        TensorPrimitives.Dot(Prototypes.Values.AsSpan(c * embedding.Length, embedding.Length), embedding) + Prototypes.ClassBias[c];
}
