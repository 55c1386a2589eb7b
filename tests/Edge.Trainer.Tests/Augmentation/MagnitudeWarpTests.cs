using Edge.Trainer.Augmentation;
using static TorchSharp.torch;

namespace Edge.Trainer.Tests.Augmentation;

public class MagnitudeWarpTests
{
    [Fact]
    public void The_gain_has_mean_one_and_the_deviation_at_its_knots()
    {
        using var scope = NewDisposeScope();
        var windows = ones(4000, 2, 6); // Six samples: every one is a knot.
        using var draws = new AugmentationDraws(1);
        using var warp = new MagnitudeWarp(0.2, windows, draws);
        var gain = warp.View(windows);
        Assert.Equal(1, gain.mean().item<float>(), 0.005);
        Assert.All(Enumerable.Range(0, 6), knot => Assert.Equal(0.2, gain.select(2, knot).std().item<float>(), 0.005));
        Assert.Equal(0, ((gain.select(1, 0) - 1) * (gain.select(1, 1) - 1)).mean().item<float>(), 0.001); // Channels wander independently.
    }

    [Fact]
    public void The_gain_changes_smoothly_along_the_window()
    {
        using var scope = NewDisposeScope();
        var windows = ones(500, 3, 128);
        using var draws = new AugmentationDraws(1);
        using var warp = new MagnitudeWarp(0.2, windows, draws);
        var gain = warp.View(windows);
        var step = gain.narrow(2, 1, 127) - gain.narrow(2, 0, 127);
        var bend = step.narrow(2, 1, 126) - step.narrow(2, 0, 126);
        Assert.True(gain.std([2]).mean().item<float>() > 0.1, "it does change");
        Assert.True(AugmentationWindows.Largest(step) < 0.1, $"{AugmentationWindows.Largest(step)}"); // White noise of that size would step by 1.
        Assert.True(AugmentationWindows.Largest(bend) < 0.01, $"{AugmentationWindows.Largest(bend)}");
    }
}
