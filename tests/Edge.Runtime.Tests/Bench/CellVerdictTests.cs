using Edge.Runtime.Bench;
using Edge.Trainer.Bench;

namespace Edge.Runtime.Tests.Bench;

/// <summary>What must not reach a table.</summary>
public sealed class CellVerdictTests
{
    private static readonly CellSpec s_spec = Cells.Plan.Cells().First();

    [Fact]
    public void A_whole_result_may_stand_in_a_table()
    {
        Assert.Null(CellVerdict.Problem(s_spec, Cells.Result(s_spec)));
        var fewShot = s_spec with { Protocol = Protocol.FewShot };
        Assert.Null(CellVerdict.Problem(fewShot, Cells.Result(fewShot) with { Accuracy = [], Curve = [], Cka = [], PrototypeDrift = [], Steps = [], ReadOuts = new Dictionary<string, IReadOnlyList<double>>() }));
    }

    [Fact]
    public void A_figure_that_is_not_finite_may_not()
    {
        Assert.Equal("one of its figures is not finite", CellVerdict.Problem(s_spec, Cells.Result(s_spec) with { Cka = [1, double.NaN, 1] }));
        Assert.Equal("one of its figures is not finite", CellVerdict.Problem(s_spec, Cells.Result(s_spec) with { Curve = [new(1, double.PositiveInfinity)] }));
    }

    [Fact]
    public void Nor_may_figures_that_do_not_fit_the_steps()
    {
        var result = Cells.Result(s_spec);
        Assert.Equal("its accuracy matrix is not 3 x 3, one row and one column per step", CellVerdict.Problem(s_spec, result with { Accuracy = [[1, 1, 1], [1, 1, 1]] }));
        Assert.Equal("it holds 1 values of 'cka' for 3 steps", CellVerdict.Problem(s_spec, result with { Cka = [1] }));
        Assert.Equal("it holds no few-shot figures", CellVerdict.Problem(s_spec with { Protocol = Protocol.FewShot }, result with { Spec = s_spec with { Protocol = Protocol.FewShot } }));
    }

    [Fact]
    public void Nor_the_figures_of_another_cell() => Assert.StartsWith("it answered for another cell", CellVerdict.Problem(s_spec with { Seed = 99 }, Cells.Result(s_spec)));
}
