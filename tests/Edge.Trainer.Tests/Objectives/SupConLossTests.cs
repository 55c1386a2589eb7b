using Edge.Trainer.Objectives;
using static TorchSharp.torch;

namespace Edge.Trainer.Tests.Objectives;

/// <summary>Known answers were computed in float64 with another implementation.</summary>
public class SupConLossTests
{
    private static readonly double[,] s_sixRows = { { 1, 0 }, { .8, .6 }, { 0, 1 }, { -.6, .8 }, { -1, 0 }, { .6, -.8 } };
    private static readonly long[] s_sixLabels = [0, 0, 1, 1, 2, 0];

    [Theory]
    [InlineData(1, 0.5514447139)] // ln(e + 2) - 1
    [InlineData(.1, 9.0795737e-5)] // ln(e^10 + 2) - 10
    public void Two_orthogonal_pairs_have_the_loss_of_the_formula(double temperature, double expected) =>
        Assert.Equal(expected, Loss(new SupConLoss(temperature), new double[,] { { 1, 0 }, { 1, 0 }, { 0, 1 }, { 0, 1 } }, [0, 0, 1, 1]), 1e-9);

    [Theory]
    [InlineData(.07)]
    [InlineData(1)]
    public void Four_identical_rows_lose_ln_3_at_any_temperature(double temperature) =>
        Assert.Equal(Math.Log(3), Loss(new SupConLoss(temperature), new double[,] { { 1, 0 }, { 1, 0 }, { 1, 0 }, { 1, 0 } }, [0, 0, 1, 1]), 1e-9);

    [Fact]
    public void Opposite_pairs_have_the_loss_of_the_formula() =>
        Assert.Equal(0.0359762997, Loss(new SupConLoss(.5), new double[,] { { 1, 0 }, { 1, 0 }, { -1, 0 }, { -1, 0 } }, [0, 0, 1, 1]), 1e-9);

    [Theory]
    [InlineData(.5, null, 0.8075583395)]
    [InlineData(.1, null, 1.4186614833)]
    [InlineData(.1, .07, 2.0266592619)]
    public void Six_rows_with_a_singleton_average_over_all_anchors(double temperature, double? baseTemperature, double expected) =>
        Assert.Equal(expected, Loss(new SupConLoss(temperature, baseTemperature), s_sixRows, s_sixLabels), 1e-9);

    [Fact]
    public void Views_of_two_classes_match_the_reference() =>
        Assert.Equal(0.2730512252, Loss(new SupConLoss(.5), new double[,] { { 3, 4 }, { 4, 3 }, { -3, 4 }, { -4, 3 } }, [0, 0, 1, 1]), 1e-9);

    [Fact]
    public void With_three_anchors_the_other_rows_are_only_contrasted_with()
    {
        using var scope = NewDisposeScope();
        Assert.Equal(1.0570382985, new SupConLoss(.5).Loss(tensor(s_sixRows), tensor(s_sixLabels), anchorCount: 3).item<double>(), 1e-9);
    }

    [Fact]
    public void Scaling_the_rows_changes_nothing()
    {
        using var scope = NewDisposeScope();
        var scaled = tensor(s_sixRows) * tensor(new double[,] { { 1 }, { 7 }, { .1 }, { 30 }, { 2 }, { 5 } });
        Assert.Equal(0.8075583395, new SupConLoss(.5).Loss(scaled, tensor(s_sixLabels)).item<double>(), 1e-9);
    }

    [Fact]
    public void The_gradient_matches_the_reference_and_moves_the_singleton_as_a_negative()
    {
        using var scope = NewDisposeScope();
        var rows = tensor(s_sixRows, requires_grad: true);
        new SupConLoss(.5).Loss(rows, tensor(s_sixLabels)).backward();
        double[] expected =
        [
            0, .0762160643, -.2860475395, .3813967194, .4187799959, 0, -.169517792, -.1271383441, 0, .1106621795, -.1883336228, -.1412502171,
        ];
        Assert.All(rows.grad!.data<double>().ToArray().Zip(expected), pair => Assert.Equal(pair.Second, pair.First, 1e-6));
    }

    [Fact]
    public void A_batch_of_one_loses_nothing_and_has_a_finite_gradient()
    {
        using var scope = NewDisposeScope();
        var row = tensor(new double[,] { { 3, 4 } }, requires_grad: true);
        var loss = new SupConLoss(.1).Loss(row, tensor([0L]));
        loss.backward();
        Assert.Equal(0, loss.item<double>());
        Assert.All(row.grad!.data<double>().ToArray(), g => Assert.Equal(0, g));
    }

    [Fact]
    public void A_sharp_temperature_in_float32_stays_finite()
    {
        using var scope = NewDisposeScope();
        Assert.True(float.IsFinite(new SupConLoss(.001).Loss(tensor(s_sixRows).to_type(ScalarType.Float32), tensor(s_sixLabels)).item<float>()));
    }

    private static double Loss(SupConLoss objective, double[,] rows, long[] labels)
    {
        using var scope = NewDisposeScope();
        return objective.Loss(tensor(rows), tensor(labels)).item<double>();
    }
}
