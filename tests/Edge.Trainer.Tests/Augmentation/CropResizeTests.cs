using Edge.Trainer.Augmentation;
using static TorchSharp.torch;

namespace Edge.Trainer.Tests.Augmentation;

public class CropResizeTests
{
    [Fact]
    public void A_part_of_drawn_share_and_place_is_stretched_to_the_full_length()
    {
        using var scope = NewDisposeScope();
        var windows = AugmentationWindows.Ramps(4000, 2, 101);
        using var draws = new AugmentationDraws(1);
        var view = new CropResize(0.6, draws).View(windows);
        Assert.True(view.select(1, 0).Equals(view.select(1, 1))); // All channels alike.

        var places = view.select(1, 0);
        var first = places.select(1, 0);
        var share = (places.select(1, 100) - first) / 100;
        Assert.True(places.ge(0).all().item<bool>() && places.le(100).all().item<bool>());
        Assert.Equal(0, AugmentationWindows.Largest(places - first.unsqueeze(1) - share.unsqueeze(1) * arange(101)), 1e-3f); // At one tempo.
        Assert.InRange(share.min().item<float>(), 0.6f - 1e-5f, 0.601f);
        Assert.InRange(share.max().item<float>(), 0.999f, 1 + 1e-5f);
        Assert.Equal(0.8, share.mean().item<float>(), 0.005);
        Assert.Equal(0.4 / Math.Sqrt(12), share.std().item<float>(), 0.003);
        Assert.Equal(0.5, (first / (100 * (1 - share))).nanmedian().item<float>(), 0.02);
    }

    [Fact]
    public void A_share_of_one_is_the_window_itself()
    {
        using var scope = NewDisposeScope();
        var windows = AugmentationWindows.Noise(20, 3, 128);
        using var draws = new AugmentationDraws(1);
        Assert.True(new CropResize(1, draws).View(windows).Equals(windows));
    }

    [Fact]
    public void Between_two_samples_the_line_is_read()
    {
        using var scope = NewDisposeScope();
        var windows = tensor([1f, 5f, -3f]).view(1, 1, 3);
        var places = tensor([0.25f, 1f, 1.5f]).view(1, 3);
        Assert.Equal([2f, 5f, 1f], LinearResampling.At(windows, places).data<float>().ToArray());
    }
}
