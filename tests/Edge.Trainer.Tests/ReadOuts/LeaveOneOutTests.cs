using Edge.Trainer.ReadOuts;

namespace Edge.Trainer.Tests.ReadOuts;

public class LeaveOneOutTests
{
    [Theory]
    [InlineData(true, true, false)]
    [InlineData(true, true, true)]
    [InlineData(false, false, false)]
    public void The_closed_form_equals_solving_without_the_example(bool standardise, bool intercept, bool balance)
    {
        var examples = new FeatureDraw(120, 1).Examples;
        var solver = new RidgeSolver(FeatureDraw.Count(examples), FeatureDraw.Classes, new RidgeOptions { Standardise = standardise, Intercept = intercept, BalanceClasses = balance });
        int[] kept = [3, 50, 77, 119]; // some of those in the statistics
        double[] scores = LeaveOneOut.Scores(solver, 2, [.. kept.SelectMany(i => examples[i].Features)], [.. kept.Select(i => Label(examples[i].Class))]);
        for (int k = 0; k < kept.Length; k++)
        {
            double[,] without = FeatureDraw.Reference([.. examples.Where((_, i) => i != kept[k])], solver.Design.InverseScale, name => solver.Design.ClassWeights[Label(name)], 2, intercept);
            for (int c = 0; c < 4; c++)
                Assert.Equal(without[c, FeatureDraw.Length] + examples[kept[k]].Features.Select((x, i) => x * without[c, i]).Sum(), scores[k * 4 + c], 1e-7);
        }
    }

    [Fact]
    public void Noise_asks_for_a_large_lambda_and_clean_data_for_a_small_one()
    {
        double[] lambdas = [1e-3, 1, 1e3];
        var examples = new FeatureDraw(60, 2).Examples;
        Assert.Equal(1e3, Chosen([.. examples.Select((e, i) => ($"c{i * 7 % 4}", e.Features))], lambdas)); // labels that mean nothing
        Assert.Equal(1e-3, Chosen([.. new FeatureDraw(2000, 2).Examples.Select(e => ($"c{(e.Features[2] > 2 ? 1 : 0)}", e.Features.Select((x, i) => i == 2 ? MathF.Sign(x - 2) : x).ToArray()))], lambdas));
    }

    private static double Chosen(IReadOnlyList<(string Class, float[] Features)> examples, double[] lambdas) =>
        LeaveOneOut.ChooseLambda(new RidgeSolver(FeatureDraw.Count(examples), FeatureDraw.Classes, new RidgeOptions()), lambdas, [.. examples.SelectMany(e => e.Features)], [.. examples.Select(e => Label(e.Class))]);

    private static int Label(string name) => name[1] - '0';
}
