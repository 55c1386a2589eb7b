using Edge.Config;
using Edge.Trainer.Backbones;
using static TorchSharp.torch;

namespace Edge.Trainer.Tests.Methods;

public class SupConReplayViewsTests
{
    [Fact]
    public void The_plan_chooses_the_views_that_are_contrasted()
    {
        double asBefore = Loss(new AugmentationSection());
        Assert.Equal(asBefore, Loss(new AugmentationSection { Jitter = 0.03, Scaling = 0.1 }));
        Assert.NotEqual(asBefore, Loss(new AugmentationSection { TimeWarp = 0.2, RotationDegrees = 10 }));
    }

    private static double Loss(AugmentationSection section)
    {
        manual_seed(1);
        using var net = new LearnerNet(new TscilCnn(SyntheticWaves.Window.ChannelCount), SyntheticWaves.Classes);
        var plan = new TrainingSection { Epochs = 1, BatchSize = 16, Augmentation = section };
        var outcome = OneRound.Train(net, SyntheticWaves.Draw([0, 1], 8, isFresh: true, seed: 1), plan);
        Assert.Null(outcome.AbandonedBecause);
        return outcome.LastEpochLoss;
    }
}
