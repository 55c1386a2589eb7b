namespace Edge.Storage.Tests.Retention;

public class ReservoirTests
{
    [Fact]
    public void Every_example_of_a_stream_is_kept_with_the_same_probability()
    {
        const int runs = 3000, positions = 120, capacity = 15;
        int[] counts = new int[positions];
        for (int seed = 0; seed < runs; seed++)
        {
            foreach (ulong id in Streams.Ids(Run(seed, new RetentionBudget(capacity), positions))) counts[id - 1]++;
        }

        ChiSquare.AssertUniform(counts, runs, capacity);
    }

    [Fact]
    public void A_limit_in_bytes_gives_the_same_sample_as_one_in_examples_of_that_size()
    {
        for (int seed = 0; seed < 50; seed++) Assert.Equal(Streams.Ids(Run(seed, new RetentionBudget(15), 120)), Streams.Ids(Run(seed, new RetentionBudget(1000, 15 * 4 + 3), 120)));
    }

    [Fact]
    public void A_lowered_capacity_leaves_a_uniform_sample_that_stays_one()
    {
        const int runs = 3000, positions = 80, capacity = 8;
        int[] counts = new int[positions];
        for (int seed = 0; seed < runs; seed++)
        {
            var before = Run(seed, new RetentionBudget(20), 50);
            var after = new Reservoir(new RetentionBudget(capacity), seed, 0);
            foreach (ulong id in Streams.Ids(before)) after.Restore(new ExampleFacts(id, "a"));
            after.Restore(before.Counters);
            after.Trim();
            for (ulong id = 51; id <= positions; id++) after.Offer(new ExampleFacts(id, "a"));
            foreach (ulong id in Streams.Ids(after)) counts[id - 1]++;
        }

        ChiSquare.AssertUniform(counts, runs, capacity);
    }

    [Fact]
    public void Classes_are_kept_in_the_proportion_in_which_they_come()
    {
        int rare = 0;
        for (int seed = 0; seed < 1000; seed++)
        {
            var reservoir = new Reservoir(new RetentionBudget(10), seed, 0);
            for (ulong id = 1; id <= 100; id++) reservoir.Offer(new ExampleFacts(id, id % 10 == 0 ? "rare" : "a"));
            rare += reservoir.Kept.TryGetValue("rare", out var ids) ? ids.Count : 0;
        }

        Assert.InRange(rare, 900, 1100); // 1 in 10 of 10,000; one standard deviation is 27.
    }

    [Fact]
    public void The_choice_of_seed_1_is_pinned() => Assert.Equal("16 57 61 74 75 82", string.Join(" ", Streams.Ids(Run(1, new RetentionBudget(6), 100))));

    private static Reservoir Run(int seed, RetentionBudget budget, int count)
    {
        var reservoir = new Reservoir(budget, seed, 0);
        for (int id = 1; id <= count; id++) reservoir.Offer(new ExampleFacts((ulong)id, "a", 0, 4));
        return reservoir;
    }
}
