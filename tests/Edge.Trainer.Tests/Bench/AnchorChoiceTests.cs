using Edge.Trainer.Bench;
using Edge.Trainer.ReadOuts;

namespace Edge.Trainer.Tests.Bench;

/// <summary>The anchors choose what serves them better.</summary>
public class AnchorChoiceTests
{
    private const int Classes = 3, Anchors = 60;
    private static readonly int[] s_labels = [.. Enumerable.Range(0, Anchors).Select(i => i % Classes)];

    [Fact]
    public void The_frozen_branch_is_chosen_where_the_learned_one_guesses()
    {
        var choice = AnchorChoice.Of(Learned(0, 0, 0), Scores(right: 1, seed: 9), s_labels, Classes, new Foresight(Classes));
        Assert.Equal(LateFusion.FrozenOnly, choice.Fusion);
        Assert.Equal("frozen ridge", choice.ToString());
    }

    [Theory]
    [InlineData("ridge", 1, 0, 0)]
    [InlineData("ncm", 0, 1, 0)]
    [InlineData("head", 0, 0, 1)]
    public void A_learned_read_out_is_chosen_where_the_frozen_branch_guesses(string better, double ridge, double ncm, double head)
    {
        var choice = AnchorChoice.Of(Learned(ridge, ncm, head), Scores(right: 0, seed: 9), s_labels, Classes, new Foresight(Classes));
        Assert.Equal((better, LateFusion.LearnedOnly), (choice.Learned, choice.Fusion));
        Assert.Equal(better, choice.ToString());
    }

    [Fact]
    public void Two_branches_that_err_on_different_windows_are_fused()
    {
        var (learned, frozen) = (Learned(0.8, 0, 0), Scores(right: 0.8, seed: 9));
        var choice = AnchorChoice.Of(learned, frozen, s_labels, Classes, new Foresight(Classes));
        Assert.True(choice.Fusion is { FrozenWeight: 1, LearnedWeight: > 0 }, $"{choice}");
        Assert.StartsWith("frozen ridge + ", choice.ToString());
        var scores = learned;
        scores.Add("frozen", frozen);
        Assert.True(Right(choice.Scores(scores, Classes)) > Math.Max(Right(frozen), Right(learned["ridge"])));
    }

    [Fact]
    public void A_learned_branch_that_is_a_little_better_on_the_anchors_alone_has_no_vote()
    {
        var learned = Learned(1, 0, 0);
        float[] frozen = Scores(right: 1, seed: 9);
        frozen.AsSpan(0, Classes).Clear();
        Assert.Equal(LateFusion.FrozenOnly, AnchorChoice.Of(learned, frozen, s_labels, Classes, new Foresight(Classes)).Fusion);
    }

    [Fact]
    public void Windows_scored_before_they_were_learnt_give_the_learned_branch_its_smallest_vote()
    {
        var foresight = new Foresight(Classes);
        foresight.Note(Scores(right: 0.7, seed: 9), Scores(right: 0.9, seed: 1), s_labels);
        var choice = AnchorChoice.Of(Learned(1, 0, 0), Scores(right: 1, seed: 9), s_labels, Classes, foresight);
        Assert.StartsWith("frozen ridge + 0.2", choice.ToString());
        foresight = new Foresight(Classes);
        foresight.Note(Scores(right: 0.9, seed: 9), Scores(right: 0.7, seed: 1), s_labels);
        Assert.Equal(LateFusion.FrozenOnly, AnchorChoice.Of(Learned(1, 0, 0), Scores(right: 1, seed: 9), s_labels, Classes, foresight).Fusion);
    }

    [Fact]
    public void Without_a_frozen_branch_the_best_learned_read_out_is_chosen()
    {
        foreach (string better in new[] { "pooled", "ridge", "ncm", "head" })
        {
            var learned = Learned(0, 0, 0);
            learned[better] = Scores(right: 1, seed: 5);
            var choice = AnchorChoice.Of(learned, null, s_labels, Classes, new Foresight(Classes));
            Assert.Equal((better, null), (choice.Learned, choice.Fusion));
            Assert.Equal(learned[better], choice.Scores(learned, Classes));
        }
    }

    [Fact]
    public void Without_a_frozen_branch_a_read_out_that_is_more_sure_but_not_clearly_more_often_right_is_not_chosen()
    {
        var learned = Learned(1, 0, 0);
        learned["pooled"] = [.. learned["ridge"]];
        learned["pooled"].AsSpan(0, 2 * Classes).Clear();
        learned["pooled"][1] = learned["pooled"][Classes] = 1; // Two windows wrong.
        Assert.Equal(AnchorChoice.OfLearned, AnchorChoice.Of(learned, null, s_labels, Classes, new Foresight(Classes)));
        learned["pooled"].AsSpan(0, 6 * Classes).Clear();
        foreach (int i in Enumerable.Range(0, 6)) learned["pooled"][i * Classes + (s_labels[i] + 1) % Classes] = 1; // Six are clear.
        Assert.Equal("ridge", AnchorChoice.Of(learned, null, s_labels, Classes, new Foresight(Classes)).Learned);
    }

    private static SortedDictionary<string, float[]> Learned(double ridge, double ncm, double head) => new(StringComparer.Ordinal)
    {
        ["ridge"] = Scores(ridge, 1), ["ncm"] = Scores(ncm, 2), ["head"] = Scores(head, 3), ["pooled"] = Scores(0, 4),
    };

    /// <summary>Noise, and for this share of the windows a clear vote for the right class.</summary>
    private static float[] Scores(double right, int seed)
    {
        var random = new Random(seed);
        float[] scores = [.. Enumerable.Range(0, Anchors * Classes).Select(_ => 0.6f * random.NextSingle())];
        for (int i = 0; i < Anchors; i++)
        {
            if (random.NextDouble() < right) scores[i * Classes + s_labels[i]] += 1;
        }

        return scores;
    }

    private static int Right(float[] scores) => WindowScores.Best(scores, Classes).Zip(s_labels).Count(pair => pair.First == pair.Second);
}
