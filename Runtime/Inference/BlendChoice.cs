using Edge.Trainer.ReadOuts;

namespace Edge.Runtime.Inference;

/// <summary>
/// Chooses on the anchor set which branches vote: the smallest class-balanced log loss (<see cref="ReadOutSelection"/>) among the safest candidate and those that are right on clearly more anchors than it.
/// </summary>
/// <remarks>
/// Anchors are other minutes of the same people and the same mounting that the backbone was trained on, so they flatter the trained branch. On UCI HAR, with sixty anchors and by log loss alone, the trained branch was right on all
/// anchors and on 89 % of the windows of people never seen, the frozen branch on 58 anchors and 97.4 %, and what was chosen had 96.3 %. Hence the burden of proof: a sign test at one-sided 5 % by the normal
/// approximation, which three anchors against none just pass (exactly 12.5 %).
/// On held-out people of the training split (three splits and class orders, after each step) it never cost anything, and once it kept 95.9 % where one anchor more would have bought a fusion of 89.2 %; a threshold of one standard
/// deviation let that pass.
/// </remarks>
public static class BlendChoice
{
    private const double ClearDeviations = 1.65;
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
        var scored = candidates.Select(blend => (Blend: blend, Scores: new ReadOutCandidate(blend.Name, Scores(branches.Compose(blend), anchors)))).ToList();
        bool[] safest = Right(scored[0].Scores.AnchorScores, labels);
        scored.RemoveAll(candidate => candidate != scored[0] && !IsClearlyBetter(Right(candidate.Scores.AnchorScores, labels), safest));
        var choice = ReadOutSelection.Choose([.. scored.Select(candidate => candidate.Scores)], labels, branches.Classes.Count);
        var chosen = scored[choice.Index].Blend;
        // Prototypes keep the temperature that the operator set for them.
        return chosen == ReadOutBlend.OfPrototypes ? chosen : chosen with { Sharpness = Math.Clamp(temperature / choice.Chosen.Temperature, LeastSharpness, LargestSharpness) };
    }

    /// <summary>The safest first.</summary>
    private static IEnumerable<ReadOutBlend> Candidates(BranchReadOuts branches, EncodedWindows anchors)
    {
        float[] frozen = Scores(branches.Compose(ReadOutBlend.OfFrozenRidge), anchors);
        yield return ReadOutBlend.OfFrozenRidge;
        foreach (var learned in new[] { ReadOutBlend.OfPrototypes, ReadOutBlend.OfLearnedRidge })
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

        yield return ReadOutBlend.OfPrototypes;
        yield return ReadOutBlend.OfLearnedRidge;
    }

    private static bool IsThere(ReadOutBlend blend, BranchReadOuts branches) => (blend.FrozenWeight == 0 || branches.Frozen is not null) && (blend.LearnedWeight == 0 || branches.Learned is not null);

    private static bool IsClearlyBetter(bool[] right, bool[] safest)
    {
        int gained = right.Zip(safest).Count(pair => pair.First && !pair.Second), lost = right.Zip(safest).Count(pair => !pair.First && pair.Second);
        return gained > lost && gained - lost >= ClearDeviations * Math.Sqrt(gained + lost);
    }

    private static bool[] Right(float[] scores, int[] labels)
    {
        int classCount = scores.Length / labels.Length;
        return [.. labels.Select((label, i) => System.Numerics.Tensors.TensorPrimitives.IndexOfMax(scores.AsSpan(i * classCount, classCount)) == label)];
    }

    private static float[] Scores(ReadOutWeights weights, EncodedWindows windows)
    {
        int classCount = weights.Bias.Length;
        float[] scores = new float[windows.Classes.Count * classCount];
        for (int i = 0; i < windows.Classes.Count; i++) weights.Score(windows.EmbeddingOf(i), windows.FrozenOf(i), scores.AsSpan(i * classCount, classCount));
        return scores;
    }
}
