using Edge.Config;
using Edge.Trainer.Backbones;
using Edge.Trainer.Methods;
using Edge.Trainer.Rounds;

namespace Edge.Trainer.Tests.Methods;

/// <summary>What sets the methods apart, where the difference is large enough to be claimed on the synthetic waves.</summary>
public class ComparisonTests
{
    private static readonly TrainingSection s_plan = new() { Epochs = 6, BatchSize = 16, ReplayBatchSize = 16 };

    [Fact]
    public void Without_replay_new_classes_take_over_and_with_replay_the_old_ones_stay()
    {
        Assert.True(OldAccuracy("naive") < 0.2);
        Assert.All(new[] { "er", "erAce", "derpp", "pcr" }, name => Assert.True(OldAccuracy(name) > 0.8, name));
    }

    [Fact]
    public void Joint_training_on_everything_knows_everything()
    {
        var plan = s_plan with { Method = "joint" };
        using var method = MethodCatalogue.Create(plan);
        using var net = TwoRounds.Net(method.Head);
        OneRound.Train(method, net, SyntheticWaves.Draw([0, 1, 2, 3], 24, isFresh: true, seed: 1), plan);
        Assert.True(TwoRounds.HeadAccuracy(net, [0, 1, 2, 3]) > 0.9);
    }

    [Fact]
    public void Lwf_without_a_parent_is_naive_and_with_one_it_is_not()
    {
        var plan = s_plan with { Epochs = 1 };
        Assert.Equal(Weights(plan, "naive", rounds: 1), Weights(plan, "lwf", rounds: 1));
        Assert.NotEqual(Weights(plan, "naive", rounds: 2), Weights(plan, "lwf", rounds: 2));
    }

    [Fact]
    public void Edge_trains_its_backbone_as_supcon_replay_does()
    {
        var plan = s_plan with { Epochs = 1 };
        Assert.Equal(Weights(plan, "supconReplay", rounds: 2), Weights(plan, "edge", rounds: 2));
        using var edge = new EdgeMethod(plan);
        Assert.Equal(ReadOutKind.Fused, edge.ReadOut);
    }

    [Fact]
    public void A_method_that_does_not_train_leaves_the_weights_as_they_are()
    {
        using var untouched = TwoRounds.Net(HeadKind.Linear);
        untouched.See([0, 1, 2, 3]);
        Assert.Equal(LearnerCheckpoint.ToBytes(untouched), Weights(s_plan, "frozenRidge", rounds: 2));
    }

    private static double OldAccuracy(string name)
    {
        var plan = s_plan with { Method = name };
        using var method = MethodCatalogue.Create(plan);
        using var net = TwoRounds.Net(method.Head);
        OneRound.Train(method, net, TwoRounds.First(24), plan);
        Assert.True(TwoRounds.HeadAccuracy(net, [0, 1]) > 0.9);
        Assert.Null(OneRound.Train(method, net, TwoRounds.Second(24, 8), plan).AbandonedBecause);
        return TwoRounds.HeadAccuracy(net, [0, 1]);
    }

    private static byte[] Weights(TrainingSection plan, string name, int rounds)
    {
        using var method = MethodCatalogue.Create(plan with { Method = name });
        using var net = TwoRounds.Net(method.Head);
        foreach (var samples in new[] { TwoRounds.First(12), TwoRounds.Second(12, 6) }.Take(rounds)) OneRound.Train(method, net, samples, plan);
        return LearnerCheckpoint.ToBytes(net);
    }
}
