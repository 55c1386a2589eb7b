using Edge.Trainer.Augmentation;
using static TorchSharp.torch;

namespace Edge.Trainer.Tests.Augmentation;

public class TimeWarpTests
{
    [Theory]
    [InlineData(0.2, 128)]
    [InlineData(1, 128)]
    [InlineData(1, 4096)]
    [InlineData(1, 2)]
    public void Time_runs_forward_from_the_first_sample_to_the_last(double deviation, int length)
    {
        using var scope = NewDisposeScope();
        var windows = ones(200, 1, length);
        using var draws = new AugmentationDraws(1);
        using var warp = new TimeWarp(deviation, windows, draws);
        var places = warp.Positions(windows);
        Assert.Equal([200, length], places.shape);
        Assert.True(places.select(1, 0).eq(0).all().item<bool>());
        Assert.True(places.select(1, length - 1).eq(length - 1).all().item<bool>());
        Assert.True((places.narrow(1, 1, length - 1) - places.narrow(1, 0, length - 1)).gt(0).all().item<bool>());
    }

    [Fact]
    public void A_view_reads_all_channels_at_the_same_places_and_keeps_the_ends()
    {
        using var scope = NewDisposeScope();
        var windows = AugmentationWindows.Ramps(50, 3, 128);
        using var draws = new AugmentationDraws(1);
        using var same = new AugmentationDraws(1);
        using var warp = new TimeWarp(0.2, windows, draws);
        using var twin = new TimeWarp(0.2, windows, same);
        var view = warp.View(windows);
        Assert.Equal(0, AugmentationWindows.Largest(view - twin.Positions(windows).unsqueeze(1)), 1e-4f);
        Assert.True(AugmentationWindows.Largest(view - windows) > 2, "it does warp");

        var noise = AugmentationWindows.Noise(50, 3, 128);
        var ends = tensor([0L, 127L]);
        Assert.True(warp.View(noise).index_select(2, ends).Equals(noise.index_select(2, ends)));
    }

    [Fact]
    public void Twice_the_deviation_moves_samples_twice_as_far()
    {
        using var scope = NewDisposeScope();
        double Moved(double deviation)
        {
            var windows = AugmentationWindows.Ramps(500, 1, 128);
            using var draws = new AugmentationDraws(1);
            using var warp = new TimeWarp(deviation, windows, draws);
            return (warp.View(windows) - windows).std().item<float>();
        }

        Assert.Equal(2, Moved(0.1) / Moved(0.05), 0.02);
        Assert.Equal(0, Moved(0), 1e-4);
    }
}
