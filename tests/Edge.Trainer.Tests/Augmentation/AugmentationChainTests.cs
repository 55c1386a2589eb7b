using Edge.Config;
using Edge.Trainer.Augmentation;
using static TorchSharp.torch;

namespace Edge.Trainer.Tests.Augmentation;

public class AugmentationChainTests
{
    private static readonly AugmentationSection s_off = new() { Jitter = 0, Scaling = 0 };

    /// <summary>Each augmentation alone, and all together.</summary>
    private static readonly Dictionary<string, AugmentationSection> s_sections = new()
    {
        ["jitter"] = s_off with { Jitter = 0.03 },
        ["scaling"] = s_off with { Scaling = 0.1 },
        ["magnitudeWarp"] = s_off with { MagnitudeWarp = 0.2 },
        ["timeWarp"] = s_off with { TimeWarp = 0.2 },
        ["crop"] = s_off with { Crop = 0.8 },
        ["channelDrop"] = s_off with { ChannelDrop = 0.3 },
        ["rotationDegrees"] = s_off with { RotationDegrees = 20 },
        ["all"] = new() { MagnitudeWarp = 0.2, TimeWarp = 0.2, Crop = 0.8, ChannelDrop = 0.3, RotationDegrees = 20 },
        ["allAtTheirLimits"] = new() { Jitter = 1, Scaling = 1, MagnitudeWarp = 1, TimeWarp = 1, Crop = 0.1, ChannelDrop = 1, RotationDegrees = 180 },
    };

    public static TheoryData<string> Sections => [.. s_sections.Keys];

    [Fact]
    public void The_default_is_gains_then_noise_in_one_pass_bit_for_bit()
    {
        using var scope = NewDisposeScope();
        var windows = AugmentationWindows.Noise(96, 9, 128);
        using var chain = new AugmentationChain(new AugmentationSection(), windows, 7);
        using var generator = new Generator(7);
        var deviation = windows.std([0, 2], unbiased: false, keepdim: true) * 0.03;
        for (int call = 0; call < 3; call++)
        {
            // What seeded rounds were trained with before there was a choice.
            var gain = randn([96, 9, 1], generator: generator).mul_(0.1).add_(1);
            var noise = randn([96, 9, 128], generator: generator).mul_(deviation);
            Assert.True(chain.View(windows).Equals(noise.addcmul_(windows, gain, 1)), $"call {call}");
        }
    }

    [Theory]
    [MemberData(nameof(Sections))]
    public void A_view_keeps_shape_and_type_is_finite_and_leaves_the_window_as_it_is(string name)
    {
        using var scope = NewDisposeScope();
        foreach (var type in new[] { ScalarType.Float32, ScalarType.Float64 })
        {
            var windows = AugmentationWindows.Noise(64, 9, 50, type: type);
            var before = windows.clone();
            using var chain = new AugmentationChain(s_sections[name], windows, 7);
            var view = chain.View(windows);
            Assert.Equal((64L, 9L, 50L, type), (view.shape[0], view.shape[1], view.shape[2], view.dtype));
            Assert.True(view.isfinite().all().item<bool>());
            Assert.False(view.Equals(windows));
            Assert.True(windows.Equals(before));
        }
    }

    [Theory]
    [MemberData(nameof(Sections))]
    public void The_same_seed_repeats_and_another_seed_or_call_differs(string name)
    {
        using var scope = NewDisposeScope();
        var windows = AugmentationWindows.Noise(16, 6, 32);
        using var one = new AugmentationChain(s_sections[name], windows, 7);
        using var two = new AugmentationChain(s_sections[name], windows, 7);
        using var other = new AugmentationChain(s_sections[name], windows, 8);
        var view = one.View(windows);
        Assert.True(view.Equals(two.View(windows)));
        Assert.False(view.Equals(other.View(windows)));
        var next = one.View(windows);
        Assert.False(view.Equals(next));
        Assert.True(next.Equals(two.View(windows)));
    }

    [Theory]
    [MemberData(nameof(Sections))]
    public void Only_the_view_outlives_a_call_and_nothing_the_chain(string name)
    {
        using var windows = AugmentationWindows.Noise(16, 9, 32);
        long before = Tensor.TotalCount;
        using (var chain = new AugmentationChain(s_sections[name], windows, 7))
        {
            long made = Tensor.TotalCount;
            for (int call = 0; call < 20; call++)
            {
                using var view = chain.View(windows);
                Assert.Equal(made + 1, Tensor.TotalCount);
            }

            Assert.Equal(made, Tensor.TotalCount);
        }

        Assert.Equal(before, Tensor.TotalCount);
    }

    [Theory]
    [MemberData(nameof(Sections))]
    public void No_windows_have_no_views(string name)
    {
        using var scope = NewDisposeScope();
        using var chain = new AugmentationChain(s_sections[name], ones(2, 3, 16), 7);
        Assert.Equal([0, 3, 16], chain.View(ones(0, 3, 16)).shape);
    }

    [Fact]
    public void Everything_off_gives_a_copy()
    {
        using var scope = NewDisposeScope();
        var windows = AugmentationWindows.Noise(4, 3, 16);
        using var chain = new AugmentationChain(s_off, windows, 7);
        var view = chain.View(windows);
        Assert.True(view.Equals(windows));
        view.zero_();
        Assert.False(view.Equals(windows));
    }

    [Fact]
    public void Feature_vectors_have_no_time_and_no_axes_unless_named()
    {
        using var scope = NewDisposeScope();
        var vectors = AugmentationWindows.Noise(32, 6, 1);
        using var still = new AugmentationChain(s_off with { Crop = 0.5, TimeWarp = 0.2, MagnitudeWarp = 0.2, RotationDegrees = 20 }, vectors, 7);
        Assert.True(still.View(vectors).Equals(vectors));
        using var turning = new AugmentationChain(s_off with { RotationDegrees = 20, TriaxialGroups = [[0, 1, 2]] }, vectors, 7);
        Assert.False(turning.View(vectors).Equals(vectors));
        using var light = new AugmentationChain(new AugmentationSection { ChannelDrop = 0.3 }, vectors, 7);
        Assert.True(light.View(vectors).eq(0).any().item<bool>());
    }

    [Fact]
    public void Without_groups_consecutive_triples_turn_when_channels_are_a_multiple_of_three()
    {
        using var scope = NewDisposeScope();
        var nine = AugmentationWindows.Noise(32, 9, 16);
        using var implied = new AugmentationChain(s_off with { RotationDegrees = 20 }, nine, 7);
        using var named = new AugmentationChain(s_off with { RotationDegrees = 20, TriaxialGroups = [[0, 1, 2], [3, 4, 5], [6, 7, 8]] }, nine, 7);
        Assert.True(implied.View(nine).Equals(named.View(nine)));
        var eight = AugmentationWindows.Noise(32, 8, 16);
        using var none = new AugmentationChain(s_off with { RotationDegrees = 20 }, eight, 7);
        Assert.True(none.View(eight).Equals(eight));
    }

    [Fact]
    public void A_dropped_channel_has_no_noise_either()
    {
        using var scope = NewDisposeScope();
        var windows = AugmentationWindows.Noise(200, 6, 16);
        using var chain = new AugmentationChain(s_sections["all"], windows, 7);
        double share = chain.View(windows).eq(0).all(2).to(ScalarType.Float32).mean().item<float>();
        Assert.Equal(0.3, share, 0.05);
    }

    [Fact]
    public void Gains_act_on_what_the_turned_sensor_reads_and_noise_comes_after()
    {
        // The order in the view's own terms: each stage alone, one after the other, on one stream of draws.
        using var scope = NewDisposeScope();
        var windows = AugmentationWindows.Noise(8, 6, 32);
        using var chain = new AugmentationChain(s_sections["all"], windows, 7);
        using var draws = new AugmentationDraws(7);
        using var timeWarp = new TimeWarp(0.2, windows, draws);
        using var rotation = new TriaxialRotation(20, [[0, 1, 2], [3, 4, 5]], windows, draws);
        using var magnitudeWarp = new MagnitudeWarp(0.2, windows, draws);
        using var scaledJitter = new ScaledJitter(new Scaling(0.1, draws), new Jitter(0.03, windows, draws));
        var expected = new CropResize(0.8, draws).View(windows);
        expected = magnitudeWarp.View(rotation.View(timeWarp.View(expected)));
        expected = new ChannelDrop(0.3, draws).View(scaledJitter.View(expected));
        Assert.True(chain.View(windows).Equals(expected));
    }

    [Fact]
    public void Windows_of_another_shape_are_refused()
    {
        using var scope = NewDisposeScope();
        using var chain = new AugmentationChain(new AugmentationSection(), ones(2, 3, 16), 7);
        Assert.StartsWith("Windows of shape [2, 3, 8]; expected [n, 3, 16].", Assert.Throws<ArgumentException>(() => chain.View(ones(2, 3, 8))).Message);
        Assert.StartsWith("Windows of shape [0, 3, 8]; expected [n, channels, length] with n from 1.",
            Assert.Throws<ArgumentException>(() => new AugmentationChain(new AugmentationSection(), ones(0, 3, 8), 7)).Message);
    }
}
