using Edge.Trainer.Augmentation;
using static TorchSharp.torch;

namespace Edge.Trainer.Tests.Augmentation;

public class ScalingTests
{
    [Fact]
    public void Each_window_and_channel_gets_one_gain_around_one()
    {
        using var scope = NewDisposeScope();
        using var draws = new AugmentationDraws(1);
        var gain = new Scaling(0.1, draws).View(ones(4000, 3, 8));
        Assert.Equal(0, AugmentationWindows.Largest(gain - gain.narrow(2, 0, 1)));
        var drawn = gain.select(2, 0);
        Assert.Equal(1, drawn.mean().item<float>(), 0.005);
        Assert.Equal(0.1, drawn.std().item<float>(), 0.005);
        Assert.Equal(0, ((drawn.select(1, 0) - 1) * (drawn.select(1, 1) - 1)).mean().item<float>(), 0.0005); // Channels are scaled independently.
    }
}
