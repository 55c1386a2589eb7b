using Edge.Trainer.ReadOuts;

namespace Edge.Trainer.Tests.ReadOuts;

public class RecursiveRidgeTests
{
    [Theory]
    [InlineData(true, true, false)]
    [InlineData(true, true, true)]
    [InlineData(true, false, false)]
    [InlineData(false, true, false)]
    [InlineData(false, false, false)]
    public void It_equals_the_batch_solution_of_the_same_design(bool standardise, bool intercept, bool balance)
    {
        var options = new RidgeOptions { Standardise = standardise, Intercept = intercept, BalanceClasses = balance };
        var examples = new FeatureDraw(400, 1).Examples;
        var statistics = FeatureDraw.Count(examples.Take(60));
        var ridge = new RecursiveRidge(statistics, FeatureDraw.Classes, options, 5);
        foreach (var (name, features) in examples.Skip(60))
        {
            ridge.Add(name, features);
            statistics.Add(name, features);
        }

        var (recursive, batch) = (ridge.ToSolution(), new RidgeSolver(statistics, ridge.Design).Solve(5));
        double largest = batch.Weights.Max(Math.Abs);
        Assert.All(batch.Weights.Zip(recursive.Weights), pair => Assert.Equal(pair.First, pair.Second, 1e-9 * Math.Max(1, largest)));
        Assert.All(batch.Bias.Zip(recursive.Bias), pair => Assert.Equal(pair.First, pair.Second, 1e-9 * Math.Max(1, batch.Bias.Max(Math.Abs))));
        Assert.InRange(ridge.DriftFrom(statistics), 0, 1e-9);
    }

    [Fact]
    public void A_class_met_for_the_first_time_is_learned_at_once()
    {
        var examples = new FeatureDraw(300, 2).Examples;
        var statistics = FeatureDraw.Count(examples.Where(e => e.Class != "c3"));
        var ridge = new RecursiveRidge(statistics, FeatureDraw.Classes, new RidgeOptions { BalanceClasses = false }, 5);
        var first = examples.First(e => e.Class == "c3");
        float[] scores = new float[4];
        ridge.ToSolution().ToReadOut().Score(first.Features, scores);
        float before = scores[3];
        foreach (var (name, features) in examples.Where(e => e.Class == "c3"))
        {
            ridge.Add(name, features);
            statistics.Add(name, features);
        }

        ridge.ToSolution().ToReadOut().Score(first.Features, scores);
        Assert.True(before < -1e8f && scores[3] > .1f, $"{before} became {scores[3]}");
        Assert.All(new RidgeSolver(statistics, ridge.Design).Solve(5).Weights.Zip(ridge.ToSolution().Weights), pair => Assert.Equal(pair.First, pair.Second, 1e-8));
    }

    [Fact]
    public void An_example_that_went_into_the_statistics_alone_shows_as_drift_and_a_new_factor_cures_it()
    {
        var examples = new FeatureDraw(100, 3).Examples;
        var statistics = FeatureDraw.Count(examples);
        var ridge = new RecursiveRidge(statistics, FeatureDraw.Classes, new RidgeOptions { BalanceClasses = false }, 5);
        Assert.InRange(ridge.DriftFrom(statistics), 0, 1e-12);
        statistics.Add("c1", examples[0].Features);
        Assert.True(ridge.DriftFrom(statistics) > 1e-3);
        ridge.Refactor(statistics, FeatureDraw.Classes, new RidgeOptions { BalanceClasses = false });
        Assert.InRange(ridge.DriftFrom(statistics), 0, 1e-12);
        Assert.Equal(0, ridge.UpdateCount);
    }

    [Fact]
    public void An_update_allocates_nothing()
    {
        var examples = new FeatureDraw(100, 4).Examples;
        var ridge = new RecursiveRidge(FeatureDraw.Count(examples), FeatureDraw.Classes, new RidgeOptions { BalanceClasses = false }, 5);
        ridge.Add("c0", examples[0].Features);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 50; i++) ridge.Add(examples[i].Class, examples[i].Features);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void An_unknown_class_is_refused_before_anything_changes()
    {
        var examples = new FeatureDraw(100, 5).Examples;
        var ridge = new RecursiveRidge(FeatureDraw.Count(examples), FeatureDraw.Classes, new RidgeOptions { BalanceClasses = false }, 5);
        double[] before = ridge.ToSolution().Weights;
        Assert.Contains("'c9'", Assert.Throws<ArgumentException>(() => ridge.Add("c9", examples[0].Features)).Message, StringComparison.Ordinal);
        Assert.Equal(before, ridge.ToSolution().Weights);
    }
}
