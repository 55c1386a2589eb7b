using Edge.Trainer.Augmentation;
using static TorchSharp.torch;

namespace Edge.Trainer.Tests.Augmentation;

public class JitterTests
{
    [Fact]
    public void Noise_has_the_share_of_each_channels_own_deviation_and_no_mean()
    {
        using var scope = NewDisposeScope();
        var windows = AugmentationWindows.Noise(400, 2, 128) * tensor([2f, 0.5f]).view(1, 2, 1) + tensor([0f, 10f]).view(1, 2, 1);
        using var draws = new AugmentationDraws(1);
        using var jitter = new Jitter(0.03, windows, draws);
        var noise = jitter.View(windows) - windows;
        Assert.Equal(0.06, noise.select(1, 0).std().item<float>(), 0.001);
        Assert.Equal(0.015, noise.select(1, 1).std().item<float>(), 0.00025);
        Assert.Equal(0, noise.select(1, 0).mean().item<float>(), 0.001);
        Assert.Equal(0, (noise.narrow(2, 0, 127) * noise.narrow(2, 1, 127)).mean().item<float>() / 0.06, 0.001); // White: neighbours do not know of each other.
    }

    [Fact]
    public void A_channel_that_never_changes_stays_still()
    {
        using var scope = NewDisposeScope();
        var windows = full([4, 1, 16], 5f);
        using var draws = new AugmentationDraws(1);
        using var jitter = new Jitter(0.03, windows, draws);
        Assert.True(jitter.View(windows).Equals(windows));
    }
}
