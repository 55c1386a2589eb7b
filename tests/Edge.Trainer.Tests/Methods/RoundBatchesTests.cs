using Edge.Config;
using Edge.Storage;
using Edge.Trainer.Methods;

namespace Edge.Trainer.Tests.Methods;

public class RoundBatchesTests
{
    [Fact]
    public void Every_new_window_comes_once_per_epoch_and_the_last_batch_is_what_is_left()
    {
        var batches = new RoundBatches(Order(fresh: [0, 0, 1, 1, 1], replay: []), new TrainingSection { BatchSize = 2 }, new ExperienceReplay(), seed: 1);
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
        var batches = new RoundBatches(Order(fresh: [0, 1, 0, 1], replay: []), new TrainingSection { BatchSize = 2 }, new ExperienceReplay(), seed: 1);
        var first = batches.Next();
        Assert.Empty(first.Replay);
        Assert.Equal(first.Fresh.Order(), batches.Next().Replay.Order());
        var third = batches.Next(); // The second epoch: what the step trains on anyway is not replayed beside itself.
        Assert.Equal([0, 1, 2, 3], third.Fresh.Concat(third.Replay).Order());
    }

    [Fact]
    public void A_draw_is_balanced_over_classes_of_unequal_size_and_holds_no_window_twice()
    {
        int[] classes = [.. Enumerable.Repeat(0, 90), .. Enumerable.Repeat(1, 9), .. Enumerable.Repeat(2, 2)];
        var batches = new RoundBatches(Order(fresh: [3], replay: classes), new TrainingSection { BatchSize = 2, ReplayBatchSize = 12 }, new ExperienceReplay(), seed: 1);
        for (int step = 0; step < 20; step++)
        {
            int[] replay = batches.Next().Replay;
            Assert.Equal(step == 0 ? 12 : 11, replay.Distinct().Count()); // From the second step on the only window of class 3 is drawn, and left out since it is the new one.
            int[] perClass = [.. Enumerable.Range(0, 4).Select(c => replay.Count(i => (i == 0 ? 3 : classes[i - 1]) == c))];
            Assert.Equal(2, perClass[2]);
            Assert.Equal(0, perClass[3]);
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
        var batches = new RoundBatches(Order(fresh: [], replay: [0, 0, 1, 1, 2]), new TrainingSection { ReplayBatchSize = 2 }, new ExperienceReplay(), seed: 1);
        Assert.Equal(3, batches.StepsPerEpoch);
        var (fresh, replay) = batches.Next();
        Assert.Empty(fresh);
        Assert.Equal(2, replay.Length);
    }

    [Fact]
    public void Without_anything_there_are_no_steps()
    {
        Assert.Equal(0, new RoundBatches(Order([], []), new TrainingSection(), new ExperienceReplay(), seed: 1).StepsPerEpoch);
        Assert.Equal(0, new RoundBatches(Order([], [0, 1]), new TrainingSection { ReplayBatchSize = 0 }, new ExperienceReplay(), seed: 1).StepsPerEpoch);
    }

    [Fact]
    public void A_method_that_does_not_replay_gets_new_windows_alone_and_fills_the_memory_all_the_same()
    {
        var order = Order(fresh: [0, 1], replay: [0, 1, 2]);
        var batches = new RoundBatches(order, new TrainingSection { BatchSize = 2 }, new NaiveFineTuning(), seed: 1);
        Assert.Empty(batches.Next().Replay);
        Assert.Empty(batches.Next().Replay);
        Assert.Equal([0, 1, 2, 3, 4], order.Memory.Kept);
    }

    [Theory]
    [InlineData(64, 32)] // ER asks for 32 at most, as the benchmark that it comes from.
    [InlineData(8, 8)]
    [InlineData(0, 0)]
    public void A_method_replays_no_more_than_suits_it_and_no_more_than_the_plan_says(int planned, int drawn)
    {
        var order = Order(fresh: [0], replay: [.. Enumerable.Repeat(1, 80)]);
        Assert.Equal(drawn, new RoundBatches(order, new TrainingSection { ReplayBatchSize = planned }, new ExperienceReplay(), seed: 1).Next().Replay.Length);
    }

    [Fact]
    public void In_stream_order_the_new_windows_come_as_they_were_given()
    {
        var batches = new RoundBatches(Order(fresh: [.. Enumerable.Range(0, 40)], replay: []) with { InStreamOrder = true }, new TrainingSection { BatchSize = 8 }, new NaiveFineTuning(), seed: 1);
        Assert.Equal(Enumerable.Range(0, 40), Enumerable.Range(0, 5).SelectMany(_ => batches.Next().Fresh));
    }

    /// <summary>Pool indices count the new windows first.</summary>
    private static TrainingOrder Order(int[] fresh, int[] replay)
    {
        int[] classes = [.. fresh, .. replay];
        var memory = new RoundMemory(1);
        for (int i = fresh.Length; i < classes.Length; i++) memory.Offer(i, classes[i]);
        return new TrainingOrder
        {
            Net = null!, // Batches are laid out without it.
            Pool = new TrainingPool(new float[classes.Length], classes, new WindowShape(1, 1, 1)),
            Fresh = [.. Enumerable.Range(0, fresh.Length)],
            Memory = memory,
        };
    }
}
