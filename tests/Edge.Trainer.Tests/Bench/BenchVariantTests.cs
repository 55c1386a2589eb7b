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
        Assert.Equal(isSame, Mass(one) == Mass(other));

        static double Mass(ContinualLearner learner) => learner.CopiesInFrozen!.Classes.Sum(name => learner.CopiesInFrozen.Of(name)!.Mass);
    }

    [Theory]
    [InlineData("frozenRidge:bench.viewWeight=0.3", false, false)] // Three channels that nobody calls axes.
    [InlineData("frozenRidge:bench.viewWeight=0.3,bench.consecutiveAxes=true", false, true)]
    [InlineData("frozenRidge:bench.viewWeight=0.3", true, true)]
    [InlineData("frozenRidge:bench.viewWeight=0.3,bench.view.rotationDegrees=0", true, false)]
    public void Copies_are_turned_only_about_axes_that_are_known(string method, bool hasNames, bool isTurned)
    {
        var data = s_data with { Train = s_data.Train with { ChannelNames = hasNames ? ["acc_x", "acc_y", "acc_z"] : [] } };
        using var learner = Learner(method, data: data);
        using var still = Learner("frozenRidge:bench.viewWeight=0.3,bench.view.rotationDegrees=0");
        foreach (var one in new[] { learner, still }) Learn(one, LearningStream.Classes(s_data, 1)[0].Train);
        string name = still.CopiesInFrozen!.Classes.First();
        Assert.Equal(isTurned, !still.CopiesInFrozen.Of(name)!.Sum.SequenceEqual(learner.CopiesInFrozen!.Of(name)!.Sum));
    }

    [Fact]
    public void Views_of_the_trained_branch_follow_the_same_rule()
    {
        double[] drift = [.. new[] { "", ",augmentation.rotationDegrees=90", ",augmentation.rotationDegrees=90,bench.consecutiveAxes=true" }.Select(more =>
        {
            using var file = new WavesFile(BenchWaves.Windows(perClass: 24));
            return file.Run(BenchWaves.Spec($"supconReplay:epochs=1{more}")).PrototypeDrift[^1];
        })];
        Assert.Equal(drift[0], drift[1]);
        Assert.NotEqual(drift[0], drift[2]);
    }

    [Fact]
    public void A_class_of_a_few_windows_does_not_change_the_ridge_over_the_established_ones()
    {
        int[] Of(int c) => [.. Enumerable.Range(0, s_data.Train.Count).Where(i => s_data.Train.Classes[i] == c)];
        int[] many = [.. Of(0), .. Of(1), .. Of(2)], few = [.. Of(3).Take(2)];
        using var branch = new FrozenBranch(s_data, many, new BenchVariant(), copyWeight: 0, seed: 1, TestContext.Current.CancellationToken);
        branch.Count(many);
        float[] before = branch.ScoreTrain(many, branch.Solve(many).ReadOut);
        branch.Tell(few);
        float[] after = branch.ScoreTrain(many, branch.Solve(many).ReadOut);
        for (int i = 0; i < many.Length; i++) Assert.Equal(before[(4 * i)..(4 * i + 3)], after[(4 * i)..(4 * i + 3)]); // To the bit: the ridge does not know of it.
        Assert.Contains(3, WindowScores.Best(branch.ScoreTrain(Of(3), branch.Solve(many).ReadOut), 4));
    }

    [Fact]
    public void A_lambda_that_is_given_is_taken()
    {
        using var learner = Learner("frozenRidge:bench.lambda=42");
        Learn(learner, LearningStream.Classes(s_data, 1)[0].Train);
        Frozen(learner);
        Assert.Equal("frozen ridge, λ 42", learner.ReadOut);
    }

    [Fact]
    public void Prototypes_speak_alone_while_fewer_than_two_classes_are_established()
    {
        int[] one = [.. Enumerable.Range(0, s_data.Train.Count).Where(i => s_data.Train.Classes[i] == 0)];
        int[] other = [.. Enumerable.Range(0, s_data.Train.Count).Where(i => s_data.Train.Classes[i] == 1).Take(2)];
        using var branch = new FrozenBranch(s_data, one, new BenchVariant(), copyWeight: 0, seed: 1, TestContext.Current.CancellationToken);
        branch.Count([.. one, .. other]);
        var (readOut, name) = branch.Solve(one);
        Assert.Equal("frozen prototypes", name);
        Assert.Equal([1, 1], WindowScores.Best(branch.ScoreTrain(other, readOut), 4));
    }

    [Fact]
    public void Means_of_another_method_are_taken_as_asked()
    {
        const string Matched = "er:epochs=1,bench.replayBatchSize=8,bench.views=true,bench.average=true";
        using var file = new WavesFile(BenchWaves.Windows(perClass: 24));
        double[] drift = [.. new[] { "er:epochs=1", Matched.Replace(",bench.views=true", ""), Matched.Replace(",bench.average=true", ""), Matched.Replace("Size=8", "Size=16"), Matched }
            .Select(method => file.Run(BenchWaves.Spec(method)).PrototypeDrift[^1])];
        Assert.Equal(drift.Length, drift.Distinct().Count()); // Each of the three changes what is learnt.
    }

    [Fact]
    public void A_loss_without_contrast_is_another_loss()
    {
        using var file = new WavesFile(BenchWaves.Windows(perClass: 24));
        var (usual, without) = (file.Run(BenchWaves.Spec("supconReplay:epochs=2")), file.Run(BenchWaves.Spec("supconReplay:epochs=2,contrastWeight=0")));
        Assert.NotEqual(usual.PrototypeDrift, without.PrototypeDrift);
        Assert.True(without.ReadOuts["head"][^1] > 0.7, $"cross-entropy alone ends at {without.ReadOuts["head"][^1]}");
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

    [Theory]
    [InlineData("first", 2)]
    [InlineData("all", 4)]
    public void Windows_are_met_without_labels_before_the_first_round(string which, int classCount)
    {
        using var file = new WavesFile(BenchWaves.Windows(perClass: 24));
        var (usual, pretrained) = (file.Run(BenchWaves.Spec("supconReplay:epochs=1")), file.Run(BenchWaves.Spec($"supconReplay:epochs=1,bench.pretrain={which},bench.pretrainEpochs=2")));
        int learntFrom = 24 - 2 * 24 / 8; // Of each class; two of eight people are for judging.
        Assert.Contains(pretrained.Notes, note => note.StartsWith($"{learntFrom * classCount} windows met without labels first: contrastive loss ", StringComparison.Ordinal));
        Assert.DoesNotContain(usual.Notes, note => note.Contains("without labels", StringComparison.Ordinal));
        Assert.Equal(usual.StepCount + 2, pretrained.StepCount); // All fit into one step of 96 windows.
        Assert.NotEqual(usual.PrototypeDrift, pretrained.PrototypeDrift);
    }

    [Fact]
    public void Anchors_leave_no_trace_in_what_is_learnt_without_labels()
    {
        int[] all = [.. Enumerable.Range(0, s_data.Train.Count)];
        float[] poisoned = [.. s_data.Train.Values];
        float[] expected = Embedded(s_data, out int[] anchors), size = new float[s_data.Train.Window.ValueCount];
        Assert.NotEmpty(anchors);
        foreach (int anchor in anchors) poisoned.AsSpan(anchor * size.Length, size.Length).Fill(1e4f);
        Assert.Equal(expected, Embedded(s_data with { Train = s_data.Train with { Values = poisoned } }, out _));

        float[] Embedded(BenchData data, out int[] held)
        {
            manual_seed(1);
            var spec = BenchWaves.Spec("edge:epochs=1,bench.pretrain=all,bench.pretrainEpochs=1") with { BufferShare = 1, Track = Track.SameBackbone };
            using var learner = new ContinualLearner(spec, data, TestContext.Current.CancellationToken);
            learner.Meet(all);
            foreach (var step in LearningStream.Classes(data, 1)) Learn(learner, step.Train);
            held = [.. learner.Anchors];
            using var scope = NewDisposeScope();
            return learner.Judge().Embeddings.contiguous().data<float>().ToArray();
        }
    }

    [Theory]
    [InlineData("joint:bench.pretrain=first")]
    [InlineData("frozenRidge:bench.pretrain=all")]
    public void Who_has_no_weights_that_last_cannot_be_trained_before(string method) =>
        Assert.Contains("has no weights that outlast its first round", Assert.Throws<ArgumentException>(() => Learner(method).Dispose()).Message);

    [Fact]
    public void What_is_remembered_can_be_chosen()
    {
        using var quota = Learner("er:epochs=1", share: 0.2);
        using var ring = Learner("er:epochs=1,bench.retention=ring", share: 0.2);
        int[] first = LearningStream.Classes(s_data, 1)[0].Train;
        foreach (var learner in new[] { quota, ring }) Learn(learner, first);
        Assert.Equal(2 * quota.Remembered.Count, ring.Remembered.Count); // The room of classes that have not come yet is not left empty.
        Assert.NotEqual(quota.Remembered, ring.Remembered);
    }

    private static ContinualLearner Learner(string method, double share = 1, BenchData? data = null)
    {
        manual_seed(1);
        return new ContinualLearner(BenchWaves.Spec(method) with { BufferShare = share }, data ?? s_data, TestContext.Current.CancellationToken);
    }

    private static void Learn(ContinualLearner learner, int[] windows) => learner.Learn(windows, _ => { });

    private static int[] Frozen(ContinualLearner learner)
    {
        var judgement = learner.Judge();
        judgement.Embeddings.Dispose();
        return judgement.ByReadOut["frozen"];
    }
}
