using Edge.Config;
using Edge.Storage;
using Edge.Trainer.Methods;
using Edge.Trainer.Rounds;

namespace Edge.Trainer.Tests.Methods;

public class RoundBatchesTests
{
    [Fact]
    public void Every_new_window_comes_once_per_epoch_and_the_last_batch_is_what_is_left()
    {
        var batches = new RoundBatches(Samples(fresh: [0, 0, 1, 1, 1], replay: []), new TrainingSection { BatchSize = 2 }, seed: 1);
        Assert.Equal(3, batches.StepsPerEpoch);
        for (int epoch = 0; epoch < 3; epoch++)
        {
            int[][] fresh = [batches.Next().Fresh, batches.Next().Fresh, batches.Next().Fresh];
            Assert.Equal([2, 2, 1], fresh.Select(f => f.Length));
            Assert.Equal([0, 1, 2, 3, 4], fresh.SelectMany(f => f).Order());
        }
    }

    [Fact]
    public void New_windows_can_be_replayed_from_the_step_after_their_own()
    {
        var batches = new RoundBatches(Samples(fresh: [0, 1, 0, 1], replay: []), new TrainingSection { BatchSize = 2 }, seed: 1);
        var first = batches.Next();
        Assert.Empty(first.Replay);
        Assert.Equal(first.Fresh.Order(), batches.Next().Replay.Order());
        Assert.Equal([0, 1, 2, 3], batches.Next().Replay.Order());
    }

    [Fact]
    public void A_draw_is_balanced_over_classes_of_unequal_size_and_holds_no_window_twice()
    {
        int[] classes = [.. Enumerable.Repeat(0, 90), .. Enumerable.Repeat(1, 9), .. Enumerable.Repeat(2, 2)];
        var batches = new RoundBatches(Samples(fresh: [3], replay: classes), new TrainingSection { BatchSize = 2, ReplayBatchSize = 12 }, seed: 1);
        for (int step = 0; step < 20; step++)
        {
            int[] replay = batches.Next().Replay;
            Assert.Equal(12, replay.Distinct().Count());
            int[] perClass = [.. Enumerable.Range(0, 4).Select(c => replay.Count(i => (i == 0 ? 3 : classes[i - 1]) == c))];
            Assert.Equal(2, perClass[2]);
            Assert.Equal(step == 0 ? 0 : 1, perClass[3]);
            Assert.InRange(perClass[0] - perClass[1], -1, 1);
        }
    }

    [Fact]
    public void Every_window_of_a_class_comes_up_before_one_comes_up_again()
    {
        var draw = new ClassBalancedDraw(1);
        for (int i = 0; i < 10; i++) draw.Offer(i, 0);
        for (int pass = 0; pass < 3; pass++) Assert.Equal(Enumerable.Range(0, 10), draw.Next(4).Concat(draw.Next(6)).Order());
        Assert.Equal(Enumerable.Range(0, 10), draw.Next(99).Order());
    }

    [Fact]
    public void Without_new_windows_an_epoch_covers_the_replay_samples()
    {
        var batches = new RoundBatches(Samples(fresh: [], replay: [0, 0, 1, 1, 2]), new TrainingSection { ReplayBatchSize = 2 }, seed: 1);
        Assert.Equal(3, batches.StepsPerEpoch);
        var (fresh, replay) = batches.Next();
        Assert.Empty(fresh);
        Assert.Equal(2, replay.Length);
    }

    [Fact]
    public void Without_anything_there_are_no_steps()
    {
        Assert.Equal(0, new RoundBatches(Samples([], []), new TrainingSection(), seed: 1).StepsPerEpoch);
        Assert.Equal(0, new RoundBatches(Samples([], [0, 1]), new TrainingSection { ReplayBatchSize = 0 }, seed: 1).StepsPerEpoch);
    }

    private static RoundSamples Samples(int[] fresh, int[] replay) => new()
    {
        Window = new WindowShape(1, 1, 1),
        Classes = [.. fresh, .. replay],
        IsFresh = [.. fresh.Select(_ => true), .. replay.Select(_ => false)],
        Values = new float[fresh.Length + replay.Length],
    };
}
