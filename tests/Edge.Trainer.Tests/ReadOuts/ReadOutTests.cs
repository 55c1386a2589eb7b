using Edge.Storage;
using Edge.Trainer.ReadOuts;

namespace Edge.Trainer.Tests.ReadOuts;

public class ReadOutTests
{
    [Fact]
    public void A_linear_read_out_is_its_weights_times_the_features_plus_its_bias()
    {
        float[] scores = new float[2];
        new LinearReadOut([1, 2, 3, 4, 5, 6], [.5f, -1], ["a", "b"]).Score([1, 0, -1], scores);
        Assert.Equal([-1.5f, -3f], scores);
        Assert.Throws<ArgumentException>(() => new LinearReadOut([1, 2, 3], [0, 0], ["a", "b"]));
    }

    [Fact]
    public void A_cosine_read_out_sees_directions_only()
    {
        float[] scores = new float[2];
        var readOut = new CosineReadOut([3, 4, 0, -2], [0, 0], ["a", "b"], scale: 10);
        readOut.Score([6, 8], scores);
        Assert.Equal(10, scores[0], 1e-5);
        Assert.Equal(-8, scores[1], 1e-5);
        readOut.Score([0, 0], scores);
        Assert.Equal([0f, 0f], scores);
    }

    [Fact]
    public void The_nearest_class_mean_is_the_nearest_on_the_unit_sphere_and_skips_absent_classes()
    {
        var statistics = new ClassStatistics("f", 2);
        statistics.Add("a", [1f, 0f]);
        statistics.Add("a", [0f, 1f]);
        statistics.Add("b", [-.6f, .8f]);
        float[] scores = new float[3];
        CosineReadOut.NearestClassMean(statistics, ["b", "none", "a"]).Score([1, 1], scores);
        Assert.Equal(.2 / Math.Sqrt(2), scores[0], 1e-6);
        Assert.Equal(PrototypeMatrix.AbsentBias, scores[1]);
        Assert.Equal(1, scores[2], 1e-6);
    }

    [Fact]
    public void The_discriminant_is_the_textbook_one()
    {
        // Two classes with unit scatter along x and none across y: w = n S^-1 (mu_c - mu) in standardised features; equal priors and equal numbers put the boundary half way between the means.
        var statistics = new ClassStatistics("f", 2);
        foreach (float d in new[] { -1f, 1f, -1f, 1f, -1f, 1f }) statistics.Add("a", [d, 0f]);
        foreach (float d in new[] { -1f, 1f, -1f, 1f, -1f, 1f }) statistics.Add("b", [4 + d, .5f * d]);
        var readOut = new DiscriminantSolver(statistics, ["a", "b"]).Solve(1e-9);
        float[] scores = new float[2];
        readOut.Score([2, 0], scores);
        Assert.Equal(scores[0], scores[1], 1e-3 * Math.Abs(scores[0]) + 1e-3);
        readOut.Score([2.5f, 0], scores);
        Assert.True(scores[1] > scores[0]);
    }

    [Fact]
    public void A_class_of_few_examples_is_given_what_the_noise_of_its_mean_costs_it()
    {
        // One feature of unit variance within the classes: P = 1, d = 1, so b grows by 1 / (2 n).
        var (few, many) = (new ClassStatistics("f", 1), new ClassStatistics("f", 1));
        foreach (float d in new[] { -1f, 1f }) few.Add("new", [4 + d]);
        for (int i = 0; i < 500; i++)
        {
            foreach (float d in new[] { -1f, 1f }) many.Add("new", [4 + d]);
            foreach (var statistics in new[] { few, many })
                foreach (float d in new[] { -1f, 1f }) statistics.Add("old", [d]);
        }

        Assert.Equal(1 / 4.0 - 1 / 2000.0, Lead(few) - Lead(many), 1e-2);

        // How far "new" is ahead half way between the means.
        static double Lead(ClassStatistics statistics)
        {
            float[] scores = new float[2];
            new DiscriminantSolver(statistics, ["old", "new"]).Solve(1e-9).Score([2], scores);
            return scores[1] - scores[0];
        }
    }

    [Fact]
    public void A_scarce_class_takes_over_where_its_prototype_is_nearer_than_the_winner_s()
    {
        var main = new LinearReadOut([1, 0, 0, 1, 0, 0], [0, 0, -5], ["a", "b", "new"]);
        var prototypes = new LinearReadOut([1, 0, 0, 1, -1, -1], [0, 0, 0], ["a", "b", "new"]);
        var readOut = new ScarceClassReadOut(main, prototypes, ["new"]);
        float[] scores = new float[3];
        readOut.Score([-1, -2], scores);
        Assert.Equal([-1f, -2f, -1f + 4f / 5f], scores);
        readOut.Score([2, 1], scores);
        Assert.Equal([2f, 1f, 2f - 5f / 6f], scores);
        new ScarceClassReadOut(main, prototypes, ["a", "b", "new"]).Score([2, 1], scores);
        Assert.Equal([2f, 1f, -3f], scores);
    }

    [Fact]
    public void Three_examples_make_a_class_established_or_a_tenth_of_the_largest_one()
    {
        var examples = new FeatureDraw(200, 1).Examples;
        var statistics = FeatureDraw.Count(examples.Where(e => e.Class != "c2"));
        int enough = Math.Max(3, (int)Math.Ceiling(0.1 * FeatureDraw.Classes.Max(name => statistics.Of(name)?.Mass ?? 0)));
        Assert.InRange(enough, 4, 29);
        foreach (var (name, features) in examples.Where(e => e.Class == "c2").Take(enough - 1)) statistics.Add(name, features);
        var main = new RidgeSolver(statistics, FeatureDraw.Classes, new RidgeOptions()).Solve(10).ToReadOut();
        Assert.IsType<ScarceClassReadOut>(ScarceClassReadOut.Around(main, statistics));
        statistics.Add("c2", examples[0].Features);
        Assert.Same(main, ScarceClassReadOut.Around(main, statistics));
    }

    [Fact]
    public void A_new_class_in_the_midst_of_an_old_one_takes_over_one_in_a_hundred_remembered_windows_at_most()
    {
        var statistics = new ClassStatistics("f", 2);
        var random = new Random(4);
        float[] remembered = [.. Enumerable.Range(0, 400).SelectMany(i => (float[])[(i % 2 * 6) + random.NextSingle(), random.NextSingle()])];
        int[] labels = [.. Enumerable.Range(0, 400).Select(i => i % 2)];
        for (int i = 0; i < labels.Length; i++) statistics.Add(labels[i] == 0 ? "a" : "b", remembered.AsSpan(2 * i, 2));
        statistics.Add("new", [0.5f, 0.7f]);
        statistics.Add("new", [0.6f, 0.8f]);
        var main = new RidgeSolver(statistics, ["a", "b", "new"], new RidgeOptions { BalanceClasses = false }).Solve(1).ToReadOut();
        int free = TakenOver(ScarceClassReadOut.Around(main, statistics)), held = TakenOver(ScarceClassReadOut.Around(main, statistics, remembered, labels));
        Assert.True(free > 50, $"{free}");
        Assert.InRange(held, 1, 4);

        int TakenOver(IReadOut readOut)
        {
            int count = 0;
            float[] scores = new float[3];
            for (int i = 0; i < labels.Length; i++)
            {
                readOut.Score(remembered.AsSpan(2 * i, 2), scores);
                if (scores[2] > Math.Max(scores[0], scores[1])) count++;
            }

            return count;
        }
    }

    [Fact]
    public void Fusion_adds_centred_scores_on_a_common_scale()
    {
        float[] frozen = [1, 0, -1], learned = [10, 40, 10], scores = new float[3];
        double scale = LateFusion.CommonScale(frozen, learned, 3);
        Assert.Equal(Math.Sqrt(2.0 / 600), scale, 1e-12);
        LateFusion.Of(.5, .1).Fuse(frozen, learned, 3, scores);
        Assert.Equal([.5f, 1f, -1.5f], scores);
        LateFusion.LearnedOnly.Fuse(frozen, learned, 3, scores);
        Assert.Equal([-10f, 20f, -10f], scores);
        LateFusion.FrozenOnly.Fuse(frozen, learned, 3, scores);
        Assert.Equal(frozen, scores);
    }

    [Fact]
    public void A_class_that_one_branch_does_not_know_has_neither_vote_nor_veto_from_it()
    {
        float absent = PrototypeMatrix.AbsentBias;
        float[] scores = new float[4];
        LateFusion.Of(1, 1).Fuse([0, 2, 1, absent], [1, absent, -1, absent], 4, scores);
        Assert.Equal([0f, 1f, -1f, absent], scores);
    }
}
