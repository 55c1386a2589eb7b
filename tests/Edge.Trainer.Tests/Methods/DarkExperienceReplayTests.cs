using Edge.Config;
using Edge.Trainer.Backbones;
using Edge.Trainer.Methods;
using Edge.Trainer.Rounds;
using static TorchSharp.torch;

namespace Edge.Trainer.Tests.Methods;

public class DarkExperienceReplayTests
{
    private static readonly TrainingSection s_plan = new() { Method = "derpp", Epochs = 1, BatchSize = 8, ReplayBatchSize = 8 };

    [Fact]
    public void Logits_are_those_of_the_step_that_trained_on_a_window_and_a_window_is_known_in_another_pool()
    {
        using var scope = NewDisposeScope();
        using var method = new DarkExperienceReplay();
        using var net = TwoRounds.Net(method.Head);
        var samples = SyntheticWaves.Draw([0, 1], 4, isFresh: true, seed: 1); // One batch: its logits are those of the untrained net.
        using var pool = new TrainingPool(samples);
        float[] untrained = net.Head.forward(net.Backbone.forward(pool.Windows)).data<float>().ToArray();
        OneRound.Train(method, net, samples, s_plan);

        var (reversed, remembered) = (Reversed(samples), new RememberedLogits());
        remembered.Restore(method.State());
        using var nextPool = new TrainingPool(reversed);
        remembered.Open(new MethodRound(net, nextPool, [], [.. Enumerable.Range(0, 8)], TestContext.Current.CancellationToken));
        float[] found = remembered.Of([.. Enumerable.Range(0, 8).Reverse()]).data<float>().ToArray();
        remembered.Dispose();
        Assert.All(found.Zip(untrained), pair => Assert.Equal(pair.Second, pair.First, 1e-5f));
    }

    [Fact]
    public void A_window_without_remembered_logits_gets_the_parents_and_none_without_a_parent()
    {
        using var scope = NewDisposeScope();
        using var net = TwoRounds.Net(HeadKind.Linear);
        using var pool = new TrainingPool(SyntheticWaves.Draw([0, 1], 4, isFresh: false, seed: 1));
        using var remembered = new RememberedLogits();
        remembered.Open(new MethodRound(net, pool, [0], [5, 6], TestContext.Current.CancellationToken));
        Assert.False(remembered.Knows(5));
        net.TrainedStepCount = 1;
        remembered.Open(new MethodRound(net, pool, [0], [5, 6], TestContext.Current.CancellationToken));
        Assert.Equal([false, false, true, true], new[] { 0, 4, 5, 6 }.Select(remembered.Knows));
        Assert.True(remembered.Of([5, 6]).allclose(net.Head.forward(net.Backbone.forward(pool.At([5, 6]))), atol: 1e-5));
    }

    [Fact]
    public void Restored_it_goes_on_as_if_it_had_never_stopped()
    {
        using var through = new DarkExperienceReplay();
        using var net = TwoRounds.Net(through.Head);
        OneRound.Train(through, net, TwoRounds.First(12), s_plan);
        using var other = TwoRounds.Net(through.Head);
        other.load_state_dict(net.state_dict());
        other.TrainedStepCount = net.TrainedStepCount;
        other.See([0, 1]);
        using var restored = new DarkExperienceReplay();
        restored.Restore(through.State());
        using var amnesic = new DarkExperienceReplay();
        using var third = TwoRounds.Net(through.Head);
        third.load_state_dict(net.state_dict());
        third.TrainedStepCount = net.TrainedStepCount;
        third.See([0, 1]);

        byte[][] after = [Second(through, net), Second(restored, other), Second(amnesic, third)];
        Assert.Equal(after[0], after[1]);
        Assert.NotEqual(after[0], after[2]);

        static byte[] Second(TrainingMethod method, LearnerNet net)
        {
            OneRound.Train(method, net, TwoRounds.Second(12, 6), s_plan);
            return LearnerCheckpoint.ToBytes(net);
        }
    }

    [Fact]
    public void What_the_last_round_did_not_meet_goes_first_when_there_are_too_many()
    {
        using var scope = NewDisposeScope();
        using var net = TwoRounds.Net(HeadKind.Linear);
        using var remembered = new RememberedLogits();
        foreach (int first in new[] { 0, 10_000 })
        {
            using var pool = new TrainingPool([.. Enumerable.Range(first, 10_000).Select(i => (float)i)], new int[10_000], new Edge.Storage.WindowShape(1, 1, 1));
            var round = new MethodRound(net, pool, [.. Enumerable.Range(0, 10_000)], [], TestContext.Current.CancellationToken);
            remembered.Open(round);
            remembered.Keep(round.Fresh, ones(10_000, 4));
            remembered.Close(round with { Remembered = round.Fresh });
        }

        Assert.Equal([16_384], remembered.State()["windows"].shape);
        using var both = new TrainingPool([0, 3_616, 10_000], new int[3], new Edge.Storage.WindowShape(1, 1, 1));
        remembered.Open(new MethodRound(net, both, [], [0, 1, 2], TestContext.Current.CancellationToken));
        Assert.Equal([false, true, true], new[] { 0, 1, 2 }.Select(remembered.Knows));
    }

    private static RoundSamples Reversed(RoundSamples samples) => samples with
    {
        Classes = [.. samples.Classes.Reverse()],
        Values = [.. samples.Values.Chunk(samples.Window.ValueCount).Reverse().SelectMany(values => values)],
    };
}
