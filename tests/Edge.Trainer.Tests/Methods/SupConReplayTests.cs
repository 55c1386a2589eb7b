using Edge.Config;
using Edge.Trainer.Backbones;
using Edge.Trainer.Methods;
using Edge.Trainer.Rounds;
using static TorchSharp.torch;

namespace Edge.Trainer.Tests.Methods;

public class SupConReplayTests
{
    private static readonly TrainingSection s_plan = new() { Method = "supconReplay", Epochs = 2, BatchSize = 16, ReplayBatchSize = 32 };

    [Fact]
    public void The_loss_falls_and_nearest_class_means_tell_held_out_waves_apart_better()
    {
        using var net = Net();
        var train = SyntheticWaves.Draw([0, 1, 2, 3], 24, isFresh: true, seed: 1);
        var test = SyntheticWaves.Draw([0, 1, 2, 3], 25, isFresh: true, seed: 2);
        double before = Separation(net, train, test);
        var outcome = Train(net, train, s_plan with { Epochs = 3 });
        Assert.Null(outcome.AbandonedBecause);
        Assert.Equal(18, outcome.StepCount);
        Assert.Equal(18, net.TrainedStepCount);
        Assert.True(outcome.LastEpochLoss < outcome.FirstEpochLoss - 0.3, $"{outcome}"); // The floor is not 0: SupCon of p positives is at least ln p.
        Assert.Equal(1, Accuracy(net, train, test));
        Assert.True(Separation(net, train, test) > before + 0.2);
    }

    [Fact]
    public void Old_classes_survive_a_round_on_new_ones_with_a_few_replayed_windows()
    {
        using var net = Net();
        Train(net, SyntheticWaves.Draw([0, 1], 32, isFresh: true, seed: 1), s_plan);
        var few = SyntheticWaves.Draw([0, 1], 8, isFresh: false, seed: 1);
        var fresh = SyntheticWaves.Draw([2, 3], 32, isFresh: true, seed: 3);
        Assert.Null(Train(net, SyntheticWaves.Together(fresh, few), s_plan).AbandonedBecause);
        var memory = SyntheticWaves.Draw([0, 1, 2, 3], 8, isFresh: false, seed: 1);
        Assert.True(Accuracy(net, memory, SyntheticWaves.Draw([0, 1, 2, 3], 25, isFresh: true, seed: 2)) > 0.95);
    }

    [Theory]
    [InlineData(1, 0, 0)] // One new window, nothing else.
    [InlineData(20, 0, 0)] // New windows of one class, replay off.
    [InlineData(20, 5, 32)]
    [InlineData(0, 5, 4)] // Replay only.
    public void Thin_rounds_train_as_well(int fresh, int replay, int replayBatchSize)
    {
        using var net = Net();
        var samples = SyntheticWaves.Together(SyntheticWaves.Draw([0], fresh, isFresh: true, seed: 1), SyntheticWaves.Draw([1], replay, isFresh: false, seed: 2));
        for (int round = 0; round < 2; round++) // The second has a teacher.
        {
            var outcome = Train(net, samples, s_plan with { ReplayBatchSize = replayBatchSize });
            Assert.Null(outcome.AbandonedBecause);
            Assert.True(outcome.StepCount > 0);
        }
    }

    [Theory]
    [InlineData(1, 0, 1)]
    [InlineData(1, 1, 0)]
    [InlineData(0, 1, 1)]
    public void A_term_of_weight_zero_is_left_out(double contrastWeight, double crossEntropyWeight, double distillationWeight)
    {
        using var net = Net();
        var samples = SyntheticWaves.Draw([0, 1], 8, isFresh: true, seed: 1);
        for (int round = 0; round < 2; round++)
            Assert.Null(Train(net, samples, s_plan with { ContrastWeight = contrastWeight, CrossEntropyWeight = crossEntropyWeight, DistillationWeight = distillationWeight }).AbandonedBecause);
    }

    [Fact]
    public void The_loss_is_linear_in_the_weights_of_its_terms()
    {
        using var net = Net();
        using var scope = NewDisposeScope();
        var rows = randn(8, SyntheticWaves.Window.ChannelCount, SyntheticWaves.Window.Length);
        var batch = new StepBatch { Windows = rows, Labels = tensor((long[])[0, 0, 1, 1, 0, 0, 1, 1]), Fresh = [0, 1], Replayed = [2, 3], ViewCount = 2 };
        net.See([0, 1]);
        var embeddings = net.Backbone.forward(rows);
        double both = Loss(1, 1), contrast = Loss(1, 0), entropy = Loss(0, 1);
        Assert.True(contrast > 0.1 && entropy > 0.1, $"{contrast}, {entropy}");
        Assert.Equal(contrast + entropy, both, 1e-5);
        Assert.Equal(2.5 * contrast + 0.5 * entropy, Loss(2.5, 0.5), 1e-5);

        double Loss(double contrastWeight, double crossEntropyWeight)
        {
            using var method = new SupConReplay(s_plan with { ContrastWeight = contrastWeight, CrossEntropyWeight = crossEntropyWeight });
            return method.ProbeLoss(net, batch, embeddings).item<float>();
        }
    }

    [Fact]
    public void Labels_that_teach_nothing_are_refused() =>
        Assert.Contains("are both 0", Assert.Throws<ArgumentException>(() => new SupConReplay(s_plan with { ContrastWeight = 0, CrossEntropyWeight = 0 })).Message);

    [Fact]
    public void Nothing_to_train_on_is_a_reason()
    {
        using var net = Net();
        var outcome = Train(net, SyntheticWaves.Draw([0], 4, isFresh: false, seed: 1), s_plan with { ReplayBatchSize = 0 });
        Assert.StartsWith("There is nothing to train on: no new windows, and no replay.", outcome.AbandonedBecause);
    }

    [Fact]
    public void A_sample_that_is_not_a_number_is_named()
    {
        using var net = Net();
        var samples = SyntheticWaves.Draw([0, 1], 4, isFresh: true, seed: 1);
        samples.Values[5 * samples.Window.ValueCount + 2 * samples.Window.Length + 7] = float.NaN;
        Assert.Equal("Sample 5 (class 1) holds NaN in channel 2; expected finite values. Drop the example or mend the sensor's driver.", Train(net, samples, s_plan).AbandonedBecause);
    }

    [Fact]
    public void Samples_beyond_the_range_of_the_network_end_the_round_with_a_reason()
    {
        using var net = Net();
        var samples = SyntheticWaves.Draw([0, 1], 4, isFresh: true, seed: 1);
        samples.Values.AsSpan(0, samples.Window.Length).Fill(1e38f);
        Assert.StartsWith("The loss is NaN at step 1 of", Train(net, samples, s_plan).AbandonedBecause);
    }

    [Fact]
    public void A_loss_that_rises_over_the_round_ends_the_round_with_a_reason()
    {
        using var net = Net();
        Train(net, SyntheticWaves.Draw([0, 1, 2, 3], 24, isFresh: true, seed: 1), s_plan);
        var outcome = Train(net, SyntheticWaves.Draw([0, 1, 2, 3], 24, isFresh: true, seed: 1), s_plan with { LearningRate = 3, Epochs = 5 });
        Assert.StartsWith("The loss on the same batch rose from", outcome.AbandonedBecause, StringComparison.Ordinal);
        Assert.Contains("training.learningRate 3 may be too high", outcome.AbandonedBecause, StringComparison.Ordinal);
    }

    [Fact]
    public void The_number_of_tensors_stays_flat_over_the_steps()
    {
        using var net = Net();
        var samples = SyntheticWaves.Together(SyntheticWaves.Draw([0, 1], 32, isFresh: true, seed: 1), SyntheticWaves.Draw([2, 3], 8, isFresh: false, seed: 2));
        Train(net, samples, s_plan); // The gradients live from here on.
        GC.Collect(); // Else tensors that earlier tests left to it would vanish while these are counted.
        GC.WaitForPendingFinalizers();
        long before = Tensor.TotalCount;
        var counts = new List<long>();
        OneRound.Train(net, samples, s_plan with { Epochs = 3 }, report: (_, _, _) => counts.Add(Tensor.TotalCount));
        Assert.Equal(12, counts.Count);
        Assert.All(counts.Skip(1), count => Assert.Equal(counts[1], count));
        Assert.Equal(before, Tensor.TotalCount);
    }

    /// <summary>The short form of <c>Edge.Benchmarks training-steps-10000</c>, which also looks at resident memory.</summary>
    [Fact]
    public void Three_hundred_steps_leave_neither_tensors_nor_managed_memory_behind()
    {
        using var net = Net();
        var samples = SyntheticWaves.Together(SyntheticWaves.Draw([0, 1], 3, isFresh: true, seed: 1), SyntheticWaves.Draw([2, 3], 2, isFresh: false, seed: 2));
        var plan = s_plan with { BatchSize = 2, ReplayBatchSize = 2 };
        Train(net, samples, plan); // From here on there is a teacher.
        var (counts, bytes) = (new List<long>(201), new List<long>(2));
        OneRound.Train(net, samples, plan with { Epochs = 100 }, report: (step, _, _) =>
        {
            if (step is 100 or 300) bytes.Add(GC.GetTotalMemory(forceFullCollection: true)); // The first also ends what earlier tests left to the finaliser.
            if (step >= 100) counts.Add(Tensor.TotalCount);
        });
        Assert.Equal(201, counts.Count);
        Assert.All(counts, count => Assert.Equal(counts[0], count));
        Assert.True(bytes[1] - bytes[0] < 64 << 10, $"{bytes[1] - bytes[0]} bytes in 200 steps");
    }

    [Fact]
    public void A_cancelled_round_stops_before_its_next_step()
    {
        using var net = Net();
        using var cancel = new CancellationTokenSource();
        int steps = 0;
        Assert.Throws<OperationCanceledException>(() => OneRound.Train(net, SyntheticWaves.Draw([0, 1], 32, isFresh: true, seed: 1), s_plan, report: (_, _, _) =>
        {
            if (++steps == 2) cancel.Cancel();
        }, cancel: cancel.Token));
        Assert.Equal(2, steps);
    }

    private static LearnerNet Net()
    {
        manual_seed(1);
        return new LearnerNet(new TscilCnn(SyntheticWaves.Window.ChannelCount), SyntheticWaves.Classes);
    }

    private static TrainingOutcome Train(LearnerNet net, RoundSamples samples, TrainingSection plan) => OneRound.Train(net, samples, plan);

    /// <summary>Cosines of test windows to the class means of the memory, [test, classes], and the true classes.</summary>
    private static (Tensor Cosines, Tensor Labels) Score(LearnerNet net, RoundSamples memory, RoundSamples test)
    {
        using var _ = no_grad();
        var embeddings = Embed(net, memory);
        var means = stack(memory.Classes.Distinct().Order().Select(c => embeddings[tensor(memory.Classes).eq(c)].mean([0])));
        return (Embed(net, test).matmul(nn.functional.normalize(means, 2, 1).t()), tensor(test.Classes, ScalarType.Int64));
    }

    private static double Accuracy(LearnerNet net, RoundSamples memory, RoundSamples test)
    {
        using var scope = NewDisposeScope();
        var (cosines, labels) = Score(net, memory, test);
        return cosines.argmax(1).eq(labels).to_type(ScalarType.Float64).mean().item<double>();
    }

    /// <summary>Mean cosine to the own class's mean less that to the nearest other one.</summary>
    private static double Separation(LearnerNet net, RoundSamples memory, RoundSamples test)
    {
        using var scope = NewDisposeScope();
        var (cosines, labels) = Score(net, memory, test);
        var own = cosines.gather(1, labels.unsqueeze(1)).squeeze(1);
        return (own - cosines.scatter(1, labels.unsqueeze(1), full_like(own, -1).unsqueeze(1)).amax([1])).mean().item<float>();
    }

    private static Tensor Embed(LearnerNet net, RoundSamples samples) =>
        nn.functional.normalize(net.Backbone.forward(tensor(samples.Values, [samples.Count, samples.Window.ChannelCount, samples.Window.Length])), 2, 1);
}
