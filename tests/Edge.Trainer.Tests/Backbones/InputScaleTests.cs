using Edge.Trainer.Backbones;
using static TorchSharp.torch;

namespace Edge.Trainer.Tests.Backbones;

public class InputScaleTests
{
    [Fact]
    public void Fitted_channels_have_mean_zero_and_deviation_one()
    {
        using var scope = NewDisposeScope();
        var layer = new InputScale(3, signedLog: false);
        var windows = randn(50, 3, 20) * tensor(new float[] { 1, 100, 1e4f }).view(1, 3, 1) + 7;
        layer.Fit(windows);
        var scaled = layer.forward(windows);
        Assert.True(scaled.mean([0, 2]).abs().max().item<float>() < 0.05); // the floor of the still channel is 5 here, which leaves its mean at 0 all the same
        Assert.True(scaled.std([0, 2], unbiased: false)[1..].allclose(ones(2), 1e-3, 1e-3));
    }

    [Fact]
    public void Mean_and_deviation_are_those_worked_out_by_hand_and_a_still_channel_gets_a_twentieth_of_the_median()
    {
        using var scope = NewDisposeScope();
        var layer = new InputScale(3, signedLog: true);
        layer.Fit(tensor(new float[] { -1, 2, 5, 1, 4, 5 }, [2, 3, 1]).sinh());
        Assert.True(layer.Mean.allclose(tensor(new float[] { 0, 3, 5 }).view(3, 1), 1e-5, 1e-5));
        Assert.True(layer.Deviation.allclose(tensor(new float[] { 1, 1, 0.05f }).view(3, 1), 1e-4, 1e-5));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Windows_that_are_all_the_same_leave_finite_values(bool signedLog)
    {
        using var scope = NewDisposeScope();
        var layer = new InputScale(3, signedLog);
        layer.Fit(ones(4, 3, 2));
        Assert.True(layer.Deviation.Equals(ones(3, 1)));
        Assert.True(layer.forward(randn(4, 3, 2) * 1e20).isfinite().all().item<bool>());
    }

    [Fact]
    public void Before_it_is_fitted_it_passes_on_what_comes_in_or_a_quarter_of_its_logarithm()
    {
        using var scope = NewDisposeScope();
        var windows = randn(2, 3, 4) * 1e4;
        Assert.True(new InputScale(3, signedLog: false).forward(windows).Equals(windows));
        Assert.True(new InputScale(3, signedLog: true).forward(windows).allclose(windows.asinh() / 4, 1e-6, 1e-6));
    }

    [Fact]
    public void Mean_and_deviation_are_saved_and_not_trained()
    {
        using var layer = new InputScale(3, signedLog: true);
        Assert.Equal(["deviation", "mean"], layer.state_dict().Keys.Order(StringComparer.Ordinal));
        Assert.Empty(layer.parameters());
    }
}
