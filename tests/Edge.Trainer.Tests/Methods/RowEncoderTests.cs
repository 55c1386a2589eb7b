using Edge.Config;
using Edge.Trainer.Backbones;
using Edge.Trainer.Methods;
using static TorchSharp.torch;

namespace Edge.Trainer.Tests.Methods;

/// <summary>A batch may go through the backbone in parts, and in bfloat16.</summary>
public class RowEncoderTests
{
    [Theory]
    [InlineData("supconReplay", 1)]
    [InlineData("supconReplay", 7)]
    [InlineData("supconReplay", 64)]
    [InlineData("co2l", 7)]
    [InlineData("derpp", 7)]
    public void In_parts_the_gradients_are_those_of_the_whole_batch(string name, int rowsAtOnce)
    {
        using var scope = NewDisposeScope();
        using var method = MethodCatalogue.Create(new TrainingSection { Method = name });
        using var net = TwoRounds.Net(method.Head);
        net.TrainedStepCount = 1;
        net.See([0, 1, 2, 3]);
        var samples = TwoRounds.Second(12, 6);
        using var pool = new TrainingPool(samples);
        int[] fresh = [.. Enumerable.Range(0, 24)], replayed = [.. Enumerable.Range(24, 12)];
        method.BeginRound(new MethodRound(net, pool, fresh, replayed, TestContext.Current.CancellationToken));
        int[] rows = method.Augments ? [.. fresh, .. fresh, .. replayed, .. replayed] : [.. fresh, .. replayed];
        var batch = new StepBatch { Windows = pool.At(rows), Labels = pool.Labels.index_select(0, tensor(rows, ScalarType.Int64)), Fresh = fresh, Replayed = replayed, ViewCount = method.Augments ? 2 : 1 };
        batch = batch with { Windows = batch.Windows + 0.1 * randn_like(batch.Windows) };

        var (wholeLoss, whole) = Gradients(int.MaxValue);
        var (loss, parts) = Gradients(rowsAtOnce);
        Assert.Equal(wholeLoss, loss, 1e-5);
        double largest = whole.Max(g => g.abs().max().item<float>());
        Assert.True(largest > 0.01);
        Assert.All(whole.Zip(parts), pair => Assert.InRange((pair.First - pair.Second).abs().max().item<float>(), 0, 1e-5 * Math.Max(1, largest)));

        (double Loss, Tensor[] Gradients) Gradients(int atOnce)
        {
            foreach (var parameter in net.parameters()) parameter.grad = null;
            double value = new RowEncoder(net, atOnce).Backward(batch.Windows, h => method.Loss(net, batch, h)).item<float>();
            return (value, [.. net.parameters().Where(p => p.grad is not null).Select(p => p.grad!.clone())]);
        }
    }

    [Fact]
    public void A_round_in_parts_ends_where_the_whole_one_does()
    {
        var plan = new TrainingSection { Method = "ewc", Epochs = 2, BatchSize = 16 };
        using var whole = Trained(plan, out _);
        using var parts = Trained(plan with { MicroBatchSize = 5 }, out var outcome);
        Assert.Equal(5, outcome.MicroBatchSize);
        Assert.All(whole.parameters().Zip(parts.parameters()), pair => Assert.InRange((pair.First - pair.Second).abs().max().item<float>(), 0, 5e-3));
    }

    [Theory]
    [InlineData(1500, int.MaxValue)]
    [InlineData(400, 192)]
    [InlineData(300, 4)]
    public void Rows_at_once_follow_the_memory_budget(int budgetMiB, int atMost)
    {
        using var net = TwoRounds.Net(HeadKind.Cosine);
        using var pool = new TrainingPool(TwoRounds.First(4));
        int rows = MicroBatches.RowsAtOnce(new TrainingSection { MemoryBudgetMiB = budgetMiB }, net, pool);
        Assert.InRange(rows, 4, atMost);
        if (budgetMiB == 1500) Assert.True(rows > 192); // The default round goes through whole.
    }

    [Theory]
    [InlineData("edge", 0, 0, 192)]
    [InlineData("edge", 0, 1, 96)]
    [InlineData("er", 0, 1, 32)] // 32 new, 32 replayed, no views.
    [InlineData("naive", 0, 2, 8)]
    [InlineData("edge", 40, 1, 20)]
    [InlineData("edge", 0, 31, 4)]
    public void Rows_are_halved_from_what_a_step_takes_or_the_plan_says(string name, int planned, int halvings, int expected)
    {
        var plan = new TrainingSection { Method = name, MicroBatchSize = planned };
        using var net = TwoRounds.Net(HeadKind.Cosine);
        using var pool = new TrainingPool(TwoRounds.First(4));
        using var method = MethodCatalogue.Create(plan);
        Assert.Equal(expected, MicroBatches.Halved(plan, method, net, pool, halvings));
    }

    [Fact]
    public void In_bfloat16_the_loss_falls_as_in_float32_and_the_weights_stay_float32()
    {
        var plan = new TrainingSection { Method = "supconReplay", Epochs = 3, BatchSize = 16, ReplayBatchSize = 16 };
        using var reference = Trained(plan, out var full);
        using var net = Trained(plan with { Precision = "bfloat16" }, out var half);
        Assert.Equal(("float32", "bfloat16"), (full.Precision, half.Precision));
        Assert.True(half.LastEpochLoss < half.FirstEpochLoss - 0.2, $"{half}");
        Assert.Equal(full.LastEpochLoss, half.LastEpochLoss, 0.1);
        Assert.All(net.parameters(), p => Assert.Equal(ScalarType.Float32, p.dtype));
        Assert.Contains(net.Backbone.parameters().Zip(reference.Backbone.parameters()), pair => !pair.First.Equals(pair.Second)); // Else it was not computed otherwise.
    }

    [Theory]
    [InlineData("MlpBackbone", 24, 1)]
    [InlineData("ResNet1d", 9, 32)]
    [InlineData("TimeSeriesTransformer", 9, 32)]
    public void Every_backbone_has_a_twin_in_bfloat16(string name, int channelCount, int length)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var net = new LearnerNet(BackboneCatalogue.Create(name, channelCount, length), ["a", "b"]);
        var windows = randn(8, channelCount, length);
        net.Backbone.FitInput(windows);
        using var twin = new Bfloat16Twin(net.Backbone, length);
        var embeddings = new RowEncoder(net, 3, twin).Embed(windows);
        var exact = net.Backbone.forward(windows);
        Assert.Equal(ScalarType.Float32, embeddings.dtype);
        Assert.InRange((embeddings - exact).norm().item<float>() / exact.norm().item<float>(), 1e-6, 0.05);
        new RowEncoder(net, 3, twin).Backward(windows, h => h.pow(2).mean());
        Assert.All(net.Backbone.parameters(), p => Assert.Equal(ScalarType.Float32, p.grad!.dtype));
    }

    private static LearnerNet Trained(TrainingSection plan, out TrainingOutcome outcome)
    {
        using var method = MethodCatalogue.Create(plan);
        var net = TwoRounds.Net(method.Head);
        OneRound.Train(method, net, TwoRounds.First(12), plan);
        outcome = OneRound.Train(method, net, TwoRounds.Second(12, 6), plan);
        Assert.Null(outcome.AbandonedBecause);
        return net;
    }
}
