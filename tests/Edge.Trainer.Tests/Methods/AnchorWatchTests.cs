using Edge.Config;
using Edge.Trainer.Backbones;
using Edge.Trainer.Methods;
using Edge.Trainer.Rounds;

namespace Edge.Trainer.Tests.Methods;

/// <summary>The anchor set says which pass is kept and when to stop.</summary>
public class AnchorWatchTests
{
    private static readonly TrainingSection s_plan = new() { Method = "supconReplay", Epochs = 6, BatchSize = 16, ReplayBatchSize = 16 };

    [Fact]
    public void Anchors_that_are_all_told_apart_end_the_round_after_its_patience_and_the_latest_pass_is_kept()
    {
        using var net = TwoRounds.Net(HeadKind.Cosine);
        var outcome = Train(net, s_plan, SyntheticWaves.Draw([0, 1], 4, isFresh: false, seed: 5));
        Assert.Equal(("anchor set", 3, 9, 100.0), (outcome.EndedEarly, outcome.KeptEpoch, outcome.StepCount, outcome.AnchorPercent));
        AssertEndedAs(net, s_plan with { Epochs = 3, PatienceEpochs = 0 });
    }

    [Fact]
    public void The_weights_of_the_best_pass_come_back_after_worse_ones()
    {
        using var net = TwoRounds.Net(HeadKind.Cosine);
        Train(net, s_plan with { Epochs = 3 }, null);
        using var pool = new TrainingPool(TwoRounds.First(24));
        using var anchors = new TrainingPool(SyntheticWaves.Draw([0, 1], 4, isFresh: false, seed: 5));
        using var watch = AnchorWatch.For(new TrainingOrder { Net = net, Pool = pool, Fresh = [.. Enumerable.Range(0, pool.Count)], Memory = new RoundMemory(1), Anchors = anchors }, epochs: 4, patience: 2)!;
        using var optimizer = new FlatAdam(net.parameters(), 1e-3);
        using var good = optimizer.Weights.clone();
        Assert.True(watch.Look(1, net, optimizer.Weights));
        optimizer.Weights.zero_(); // Every window is embedded alike: one class takes all.
        Assert.True(watch.Look(2, net, optimizer.Weights));
        Assert.False(watch.Look(3, net, optimizer.Weights));
        watch.Settle(optimizer.Weights);
        Assert.Equal((1, 100.0), (watch.BestEpoch, watch.BestPercent));
        Assert.True(good.Equals(optimizer.Weights));
    }

    [Fact]
    public void Looking_at_the_anchors_changes_nothing_in_training()
    {
        using var net = TwoRounds.Net(HeadKind.Cosine);
        Train(net, s_plan with { Epochs = 2 }, SyntheticWaves.Draw([0, 1], 4, isFresh: false, seed: 5));
        AssertEndedAs(net, s_plan with { Epochs = 2, PatienceEpochs = 0 });
    }

    [Theory]
    [InlineData(1, 2, 3)] // Too few anchors.
    [InlineData(4, 0, 3)]
    [InlineData(4, 2, 1)] // One pass: nothing to choose from.
    public void Where_there_is_nothing_to_choose_by_the_last_pass_is_kept(int perClass, int patience, int epochs)
    {
        using var net = TwoRounds.Net(HeadKind.Cosine);
        var outcome = Train(net, s_plan with { Epochs = epochs, PatienceEpochs = patience }, SyntheticWaves.Draw([0, 1], perClass, isFresh: false, seed: 5));
        Assert.Equal((null, null, null, 3 * epochs), (outcome.EndedEarly, outcome.KeptEpoch, outcome.AnchorPercent, outcome.StepCount));
    }

    private static void AssertEndedAs(LearnerNet net, TrainingSection plan)
    {
        using var expected = TwoRounds.Net(HeadKind.Cosine);
        Train(expected, plan, null);
        Assert.Equal(LearnerCheckpoint.ToBytes(expected), LearnerCheckpoint.ToBytes(net));
    }

    private static TrainingOutcome Train(LearnerNet net, TrainingSection plan, RoundSamples? anchors)
    {
        using var method = MethodCatalogue.Create(plan);
        using var pool = new TrainingPool(TwoRounds.First(24));
        using var watched = anchors is null ? null : new TrainingPool(anchors);
        return new TrainingLoop(plan, method, plan.Seed).Train(new TrainingOrder
        {
            Net = net,
            Pool = pool,
            Fresh = [.. Enumerable.Range(0, pool.Count)],
            Memory = new RoundMemory(plan.Seed),
            Anchors = watched,
            Cancel = TestContext.Current.CancellationToken,
        });
    }
}
