using Edge.Trainer.Augmentation;
using static TorchSharp.torch;

namespace Edge.Trainer.Tests.Augmentation;

public class KnotCurveTests
{
    [Fact]
    public void The_spline_goes_through_its_knots()
    {
        for (int k = 0; k < KnotCurve.KnotCount; k++)
            for (int at = 0; at < KnotCurve.KnotCount; at++)
                Assert.Equal(k == at ? 1 : 0, KnotCurve.Basis(26)[k * 26 + 5 * at], 1e-12);
    }

    [Fact]
    public void Between_knots_it_is_the_natural_cubic_spline() =>
        Assert.Equal(91.0 / 152, KnotCurve.Basis(11)[2 * 11 + 5], 1e-12); // By hand: 1 at knot 2, read at 2.5.

    [Theory]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(128)]
    public void Values_on_a_straight_line_give_that_line(int length)
    {
        double[] basis = KnotCurve.Basis(length);
        for (int t = 0; t < length; t++)
            Assert.Equal(3 + 5.0 * t / (length - 1) * 0.7, Enumerable.Range(0, KnotCurve.KnotCount).Sum(k => (3 + 0.7 * k) * basis[k * length + t]), 1e-12);
    }

    [Fact]
    public void Windows_of_one_sample_have_no_curve() => Assert.Throws<ArgumentOutOfRangeException>(() =>
    {
        using var windows = ones(4, 3, 1);
        using var curve = new KnotCurve(windows);
    });
}
