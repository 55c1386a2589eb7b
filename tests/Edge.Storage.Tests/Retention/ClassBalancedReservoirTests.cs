namespace Edge.Storage.Tests.Retention;

public class ClassBalancedReservoirTests
{
    [Theory]
    [InlineData(30, 10, 10, 10)]
    [InlineData(60, 25, 25, 10)]
    [InlineData(9, 3, 3, 3)]
    [InlineData(1060, 1000, 50, 10)]
    public void Classes_are_balanced_as_far_as_they_go_under_1000_to_50_to_10(int capacity, int a, int b, int c)
    {
        for (int seed = 0; seed < 20; seed++)
        {
            var reservoir = new ClassBalancedReservoir(capacity, seed, 0);
            Offer(reservoir, Shuffled(seed, ("a", 1000), ("b", 50), ("c", 10)), 0);
            Assert.Equal((a, b, c), (reservoir.Kept["a"].Count, reservoir.Kept["b"].Count, reservoir.Kept["c"].Count));
            Assert.Equal(capacity, reservoir.Count);
        }
    }

    [Fact]
    public void A_class_that_comes_last_gets_its_share()
    {
        var reservoir = new ClassBalancedReservoir(12, 3, 0);
        Offer(reservoir, [.. Enumerable.Repeat("a", 500), .. Enumerable.Repeat("b", 500), .. Enumerable.Repeat("c", 4)], 0);
        Assert.Equal((4, 4, 4), (reservoir.Kept["a"].Count, reservoir.Kept["b"].Count, reservoir.Kept["c"].Count));
    }

    [Fact]
    public void Never_more_than_the_capacity_and_every_admission_and_eviction_is_told()
    {
        var reservoir = new ClassBalancedReservoir(17, 5, 0);
        var kept = new HashSet<ulong>();
        string[] classes = Shuffled(5, ("a", 300), ("b", 30), ("c", 60));
        for (int i = 0; i < classes.Length; i++)
        {
            ulong id = (ulong)i + 1;
            var admission = reservoir.Offer(classes[i], id);
            if (admission.Admitted) kept.Add(id);
            foreach (ulong evicted in admission.Evicted) Assert.True(kept.Remove(evicted));
            Assert.Equal(Math.Min(i + 1, 17), reservoir.Count);
            Assert.True(kept.SetEquals(reservoir.Kept.Values.SelectMany(ids => ids)));
        }
    }

    [Fact]
    public void A_lone_class_is_a_uniform_sample()
    {
        const int runs = 3000, positions = 120, capacity = 15;
        int[] counts = new int[positions];
        for (int seed = 0; seed < runs; seed++)
        {
            var reservoir = new ClassBalancedReservoir(capacity, seed, 0);
            Offer(reservoir, Enumerable.Repeat("a", positions), 0);
            foreach (ulong id in reservoir.Kept["a"]) counts[id - 1]++;
        }

        ChiSquare.AssertUniform(counts, runs, capacity);
    }

    [Fact]
    public void Each_class_of_an_imbalanced_stream_is_a_uniform_sample_of_that_class()
    {
        const int runs = 3000, rounds = 40;
        var counts = new Dictionary<string, int[]> { ["a"] = new int[rounds * 3], ["b"] = new int[rounds] };
        for (int seed = 0; seed < runs; seed++)
        {
            var reservoir = new ClassBalancedReservoir(16, seed, 0);
            Offer(reservoir, Enumerable.Repeat<string[]>(["a", "a", "b", "a"], rounds).SelectMany(c => c), 0);
            foreach (ulong id in reservoir.Kept["a"]) counts["a"][(id - 1) / 4 * 3 + Math.Min((id - 1) % 4, 2)]++;
            foreach (ulong id in reservoir.Kept["b"]) counts["b"][(id - 1) / 4]++;
        }

        ChiSquare.AssertUniform(counts["a"], runs, 8);
        ChiSquare.AssertUniform(counts["b"], runs, 8);
    }

    [Fact]
    public void The_choice_of_seed_1_is_pinned()
    {
        var reservoir = new ClassBalancedReservoir(6, 1, 16);
        Offer(reservoir, Enumerable.Repeat<string[]>(["a", "a", "b"], 40).SelectMany(c => c), 0);
        Assert.Equal("10 92 119 | 6 45 120", string.Join(" ", reservoir.Kept["a"]) + " | " + string.Join(" ", reservoir.Kept["b"]));
        Assert.NotEqual(0ul, reservoir.Counters.Draws);
    }

    [Fact]
    public void A_restart_anywhere_goes_on_exactly_as_without_one()
    {
        string[] classes = Shuffled(9, ("a", 120), ("b", 40), ("c", 25), ("d", 3));
        for (int cut = 0; cut <= classes.Length; cut += 7)
        {
            var whole = new ClassBalancedReservoir(14, 2, 16);
            var before = new ClassBalancedReservoir(14, 2, 16);
            Offer(whole, classes[..cut], 0);
            Offer(before, classes[..cut], 0);
            var after = Restarted(before, 14);
            Assert.Equal(Offer(whole, classes[cut..], cut), Offer(after, classes[cut..], cut));
            Assert.Equal(Content(whole), Content(after));
        }
    }

    [Fact]
    public void A_lowered_capacity_lets_the_largest_classes_go_until_it_fits()
    {
        var before = new ClassBalancedReservoir(40, 2, 16);
        Offer(before, [.. Enumerable.Repeat("a", 25), .. Enumerable.Repeat("b", 10), .. Enumerable.Repeat("c", 3)], 0);
        var after = Restarted(before, 15);
        var gone = after.Trim();
        Assert.Equal((6, 6, 3), (after.Kept["a"].Count, after.Kept["b"].Count, after.Kept["c"].Count));
        Assert.Equal(23, gone.Distinct().Count());
        Assert.Empty(gone.Intersect(after.Kept.Values.SelectMany(ids => ids)));
        Assert.Empty(after.Trim());
    }

    [Fact]
    public void A_class_of_which_nothing_is_left_is_taken_in_again()
    {
        var before = new ClassBalancedReservoir(4, 2, 16);
        Offer(before, [.. Enumerable.Repeat("a", 50), .. Enumerable.Repeat("b", 50)], 0);
        var after = new ClassBalancedReservoir(2, 2, 16); // The records of class b were damaged.
        foreach (ulong id in before.Kept["a"]) after.Restore(new ExampleFacts(id, "a"));
        after.Restore(before.Counters);
        after.Trim();
        Assert.True(after.Offer("b", 101).Admitted);
        Assert.Equal((1, 1), (after.Kept["a"].Count, after.Kept["b"].Count));
    }

    [Fact]
    public void Without_counters_it_goes_on_as_if_it_had_seen_just_what_it_keeps()
    {
        int admitted = 0;
        for (int seed = 0; seed < 1000; seed++)
        {
            var reservoir = new ClassBalancedReservoir(9, seed, 0);
            for (ulong id = 1; id <= 9; id++) reservoir.Restore(new ExampleFacts(id, "a"));
            if (reservoir.Offer("a", 10).Admitted) admitted++;
        }

        Assert.InRange(admitted, 870, 930); // 9 of 10; one standard deviation is 9.5.
    }

    [Fact]
    public void A_capacity_of_0_is_refused() => Assert.Throws<ArgumentOutOfRangeException>(() => new ClassBalancedReservoir(0, 1, 0));

    private static List<string> Offer(ClassBalancedReservoir reservoir, IEnumerable<string> classes, int offered) =>
        [.. classes.Select((name, i) => reservoir.Offer(name, (ulong)(offered + i + 1))).Select(admission => $"{admission.Admitted} {string.Join(" ", admission.Evicted)}")];

    private static ClassBalancedReservoir Restarted(ClassBalancedReservoir before, int capacity)
    {
        var after = new ClassBalancedReservoir(capacity, 2, 16);
        foreach (var (name, id) in before.Kept.SelectMany(pair => pair.Value, (pair, id) => (pair.Key, id)).OrderBy(kept => kept.id)) after.Restore(new ExampleFacts(id, name));
        after.Restore(before.Counters);
        return after;
    }

    private static string Content(ClassBalancedReservoir reservoir) =>
        string.Join("; ", reservoir.Kept.Where(pair => pair.Value.Count > 0).OrderBy(pair => pair.Key).Select(pair => $"{pair.Key} {string.Join(" ", pair.Value)}"));

    private static string[] Shuffled(int seed, params (string Class, int Count)[] classes)
    {
        string[] all = [.. classes.SelectMany(c => Enumerable.Repeat(c.Class, c.Count))];
        new Random(seed).Shuffle(all);
        return all;
    }
}
