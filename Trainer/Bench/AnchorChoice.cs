using Edge.Trainer.ReadOuts;

namespace Edge.Trainer.Bench;

/// <summary>The read-out that the anchors choose among the branches and their fusions.</summary>
/// <param name="Learned">Which learned read-out: a key of the scores.</param>
/// <param name="Fusion">How it votes beside the frozen branch; null where there is none.</param>
internal sealed record AnchorChoice(string Learned, LateFusion? Fusion)
{
    private static readonly string[] s_learned = ["ridge", "ncm", "head"]; // What the device can run: one embedding, one matrix.

    /// <summary>Without anchors: what did best on validation data where there is a frozen branch,</summary>
    public static AnchorChoice OfFrozen { get; } = new("ridge", LateFusion.FrozenOnly);

    /// <summary>and where there is none.</summary>
    public static AnchorChoice OfLearned { get; } = new("pooled", null);

    /// <summary>
    /// Chooses. The frozen branch alone is the safest: it cannot have learnt the anchors' neighbours by heart, which flatters the trained one. A fusion, or the learned branch alone, must be right clearly more often on the anchors
    /// (<see cref="PairedSigns"/>); the smallest fusion also stands where it was clearly more often right on windows before they were learnt. Of those that pass the smallest log loss on the anchors wins
    /// (<see cref="ReadOutSelection"/>). Without a frozen branch the ridge on all layers stands in its place.
    /// </summary>
    /// <param name="learned">Scores of the anchors by learned read-out, [anchors, classes] each.</param>
    /// <param name="frozen">The same by the frozen branch; null: there is none.</param>
    /// <param name="labels">Class index of each anchor.</param>
    /// <param name="classCount">Classes.</param>
    /// <param name="foresight">What the branches said of windows before they were learnt.</param>
    public static AnchorChoice Of(SortedDictionary<string, float[]> learned, float[]? frozen, int[] labels, int classCount, Foresight foresight)
    {
        var choices = new List<AnchorChoice>();
        var candidates = new List<ReadOutCandidate>();
        if (frozen is null)
        {
            Add(OfLearned, learned["pooled"]);
            foreach (string name in s_learned)
            {
                if (PairedSigns.IsClearlyBetter(learned[name], learned["pooled"], labels)) Add(new AnchorChoice(name, null), learned[name]);
            }

            return choices[ReadOutSelection.Choose(candidates, labels, classCount).Index];
        }

        double scale = LateFusion.CommonScale(frozen, learned["ridge"], classCount);
        double[] betas = [.. LateFusion.Betas.Where(beta => beta > 0).Order()];
        bool carriesOver = CarriesOver(foresight, betas[0], classCount);
        var safest = carriesOver ? new AnchorChoice("ridge", LateFusion.Of(betas[0], scale)) : OfFrozen;
        float[] safestScores = Fused(safest.Fusion!.Value, frozen, learned["ridge"], classCount);
        Add(safest, safestScores);
        foreach (double beta in betas.Skip(carriesOver ? 1 : 0)) Prove(new AnchorChoice("ridge", LateFusion.Of(beta, scale)));
        foreach (string name in s_learned) Prove(new AnchorChoice(name, LateFusion.LearnedOnly));
        return choices[ReadOutSelection.Choose(candidates, labels, classCount).Index];

        void Prove(AnchorChoice choice)
        {
            float[] scores = Fused(choice.Fusion!.Value, frozen, learned[choice.Learned], classCount);
            if (PairedSigns.IsClearlyBetter(scores, safestScores, labels)) Add(choice, scores);
        }

        void Add(AnchorChoice choice, float[] scores)
        {
            choices.Add(choice);
            candidates.Add(new ReadOutCandidate($"{choice}", scores));
        }
    }

    private static bool CarriesOver(Foresight foresight, double beta, int classCount)
    {
        float[] frozen = foresight.Frozen, learned = foresight.Learned;
        var fusion = LateFusion.Of(beta, LateFusion.CommonScale(frozen, learned, classCount));
        return PairedSigns.IsClearlyBetter(Fused(fusion, frozen, learned, classCount), frozen, foresight.Labels);
    }

    /// <summary>Its scores, from those of the branches.</summary>
    public float[] Scores(SortedDictionary<string, float[]> scores, int classCount) =>
        Fusion is { } fusion ? Fused(fusion, scores["frozen"], scores[Learned], classCount) : scores[Learned];

    /// <inheritdoc/>
    public override string ToString() =>
        Fusion is not { } fusion || fusion == LateFusion.LearnedOnly ? Learned : fusion == LateFusion.FrozenOnly ? "frozen ridge" : $"frozen ridge + {fusion.LearnedWeight:0.##} {Learned}";

    private static float[] Fused(LateFusion fusion, float[] frozen, float[] learned, int classCount)
    {
        float[] fused = new float[frozen.Length];
        fusion.Fuse(frozen, learned, classCount, fused);
        return fused;
    }
}
