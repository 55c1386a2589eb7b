using Edge.Config;
using Edge.Trainer.Backbones;
using Edge.Trainer.Methods;
using Edge.Trainer.Objectives;
using Edge.Trainer.Rounds;
using static TorchSharp.torch;

namespace Edge.Trainer.Tests.Methods;

public class ContrastivePretrainingTests
{
    private static readonly TrainingSection s_plan = new() { BatchSize = 8, ReplayBatchSize = 8 };
    private static readonly AugmentationSection s_view = new() { Crop = 0.8, Scaling = 0.2, Jitter = 0.1 };

    [Fact]
    public void The_loss_falls_and_head_and_count_of_steps_stay_as_they_are()
    {
        using var net = Net();
        float[] head = Values(net.Head), backbone = Values(net.Backbone), projector = Values(net.Projector);
        var shares = new List<double>();
        var outcome = Train(net, Waves(), epochs: 10, report: shares.Add);
        Assert.Null(outcome.AbandonedBecause);
        Assert.Equal(10 * 3, outcome.StepCount);
        Assert.Equal([.. Enumerable.Range(1, 30).Select(step => step / 30.0)], shares);
        Assert.InRange(outcome.FirstEpochLoss, 0.5, Math.Log(31)); // Guessing among 31 others costs ln 31.
        Assert.True(outcome.LastEpochLoss < outcome.FirstEpochLoss - 0.2, $"{outcome}");
        Assert.Equal(head, Values(net.Head));
        Assert.NotEqual(backbone, Values(net.Backbone));
        Assert.NotEqual(projector, Values(net.Projector));
        Assert.Equal(0, net.TrainedStepCount);
    }

    [Fact]
    public void The_same_seed_gives_the_same_weights_whatever_the_labels()
    {
        var waves = Waves();
        float[] once = Weights(waves, seed: 1);
        Assert.Equal(once, Weights(waves, seed: 1));
        Assert.Equal(once, Weights(waves with { Classes = [.. waves.Classes.Select(c => 3 - c)] }, seed: 1));
        Assert.NotEqual(once, Weights(waves, seed: 2));

        static float[] Weights(RoundSamples samples, int seed)
        {
            using var net = Net();
            Train(net, samples, epochs: 1, seed: seed);
            return Values(net.Backbone);
        }
    }

    [Fact]
    public void SupCon_with_every_window_a_class_of_its_own_is_NT_Xent()
    {
        using var scope = NewDisposeScope();
        const double T = 0.1;
        manual_seed(3);
        var z = nn.functional.normalize(randn(6, 5, dtype: ScalarType.Float64), 2, 1); // Three windows, then their second views.
        double expected = 0;
        for (int i = 0; i < 6; i++)
        {
            double Similarity(int a) => z[i].dot(z[a]).item<double>() / T;
            expected += Math.Log(Enumerable.Range(0, 6).Where(a => a != i).Sum(a => Math.Exp(Similarity(a)))) - Similarity((i + 3) % 6);
        }

        Assert.Equal(expected / 6, new SupConLoss(T).Loss(z, tensor(new long[] { 0, 1, 2, 0, 1, 2 })).item<double>(), 1e-9);
    }

    [Fact]
    public void One_window_is_nothing_to_contrast()
    {
        using var net = Net();
        float[] before = Values(net.Backbone);
        using var pool = new TrainingPool(Waves());
        var outcome = new ContrastivePretraining(s_plan, s_view, epochs: 1, seed: 1).Train(net, pool, [5], _ => { }, TestContext.Current.CancellationToken);
        Assert.Equal("There is nothing to contrast in 1 windows without labels; expected at least 2.", outcome.AbandonedBecause);
        Assert.Equal(before, Values(net.Backbone));
    }

    [Fact]
    public void Samples_that_are_not_numbers_end_it_with_a_reason_and_do_not_spoil_the_weights()
    {
        using var net = Net();
        var waves = Waves();
        waves.Values[7] = float.NaN;
        Assert.StartsWith("The loss without labels is NaN at step ", Train(net, waves, epochs: 1).AbandonedBecause);
        Assert.All(Values(net.Backbone), value => Assert.True(float.IsFinite(value)));
    }

    /// <summary>48 windows, each a wave of its own in every channel: those of one class would differ by noise alone, and nothing could tell them apart.</summary>
    private static RoundSamples Waves()
    {
        var random = new Random(1);
        var samples = SyntheticWaves.Draw([0, 1, 2, 3], 12, isFresh: true, seed: 1);
        for (int first = 0; first < samples.Values.Length; first += samples.Window.Length)
        {
            double frequency = 0.5 + 3 * random.NextDouble(), phase = 6.28 * random.NextDouble(), offset = 2 * random.NextDouble() - 1;
            for (int t = 0; t < samples.Window.Length; t++) samples.Values[first + t] = (float)(offset + Math.Sin(6.28 * frequency * t / samples.Window.Length + phase));
        }

        return samples;
    }

    private static LearnerNet Net()
    {
        manual_seed(1);
        return new LearnerNet(new TscilCnn(SyntheticWaves.Window.ChannelCount), SyntheticWaves.Classes);
    }

    private static TrainingOutcome Train(LearnerNet net, RoundSamples samples, int epochs, int seed = 1, Action<double>? report = null)
    {
        using var pool = new TrainingPool(samples);
        return new ContrastivePretraining(s_plan, s_view, epochs, seed).Train(net, pool, [.. Enumerable.Range(0, pool.Count)], report ?? (_ => { }), TestContext.Current.CancellationToken);
    }

    private static float[] Values(nn.Module module)
    {
        using var scope = NewDisposeScope();
        return cat([.. module.parameters().Select(parameter => parameter.detach().flatten())]).data<float>().ToArray();
    }
}
