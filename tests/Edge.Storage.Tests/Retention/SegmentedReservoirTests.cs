namespace Edge.Storage.Tests.Retention;

public class SegmentedReservoirTests
{
    [Fact]
    public void Every_segment_has_the_same_share_however_many_labels_it_brought()
    {
        var policy = New(30);
        ulong id = 0;
        foreach (var (second, labels) in new[] { (0, 20), (10, 2000), (20, 50) })
        {
            for (int i = 0; i < labels; i++) policy.Offer(new ExampleFacts(++id, "a", second + 10.0 * i / labels));
        }

        Assert.Equal([(0.0, 10), (10.0, 10), (20.0, 10)], policy.Segments);
    }

    [Fact]
    public void What_a_short_segment_does_not_need_others_keep()
    {
        var policy = New(30);
        ulong id = 0;
        foreach (var (second, labels) in new[] { (0, 200), (10, 3), (20, 200) })
        {
            for (int i = 0; i < labels; i++) policy.Offer(new ExampleFacts(++id, "a", second));
        }

        Assert.Equal([(0.0, 14), (10.0, 3), (20.0, 13)], policy.Segments);
    }

    [Fact]
    public void Classes_have_equal_shares_of_a_segment()
    {
        var policy = New(24);
        for (int i = 0; i < 800; i++) policy.Offer(new ExampleFacts((ulong)i + 1, i % 400 < 3 ? "rare" : "ab"[i % 3 / 2].ToString(), i < 400 ? 0 : 10));
        Assert.Equal([(0.0, 12), (10.0, 12)], policy.Segments);
        foreach (ulong segment in new ulong[] { 0, 400 })
        {
            int Of(string name) => policy.Kept[name].Count(id => id > segment && id <= segment + 400);
            Assert.Equal(3, Of("rare"));
            Assert.InRange(Of("a"), 4, 5);
            Assert.InRange(Of("b"), 4, 5);
        }
    }

    [Fact]
    public void Each_class_of_each_segment_is_a_uniform_sample_of_what_came_then()
    {
        const int runs = 3000, perCell = 50;
        var counts = new Dictionary<(string, int), int[]>();
        foreach (string name in new[] { "a", "b" })
        {
            for (int segment = 0; segment < 3; segment++) counts.Add((name, segment), new int[perCell]);
        }

        for (int seed = 0; seed < runs; seed++)
        {
            var policy = New(30, seed);
            for (int i = 0; i < 300; i++) policy.Offer(new ExampleFacts((ulong)i + 1, "ab"[i % 2].ToString(), i / 100 * 10));
            foreach (var (name, ids) in policy.Kept)
            {
                foreach (ulong id in ids) counts[(name, (int)(id - 1) / 100)][(id - 1) % 100 / 2]++;
            }
        }

        foreach (int[] cell in counts.Values) ChiSquare.AssertUniform(cell, runs, 5);
    }

    [Fact]
    public void Merged_segments_are_a_uniform_sample_of_their_joint_time()
    {
        const int runs = 3000;
        int[]? counts = null;
        for (int seed = 0; seed < runs; seed++)
        {
            var policy = New(16, seed);
            for (int i = 0; i < 300; i++) policy.Offer(new ExampleFacts((ulong)i + 1, "a", i));
            Assert.All(policy.Segments, segment => Assert.Equal(2, segment.Count));
            int firstLength = (int)policy.Segments[1].StartSeconds;
            Assert.Equal(120, firstLength);
            counts ??= new int[firstLength];
            foreach (ulong id in policy.Kept["a"].Where(id => (int)id <= firstLength)) counts[id - 1]++;
        }

        ChiSquare.AssertUniform(counts!, runs, 2);
    }

    [Fact]
    public void Segments_are_few_short_in_the_near_past_and_long_in_the_far_past()
    {
        var policy = New(100);
        for (int i = 0; i < 20_000; i++)
        {
            policy.Offer(new ExampleFacts((ulong)i + 1, "a", i * 10));
            Assert.InRange(policy.Segments.Count, 1, SegmentedReservoir.MaximumSegmentCount);
            Assert.Equal((0.0, i * 10.0), (policy.Segments[0].StartSeconds, policy.Segments[^1].StartSeconds));
        }

        double[] starts = [.. policy.Segments.Select(s => s.StartSeconds), 200_000];
        double[] lengths = [.. starts.Zip(starts.Skip(1), (from, to) => to - from)];
        Assert.Equal(10, lengths[^1]);
        Assert.Equal(lengths.OrderDescending(), lengths);
        Assert.InRange(lengths[0], 100_000, 180_000);
    }

    [Fact]
    public void The_merges_are_pinned()
    {
        var policy = New(100);
        string[] expected = ["0 20 30 40 50 60 70 80", "0 20 40 50 60 70 80 90", "0 20 40 60 70 80 90 100"];
        for (int i = 0; i < 11; i++)
        {
            policy.Offer(new ExampleFacts((ulong)i + 1, "a", i * 10));
            if (i >= 8) Assert.Equal(expected[i - 8], string.Join(" ", policy.Segments.Select(s => s.StartSeconds)));
        }
    }

    [Fact]
    public void A_late_example_counts_to_the_segment_of_its_time()
    {
        var policy = New(100);
        double[] seconds = [100, 113, 130, 128, 95, 109, 131, double.NaN];
        for (int i = 0; i < seconds.Length; i++) policy.Offer(new ExampleFacts((ulong)i + 1, "a", seconds[i]));
        Assert.Equal([(100.0, 4), (110.0, 2), (130.0, 2)], policy.Segments);
    }

    [Fact]
    public void Another_seed_or_segment_length_goes_on_with_what_is_kept()
    {
        var stream = Streams.Drifting(300);
        var before = New(30);
        foreach (var example in stream[..200]) before.Offer(example);
        foreach (var after in new[] { New(30, seed: 99), new SegmentedReservoir(new RetentionBudget(30), 1, 0, 25) })
        {
            Streams.Restarted(before, stream, after);
            Assert.Equal(Streams.Ids(before), Streams.Ids(after));
            foreach (var example in stream[200..]) after.Offer(example);
            Assert.Equal(30, after.Count);
            Assert.Contains(Streams.Ids(after), id => id > 200);
        }
    }

    private static SegmentedReservoir New(int capacity, int seed = 1) => new(new RetentionBudget(capacity), seed, 0, 10);
}
