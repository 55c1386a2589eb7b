using Edge.Storage;
using Edge.Trainer.ReadOuts;

namespace Edge.Trainer.Tests.ReadOuts;

public class RidgeSolverTests
{
    private static readonly double[][] s_rows = [[1, 0], [.9, .1], [0, 1], [.1, .9], [.5, .5]];
    private static readonly string[] s_labels = ["0", "0", "1", "1", "0"];
    private static readonly double[] s_known = [1.0941644562, .0596816976, -.1326259947, .9018567639]; // [C, D]

    [Fact]
    public void The_known_answer_holds_in_batch()
    {
        var statistics = new ClassStatistics("b", 2);
        for (int i = 0; i < s_rows.Length; i++) statistics.Add(s_labels[i], s_rows[i]);
        var solution = new RidgeSolver(statistics, ["0", "1"], RidgeOptions.Raw).Solve(.1);
        Assert.All(s_known.Zip(solution.Weights), pair => Assert.Equal(pair.First, pair.Second, 1e-10));
        Assert.Equal([0, 0], solution.Bias);
        Assert.Equal(0, solution.Jitter);
    }

    [Fact]
    public void The_known_answer_holds_one_by_one_in_any_order()
    {
        foreach (int[] order in new int[][] { [0, 1, 2, 3, 4], [4, 2, 0, 3, 1] })
        {
            var statistics = new ClassStatistics("b", 2);
            statistics.Add(s_labels[order[0]], s_rows[order[0]]);
            var ridge = new RecursiveRidge(statistics, ["0", "1"], RidgeOptions.Raw, .1);
            foreach (int i in order[1..]) ridge.Add(s_labels[i], s_rows[i]);
            Assert.All(s_known.Zip(ridge.ToSolution().Weights), pair => Assert.Equal(pair.First, pair.Second, 1e-10));
            Assert.Equal(4, ridge.UpdateCount);
        }
    }

    [Theory]
    [InlineData(false, .01)]
    [InlineData(false, 10)]
    [InlineData(true, .01)]
    [InlineData(true, 10)]
    public void Standardised_ridge_with_an_intercept_is_the_least_squares_solution(bool balance, double lambda)
    {
        var examples = new FeatureDraw(300, 1).Examples;
        var solver = new RidgeSolver(FeatureDraw.Count(examples), FeatureDraw.Classes, new RidgeOptions { BalanceClasses = balance });
        var solution = solver.Solve(lambda);
        Dictionary<string, int> counts = examples.CountBy(e => e.Class).ToDictionary();
        double[,] expected = FeatureDraw.Reference(examples, solver.Design.InverseScale, name => balance ? 300.0 / 4 / counts[name] : 1, lambda);
        for (int c = 0; c < 4; c++)
        {
            foreach (var (_, x) in examples.Take(20))
            {
                double e = expected[c, FeatureDraw.Length] + x.Select((v, i) => v * expected[c, i]).Sum(), a = solution.Bias[c] + x.Select((v, i) => v * solution.Weights[c * FeatureDraw.Length + i]).Sum();
                Assert.Equal(e, a, 1e-8);
            }
        }
    }

    [Fact]
    public void A_feature_without_variance_drops_out()
    {
        var solver = new RidgeSolver(FeatureDraw.Count(new FeatureDraw(200, 2).Examples), FeatureDraw.Classes, new RidgeOptions());
        Assert.Equal([FeatureDraw.Constant], Enumerable.Range(0, FeatureDraw.Length).Where(i => solver.Design.InverseScale[i] == 0));
        Assert.All(Enumerable.Range(0, 4), c => Assert.Equal(0, solver.Solve(1).Weights[c * FeatureDraw.Length + FeatureDraw.Constant]));
    }

    [Fact]
    public void Class_after_class_gives_the_joint_solution_to_the_bit()
    {
        var examples = new FeatureDraw(300, 3).Examples;
        var joint = new RidgeSolver(FeatureDraw.Count(examples), FeatureDraw.Classes, new RidgeOptions()).Solve(10);
        var increments = new RidgeSolver(FeatureDraw.Count(examples.OrderBy(e => e.Class, StringComparer.Ordinal)), FeatureDraw.Classes, new RidgeOptions()).Solve(10);
        Assert.Equal(joint.Weights, increments.Weights);
        Assert.Equal(joint.Bias, increments.Bias);
    }

    [Fact]
    public void Units_of_a_feature_do_not_matter_when_it_is_standardised()
    {
        var examples = new FeatureDraw(200, 4).Examples;
        var solution = new RidgeSolver(FeatureDraw.Count(examples), FeatureDraw.Classes, new RidgeOptions()).Solve(10);
        var other = new RidgeSolver(FeatureDraw.Count(examples.Select(e => (e.Class, e.Features.Select((x, i) => i == 3 ? x * 1024 : x).ToArray()))), FeatureDraw.Classes, new RidgeOptions()).Solve(10);
        for (int c = 0; c < 4; c++) Assert.Equal(solution.Weights[c * FeatureDraw.Length + 3], other.Weights[c * FeatureDraw.Length + 3] * 1024, 1e-9);
    }

    [Fact]
    public void Many_lambdas_are_each_the_solution_of_one()
    {
        var statistics = FeatureDraw.Count(new FeatureDraw(100, 5).Examples);
        double[] lambdas = [.1, 100, 1, 100];
        var many = new RidgeSolver(statistics, FeatureDraw.Classes, new RidgeOptions()).SolveMany(lambdas);
        for (int i = 0; i < lambdas.Length; i++)
            Assert.Equal(new RidgeSolver(statistics, FeatureDraw.Classes, new RidgeOptions()).Solve(lambdas[i]).Weights, many[i].Weights);
    }

    [Fact]
    public void A_class_that_was_not_counted_is_never_chosen_and_changes_nothing()
    {
        var examples = new FeatureDraw(200, 6).Examples.Where(e => e.Class != "c2").ToArray();
        var statistics = FeatureDraw.Count(examples);
        var with = new RidgeSolver(statistics, FeatureDraw.Classes, new RidgeOptions()).Solve(1);
        var without = new RidgeSolver(statistics, ["c0", "c1", "c3"], new RidgeOptions()).Solve(1);
        Assert.Equal(without.Weights.AsEnumerable(), with.Weights.Take(60).Concat(with.Weights.Skip(90)));
        float[] scores = new float[4];
        with.ToReadOut().Score(examples[0].Features, scores);
        Assert.Equal(PrototypeMatrix.AbsentBias, scores[2]);
    }

    [Fact]
    public void Without_any_class_there_is_nothing_to_solve() =>
        Assert.Throws<ArgumentException>(() => new RidgeSolver(new ClassStatistics("b", 2), ["a"], new RidgeOptions()));

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void A_lambda_that_regularises_nothing_is_refused(double lambda) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new RidgeSolver(FeatureDraw.Count(new FeatureDraw(20, 1).Examples), FeatureDraw.Classes, new RidgeOptions()).Solve(lambda));

    [Fact]
    public void The_read_out_scores_as_the_solution_does()
    {
        var examples = new FeatureDraw(200, 7).Examples;
        var solution = new RidgeSolver(FeatureDraw.Count(examples), FeatureDraw.Classes, new RidgeOptions()).Solve(10);
        float[] scores = new float[4];
        solution.ToReadOut().Score(examples[3].Features, scores);
        for (int c = 0; c < 4; c++)
            Assert.Equal(solution.Bias[c] + examples[3].Features.Select((x, i) => x * solution.Weights[c * FeatureDraw.Length + i]).Sum(), scores[c], 1e-3);
    }
}
