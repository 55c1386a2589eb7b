using Edge.Trainer.Augmentation;
using static TorchSharp.torch;

namespace Edge.Trainer.Tests.Augmentation;

public class TriaxialRotationTests
{
    private static readonly int[][] s_two = [[0, 1, 2], [3, 4, 5]];

    [Fact]
    public void The_length_of_every_triple_is_kept()
    {
        using var scope = NewDisposeScope();
        var windows = AugmentationWindows.Noise(100, 6, 32);
        using var draws = new AugmentationDraws(1);
        using var rotation = new TriaxialRotation(180, s_two, windows, draws);
        var view = rotation.View(windows);
        Assert.Equal(0, AugmentationWindows.Largest(Lengths(view) / Lengths(windows) - 1), 1e-5f);
        Assert.True(AugmentationWindows.Largest(view - windows) > 1, "it does rotate");

        static Tensor Lengths(Tensor triples) => triples.view(100, 2, 3, 32).square().sum(2).sqrt();
    }

    [Fact]
    public void Angles_are_uniform_up_to_the_largest_about_axes_of_every_direction()
    {
        using var scope = NewDisposeScope();
        var windows = eye(3).expand(6000, 3, 3).contiguous(); // Three samples that are the axes: a view is the rotation's matrix.
        using var draws = new AugmentationDraws(1);
        using var rotation = new TriaxialRotation(20, [[0, 1, 2]], windows, draws);
        var matrix = rotation.View(windows).to(ScalarType.Float64);
        var axis = stack([matrix.select(1, 2).select(1, 1) - matrix.select(1, 1).select(1, 2), matrix.select(1, 0).select(1, 2) - matrix.select(1, 2).select(1, 0),
            matrix.select(1, 1).select(1, 0) - matrix.select(1, 0).select(1, 1)], 1) / 2; // sin a times the axis.
        var degrees = axis.square().sum(1).sqrt().asin() * (180 / Math.PI);
        Assert.InRange(degrees.max().item<double>(), 19.9, 20.0001);
        Assert.Equal(10, degrees.mean().item<double>(), 0.2);
        Assert.Equal(20 / Math.Sqrt(12), degrees.std().item<double>(), 0.1);
        Assert.Equal(0, (linalg.det(matrix) - 1).abs().max().item<double>(), 1e-5); // No mirror.
        var direction = nn.functional.normalize(axis, 2, 1);
        Assert.All(Enumerable.Range(0, 3), i => Assert.Equal(0, direction.select(1, i).mean().item<double>(), 0.03));
        Assert.All(Enumerable.Range(0, 3), i => Assert.Equal(1.0 / 3, direction.select(1, i).square().mean().item<double>(), 0.02));
    }

    [Fact]
    public void Sensors_of_a_window_turn_together_and_other_channels_do_not_turn()
    {
        using var scope = NewDisposeScope();
        var triple = AugmentationWindows.Noise(10, 3, 16);
        var windows = cat([triple, AugmentationWindows.Noise(10, 1, 16, seed: 4), triple.flip(1)], 1); // x y z, another, z y x
        using var draws = new AugmentationDraws(1);
        using var rotation = new TriaxialRotation(90, [[0, 1, 2], [6, 5, 4]], windows, draws);
        var view = rotation.View(windows);
        Assert.Equal(0, AugmentationWindows.Largest(view.narrow(1, 0, 3) - view.narrow(1, 4, 3).flip(1)), 1e-5f);
        Assert.True(view.select(1, 3).Equals(windows.select(1, 3)));
        var turned = (view - windows).narrow(1, 0, 3).square().sum([1, 2]);
        Assert.True(turned.std().item<float>() > 0, "each window has a rotation of its own");
    }

    [Theory]
    [InlineData("0 1 2|3 4", "Group 1 has 2 channels; expected three, x, y and z of one sensor.")]
    [InlineData("0 1 6", "Group 0 names channel 6; the windows have channels 0 to 5. Mend training.augmentation.triaxialGroups.")]
    [InlineData("0 1 2|3 -1 4", "Group 1 names channel -1; the windows have channels 0 to 5. Mend training.augmentation.triaxialGroups.")]
    [InlineData("0 1 2|3 4 0", "Group 1 names channel 0, which is named before; a channel is one axis of one sensor. Mend training.augmentation.triaxialGroups.")]
    [InlineData("", "There is no group of three channels to rotate. Name one, or do not rotate.")]
    public void Groups_that_are_none_are_refused_with_the_reason(string groups, string reason)
    {
        using var windows = ones(1, 6, 8);
        using var draws = new AugmentationDraws(1);
        int[][] parsed = [.. groups.Split('|', StringSplitOptions.RemoveEmptyEntries).Select(group => group.Split(' ').Select(int.Parse).ToArray())];
        var refusal = Assert.Throws<ArgumentException>(() => new TriaxialRotation(20, parsed, windows, draws));
        Assert.StartsWith(reason, refusal.Message);
    }
}
