using Edge.Trainer.Bench;
using static TorchSharp.torch;

namespace Edge.Trainer.Tests.Bench;

/// <summary>What may be added to the frozen branch: each does what it says and nothing else.</summary>
public class BenchVariantTests
{
    private static readonly BenchData s_data = BenchWaves.Data(BenchWaves.Windows(perClass: 96));

    [Fact]
    public void The_first_session_lengthens_the_features_once_and_counts_what_was_counted_again()
    {
        using var plain = Learner("edge:epochs=1");
        using var adapted = Learner("edge:epochs=1,bench.firstSession=true");
        var steps = LearningStream.Classes(s_data, 1);
        Learn(plain, steps[0].Train);
        Learn(adapted, steps[0].Train);
        int longer = adapted.FrozenFeatureLength;
        Assert.True(longer > plain.FrozenFeatureLength, $"{longer} features after the first round");
        Assert.Equal(plain.CountedInFrozen, adapted.CountedInFrozen);
        Learn(plain, steps[1].Train);
        Learn(adapted, steps[1].Train);
        Assert.Equal(longer, adapted.FrozenFeatureLength);
        Assert.Equal(plain.CountedInFrozen, adapted.CountedInFrozen);
    }

    [Fact]
    public void What_is_learnt_after_the_first_session_does_not_move_its_features()
    {
        using var once = Learner("edge:epochs=1,bench.firstSession=true");
        using var harder = Learner("edge:epochs=1,bench.firstSession=true");
        var steps = LearningStream.Classes(s_data, 1);
        foreach (var learner in new[] { once, harder }) Learn(learner, steps[0].Train);
        var first = Frozen(once);
        Learn(harder, []); // Replay alone: the weights move, nothing is counted.
        Assert.Equal(first, Frozen(harder));
        Assert.True(harder.StepCount >= once.StepCount);
    }

    [Fact]
    public void A_copy_weighs_what_it_is_told_to()
    {
        int[] some = [.. Enumerable.Range(0, s_data.Train.Count).Where(i => i % 4 == 0).Take(64)];
        using var branch = new FrozenBranch(s_data, some, new BenchVariant(), copyWeight: 0.25, seed: 1, TestContext.Current.CancellationToken);
        using var plain = new FrozenBranch(s_data, some, new BenchVariant(), copyWeight: 0, seed: 1, TestContext.Current.CancellationToken);
        branch.Count(some);
        plain.Count(some);
        Assert.Equal(16, branch.Copies.Classes.Sum(name => branch.Copies.Of(name)!.Mass), 9);
        Assert.Empty(plain.Copies.Classes);
        Assert.Equal(64, branch.Statistics.Count);
        float[] with = branch.ScoreTest(branch.Solve(some).ReadOut), without = plain.ScoreTest(plain.Solve(some).ReadOut);
        Assert.NotEqual(with, without);
    }

    [Theory]
    [InlineData("edge:epochs=1", "edge:epochs=1,bench.viewWeight=0.3", true)]
    [InlineData("edge:epochs=1", "edge:epochs=1,bench.viewWeight=0", false)]
    [InlineData("frozenRidge", "frozenRidge:bench.viewWeight=0", true)]
    [InlineData("frozenRidge", "frozenRidge:bench.viewWeight=0.3", false)]
    public void Edge_alone_counts_copies_without_being_asked(string usual, string asked, bool isSame)
    {
        using var one = Learner(usual);
        using var other = Learner(asked);
        foreach (var learner in new[] { one, other }) Learn(learner, LearningStream.Classes(s_data, 1)[0].Train);
        Assert.Equal(isSame, one.CopiesInFrozen == other.CopiesInFrozen);
    }

    [Fact]
    public void What_is_held_out_speaks_only_where_it_is_asked_to()
    {
        int[] some = [.. Enumerable.Range(0, s_data.Train.Count).Where(i => s_data.Train.Classes[i] == 0)], held = [.. Enumerable.Range(0, s_data.Train.Count).Where(i => s_data.Train.Classes[i] == 1)];
        using var branch = new FrozenBranch(s_data, some, new BenchVariant(), copyWeight: 0, seed: 1, TestContext.Current.CancellationToken);
        branch.Count(some);
        branch.CountHeldOut(held);
        Assert.DoesNotContain(1, WindowScores.Best(branch.ScoreTest(branch.Solve(some).ReadOut), s_data.Train.ClassNames.Count));
        Assert.Contains(1, WindowScores.Best(branch.ScoreTest(branch.Solve(some, withHeldOut: true).ReadOut), s_data.Train.ClassNames.Count));
    }

    [Fact]
    public void Anchors_that_are_counted_at_last_are_still_unknown_to_the_choice()
    {
        using var learner = Learner("edge:epochs=1,bench.countAnchors=true");
        foreach (var step in LearningStream.Classes(s_data, 1)) Learn(learner, step.Train);
        Assert.NotEmpty(learner.Anchors);
        Assert.Equal(s_data.Train.Count - learner.Anchors.Count, learner.CountedInFrozen);
    }

    private static ContinualLearner Learner(string method)
    {
        manual_seed(1);
        return new ContinualLearner(BenchWaves.Spec(method) with { BufferShare = 1 }, s_data, TestContext.Current.CancellationToken);
    }

    private static void Learn(ContinualLearner learner, int[] windows) => learner.Learn(windows, _ => { });

    private static int[] Frozen(ContinualLearner learner)
    {
        var judgement = learner.Judge();
        judgement.Embeddings.Dispose();
        return judgement.ByReadOut["frozen"];
    }
}
