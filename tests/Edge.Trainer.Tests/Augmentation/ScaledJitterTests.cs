using Edge.Trainer.Augmentation;
using static TorchSharp.torch;

namespace Edge.Trainer.Tests.Augmentation;

public class ScaledJitterTests
{
    [Fact]
    public void One_pass_is_scaling_then_jitter_but_for_the_last_bit()
    {
        using var scope = NewDisposeScope();
        var windows = AugmentationWindows.Noise(20, 3, 64);
        using var draws = new AugmentationDraws(7);
        using var again = new AugmentationDraws(7);
        using var together = new ScaledJitter(new Scaling(0.1, draws), new Jitter(0.03, windows, draws));
        using var jitter = new Jitter(0.03, windows, again);
        Assert.Equal(0, AugmentationWindows.Largest(together.View(windows) - jitter.View(new Scaling(0.1, again).View(windows))), 1e-6f);
    }

    [Fact]
    public void A_view_differs_by_three_percent_noise_and_ten_percent_gain()
    {
        using var scope = NewDisposeScope();
        var windows = cat([AugmentationWindows.Noise(400, 1, 128) * 2, AugmentationWindows.Noise(400, 1, 128, seed: 4) * 0.5 + 10], 1);
        using var draws = new AugmentationDraws(1);
        using var light = new ScaledJitter(new Scaling(0.1, draws), new Jitter(0.03, windows, draws));
        var view = light.View(windows);

        // Per window and channel: least squares x' = gain x + offset is exact but for the noise.
        var centred = windows - windows.mean([2], keepdim: true);
        var gain = (view * centred).sum(2) / (windows * centred).sum(2);
        Assert.Equal(1, gain.mean().item<float>(), 0.01);
        Assert.Equal(0.1, gain.std().item<float>(), 0.01);
        Assert.Equal(0.03 * 2, (view - windows * gain.unsqueeze(2)).select(1, 0).std().item<float>(), 0.002);
    }
}
