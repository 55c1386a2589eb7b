using Edge.Trainer.ReadOuts;

namespace Edge.Trainer.Bench;

/// <summary>The read-out that the anchors choose among the branches and their fusions.</summary>
/// <param name="Learned">Which learned read-out: a key of the scores.</param>
/// <param name="Fusion">How it votes beside the frozen branch; null where there is none.</param>
internal sealed record AnchorChoice(string Learned, LateFusion? Fusion)
{
    private static readonly string[] s_learned = ["ridge", "ncm", "head"]; // What the device can run: one embedding, one matrix.
    private static readonly string[] s_sameBackbone = ["pooled", "ridge", "ncm", "head"];

    /// <summary>Without anchors: what did best on validation data where there is a frozen branch,</summary>
    public static AnchorChoice OfFrozen { get; } = new("ridge", LateFusion.FrozenOnly);

    /// <summary>and where there is none.</summary>
    public static AnchorChoice OfLearned { get; } = new("pooled", null);

    /// <summary>Chooses by the log loss on the anchors (<see cref="ReadOutSelection"/>).</summary>
    /// <param name="learned">Scores of the anchors by learned read-out, [anchors, classes] each.</param>
    /// <param name="frozen">The same by the frozen branch; null: there is none.</param>
    /// <param name="labels">Class index of each anchor.</param>
    /// <param name="classCount">Classes.</param>
    public static AnchorChoice Of(SortedDictionary<string, float[]> learned, float[]? frozen, int[] labels, int classCount)
    {
        var choices = new List<AnchorChoice>();
        var candidates = new List<ReadOutCandidate>();
        if (frozen is null)
        {
            foreach (string name in s_sameBackbone) Add(new AnchorChoice(name, null), learned[name]);
        }
        else
        {
            Add(new AnchorChoice("ridge", LateFusion.FrozenOnly), frozen);
            double scale = LateFusion.CommonScale(frozen, learned["ridge"], classCount);
            foreach (double beta in LateFusion.Betas.Where(beta => beta > 0))
            {
                var fusion = LateFusion.Of(beta, scale);
                Add(new AnchorChoice("ridge", fusion), Fused(fusion, frozen, learned["ridge"], classCount));
            }

            foreach (string name in s_learned) Add(new AnchorChoice(name, LateFusion.LearnedOnly), learned[name]);
        }

        return choices[ReadOutSelection.Choose(candidates, labels, classCount).Index];

        void Add(AnchorChoice choice, float[] scores)
        {
            choices.Add(choice);
            candidates.Add(new ReadOutCandidate($"{choice}", scores));
        }
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
