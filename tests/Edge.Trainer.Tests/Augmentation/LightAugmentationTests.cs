using Edge.Trainer.Augmentation;
using static TorchSharp.torch;

namespace Edge.Trainer.Tests.Augmentation;

public class LightAugmentationTests
{
    [Fact]
    public void A_view_differs_by_three_percent_noise_and_ten_percent_gain()
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        var windows = cat([randn(400, 1, 128) * 2, randn(400, 1, 128) * 0.5 + 10], 1);
        using var augmentation = new LightAugmentation(windows, 1);
        var view = augmentation.View(windows);

        // Per window and channel: least squares x' = gain x + offset is exact but for the noise.
        var centred = windows - windows.mean([2], keepdim: true);
        var gain = ((view * centred).sum(2) / (windows * centred).sum(2));
        Assert.Equal(1, gain.mean().item<float>(), 0.01);
        Assert.Equal(0.1, gain.std().item<float>(), 0.01);
        var noise = (view - windows * gain.unsqueeze(2)).select(1, 0).std().item<float>();
        Assert.Equal(0.03 * 2, noise, 0.002);
    }

    [Fact]
    public void The_same_seed_gives_the_same_views_and_the_next_view_differs()
    {
        using var scope = NewDisposeScope();
        var windows = arange(2 * 3 * 16, ScalarType.Float32).reshape(2, 3, 16);
        using var one = new LightAugmentation(windows, 7);
        using var two = new LightAugmentation(windows, 7);
        var first = one.View(windows);
        Assert.True(first.Equals(two.View(windows)));
        Assert.False(first.Equals(one.View(windows)));
    }

    [Fact]
    public void The_original_is_left_as_it_is()
    {
        using var scope = NewDisposeScope();
        var windows = ones(2, 3, 16);
        using var augmentation = new LightAugmentation(windows, 7);
        augmentation.View(windows);
        Assert.True(windows.Equals(ones(2, 3, 16)));
    }

    [Fact]
    public void No_windows_have_no_views()
    {
        using var scope = NewDisposeScope();
        using var augmentation = new LightAugmentation(ones(2, 3, 16), 7);
        Assert.Equal([0, 3, 16], augmentation.View(ones(0, 3, 16)).shape);
    }
}
