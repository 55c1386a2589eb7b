using Edge.Trainer.ReadOuts;

namespace Edge.Runtime.Inference;

/// <summary>Chooses on the anchor set which branches vote: the smallest class-balanced log loss (<see cref="ReadOutSelection"/>), of equals the safest.</summary>
public static class BlendChoice
{
    private const double LeastSharpness = 0.05, LargestSharpness = 20; // A handful of anchors that are all right would ask for any sharpness.

    /// <summary>Chooses.</summary>
    /// <param name="branches">The branches as they would run.</param>
    /// <param name="anchors">The anchor windows in the same snapshot's eyes; their classes are among those of <paramref name="branches"/>.</param>
    /// <param name="kind"><c>readOut.kind</c> of the configuration.</param>
    /// <param name="temperature"><c>inference.temperature</c>.</param>
    /// <param name="present">What is kept where there is nothing to choose by or from.</param>
    public static ReadOutBlend Choose(BranchReadOuts branches, EncodedWindows anchors, string kind, double temperature, ReadOutBlend present)
    {
        if (anchors.Classes.Count == 0) return present;
        var candidates = Candidates(branches, anchors).Where(blend => IsThere(blend, branches) && blend.IsAllowedBy(kind, branches.FrozenLength > 0)).ToList();
        if (candidates.Count == 0) return present;
        var indices = branches.Classes.Select((name, index) => (name, index)).ToDictionary(pair => pair.name, pair => pair.index, StringComparer.Ordinal);
        int[] labels = [.. anchors.Classes.Select(name => indices[name])];
        var choice = ReadOutSelection.Choose([.. candidates.Select(blend => new ReadOutCandidate(blend.Name, Scores(branches.Compose(blend), anchors)))], labels, branches.Classes.Count);
        var chosen = candidates[choice.Index];
        // Prototypes keep the temperature that the operator set for them.
        return chosen == ReadOutBlend.OfPrototypes ? chosen : chosen with { Sharpness = Math.Clamp(temperature / choice.Chosen.Temperature, LeastSharpness, LargestSharpness) };
    }

    /// <summary>The safest first.</summary>
    private static IEnumerable<ReadOutBlend> Candidates(BranchReadOuts branches, EncodedWindows anchors)
    {
        float[] frozen = Scores(branches.Compose(ReadOutBlend.OfFrozenRidge), anchors);
        yield return ReadOutBlend.OfFrozenRidge;
        foreach (var learned in new[] { ReadOutBlend.OfLearnedRidge, ReadOutBlend.OfPrototypes })
        {
            double scale = LateFusion.CommonScale(frozen, Scores(branches.Compose(learned), anchors), branches.Classes.Count);
            foreach (double beta in LateFusion.Betas.Where(beta => beta > 0))
            {
                yield return new ReadOutBlend
                {
                    Name = FormattableString.Invariant($"frozen ridge + {beta:0.##} {learned.Name}"),
                    FrozenWeight = 1,
                    LearnedWeight = beta * scale * learned.LearnedWeight,
                    PrototypeWeight = beta * scale * learned.PrototypeWeight,
                };
            }
        }

        yield return ReadOutBlend.OfLearnedRidge;
        yield return ReadOutBlend.OfPrototypes;
    }

    private static bool IsThere(ReadOutBlend blend, BranchReadOuts branches) => (blend.FrozenWeight == 0 || branches.Frozen is not null) && (blend.LearnedWeight == 0 || branches.Learned is not null);

    private static float[] Scores(ReadOutWeights weights, EncodedWindows windows)
    {
        int classCount = weights.Bias.Length;
        float[] scores = new float[windows.Classes.Count * classCount];
        for (int i = 0; i < windows.Classes.Count; i++) weights.Score(windows.EmbeddingOf(i), windows.FrozenOf(i), scores.AsSpan(i * classCount, classCount));
        return scores;
    }
}
