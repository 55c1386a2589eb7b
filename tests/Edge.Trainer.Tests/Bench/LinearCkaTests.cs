using Edge.Trainer.Bench;
using static TorchSharp.torch;

namespace Edge.Trainer.Tests.Bench;

/// <summary>Known answers, computed in float64 from the definition.</summary>
public class LinearCkaTests
{
    private static readonly double[,] s_x = { { 1, 0 }, { 0, 1 }, { -1, 0 }, { 0, -1 }, { 2, 1 } };

    [Fact]
    public void A_representation_is_like_itself_turned_and_scaled()
    {
        Assert.Equal(1, Of(s_x, s_x), 1e-12);
        Assert.Equal(1, Of(s_x, new double[,] { { 0, 3 }, { -3, 0 }, { 0, -3 }, { 3, 0 }, { -3, 6 } }), 1e-12); // (x, y) to 3 (-y, x).
        Assert.Equal(1, Of(s_x, new double[,] { { 8, 5 }, { 7, 6 }, { 6, 5 }, { 7, 4 }, { 9, 6 } }), 1e-12); // Moved: columns are centred.
    }

    [Fact]
    public void Known_answers()
    {
        Assert.Equal(0.0632455532, Of(s_x, new double[,] { { 1 }, { 2 }, { 3 }, { 4 }, { 5 } }), 1e-10);
        Assert.Equal(0.6285014279, Of(s_x, new double[,] { { 1, 1 }, { 0, 2 }, { -1, 0 }, { 1, -1 }, { 2, 0 } }), 1e-10);
        Assert.Equal(0.6285014279, Of(new double[,] { { 1, 1 }, { 0, 2 }, { -1, 0 }, { 1, -1 }, { 2, 0 } }, s_x), 1e-10);
    }

    [Fact]
    public void What_is_constant_counts_as_alike_and_what_is_not_finite_never_does()
    {
        Assert.Equal(1, Of(s_x, new double[,] { { 1 }, { 1 }, { 1 }, { 1 }, { 1 } }));
        Assert.True(double.IsNaN(Of(s_x, new double[,] { { 1 }, { double.NaN }, { 1 }, { 1 }, { 1 } })));
    }

    private static double Of(double[,] x, double[,] y)
    {
        using var scope = NewDisposeScope();
        return LinearCka.Of(tensor(x), tensor(y));
    }
}
