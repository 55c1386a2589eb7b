using Edge.Storage;

namespace Edge.Trainer.ReadOuts;

/// <summary>
/// Late fusion of two branches: score = frozen weight · frozen + learned weight · learned. The scores of each branch are first centred over the classes that it knows (which moves no decision), so that a class one branch does not
/// know yet gets 0 from it, neither a vote nor a veto; a class that neither knows is never chosen. The learned weight is β times a constant that brings both branches to the same size, found once by <see cref="CommonScale"/>:
/// ridge scores, cosines and log-odds differ by orders of magnitude.
/// </summary>
/// <param name="FrozenWeight">1, or 0 for the learned branch alone.</param>
/// <param name="LearnedWeight">β · common scale.</param>
public readonly record struct LateFusion(double FrozenWeight, double LearnedWeight)
{
    /// <summary>Shares of the learned branch that a consolidation tries; 0 is the frozen branch alone.</summary>
    public static IReadOnlyList<double> Betas { get; } = [0, .25, .5, 1];

    /// <summary>The frozen branch alone.</summary>
    public static LateFusion FrozenOnly { get; } = new(1, 0);

    /// <summary>The learned branch alone.</summary>
    public static LateFusion LearnedOnly { get; } = new(0, 1);

    /// <summary>frozen + β · scale · learned.</summary>
    public static LateFusion Of(double beta, double commonScale) => new(1, beta * commonScale);

    /// <summary>Root mean square of the centred frozen scores over that of the learned ones; 1 when one of them is all zeros.</summary>
    /// <param name="frozen">[n, C] scores of the same examples,</param>
    /// <param name="learned">[n, C].</param>
    /// <param name="classCount">C.</param>
    public static double CommonScale(ReadOnlySpan<float> frozen, ReadOnlySpan<float> learned, int classCount)
    {
        double f = SquareSum(frozen, classCount), l = SquareSum(learned, classCount);
        return f > 0 && l > 0 ? Math.Sqrt(f / l) : 1;
    }

    /// <summary>Fuses the scores of one example, or of many.</summary>
    /// <param name="frozen">[n, C].</param>
    /// <param name="learned">[n, C].</param>
    /// <param name="classCount">C.</param>
    /// <param name="scores">[n, C]; may be one of the others.</param>
    public void Fuse(ReadOnlySpan<float> frozen, ReadOnlySpan<float> learned, int classCount, Span<float> scores)
    {
        if (frozen.Length != learned.Length || frozen.Length != scores.Length || frozen.Length % classCount != 0)
            throw new ArgumentException($"expected three times [n, {classCount}] scores, not {frozen.Length}, {learned.Length} and {scores.Length} values", nameof(learned));
        for (int first = 0; first < frozen.Length; first += classCount)
        {
            var (f, l) = (MeanOfKnown(frozen.Slice(first, classCount)), MeanOfKnown(learned.Slice(first, classCount)));
            for (int c = first; c < first + classCount; c++)
            {
                bool inFrozen = FrozenWeight != 0 && IsKnown(frozen[c]), inLearned = LearnedWeight != 0 && IsKnown(learned[c]);
                double sum = (inFrozen ? FrozenWeight * (frozen[c] - f) : 0) + (inLearned ? LearnedWeight * (learned[c] - l) : 0);
                scores[c] = inFrozen || inLearned ? (float)sum : PrototypeMatrix.AbsentBias;
            }
        }
    }

    private static double SquareSum(ReadOnlySpan<float> scores, int classCount)
    {
        double sum = 0;
        for (int first = 0; first < scores.Length; first += classCount)
        {
            var row = scores.Slice(first, classCount);
            double mean = MeanOfKnown(row);
            foreach (float score in row)
                if (IsKnown(score))
                    sum += (score - mean) * (score - mean);
        }

        return sum;
    }

    private static double MeanOfKnown(ReadOnlySpan<float> row)
    {
        double sum = 0;
        int count = 0;
        foreach (float score in row)
        {
            if (!IsKnown(score)) continue;
            sum += score;
            count++;
        }

        return count == 0 ? 0 : sum / count;
    }

    private static bool IsKnown(float score) => score > PrototypeMatrix.AbsentBias / 2;
}
