using Edge.Trainer.Augmentation;
using static TorchSharp.torch;

namespace Edge.Trainer.Tests.Augmentation;

public class ChannelDropTests
{
    [Theory]
    [InlineData(0.1, 9)]
    [InlineData(0.5, 2)]
    [InlineData(0.9, 3)]
    [InlineData(1, 4)]
    [InlineData(1, 1)]
    public void The_share_of_dropped_channels_is_the_probability_less_the_one_that_stays(double probability, int channels)
    {
        using var scope = NewDisposeScope();
        var windows = AugmentationWindows.Noise(8000, channels, 4);
        using var draws = new AugmentationDraws(1);
        var view = new ChannelDrop(probability, draws).View(windows);
        var zero = view.eq(0);
        var dropped = zero.all(2);
        Assert.True(dropped.Equals(zero.any(2)), "a channel is dropped throughout or not at all");
        Assert.False(dropped.all(1).any().item<bool>(), "one channel stays");
        Assert.True(view.Equals(windows * dropped.logical_not().unsqueeze(2)), "the others are as they were");
        var share = dropped.to(ScalarType.Float32).mean([0]);
        Assert.All(share.data<float>().ToArray(), s => Assert.Equal(probability - Math.Pow(probability, channels) / channels, s, 0.02));
    }
}
