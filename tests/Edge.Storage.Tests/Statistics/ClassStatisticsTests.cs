namespace Edge.Storage.Tests.Statistics;

public class ClassStatisticsTests
{
    private const int Length = 53;

    [Fact]
    public void Any_order_of_the_examples_gives_the_same_sums()
    {
        var examples = Draw(400);
        var expected = OneByOne(examples);
        for (int seed = 0; seed < 5; seed++)
        {
            var shuffled = examples.ToArray();
            new Random(seed).Shuffle(shuffled);
            AssertClose(expected, OneByOne(shuffled));
        }
    }

    [Fact]
    public void Class_after_class_is_joint_to_the_bit()
    {
        var examples = Draw(400);
        AssertSame(OneByOne(examples), OneByOne(examples.OrderByDescending(e => e.Class, StringComparer.Ordinal)));
    }

    [Fact]
    public void A_batch_counts_like_its_examples()
    {
        var examples = Draw(500); // more than one panel of rows per class
        var batch = new ClassStatistics("bank", Length);
        batch.Add([.. examples.Select(e => e.Class)], [.. examples.SelectMany(e => e.Features)]);
        AssertClose(OneByOne(examples), batch);
        Assert.Equal(500, batch.Count);
    }

    [Fact]
    public void Sums_are_the_moments_of_the_definition()
    {
        var statistics = new ClassStatistics("bank", 2);
        statistics.Add("a", [1f, 2f]);
        statistics.Add("a", [3f, -1f]);
        statistics.Add("b", [9f, 9f]);
        var a = statistics.Of("a")!;
        Assert.Equal((2L, 2.0), (a.Count, a.Mass));
        Assert.Equal([4, 1], a.Sum);
        Assert.Equal([10, -1, 5], a.Gram.Values);
        Assert.Null(statistics.Of("c"));
        Assert.Equal(["a", "b"], statistics.Classes);
    }

    [Fact]
    public void Copies_weigh_less_than_examples_and_are_none()
    {
        var statistics = new ClassStatistics("bank", 2);
        statistics.Add("a", [1f, 2f]);
        statistics.AddCopies(["a", "b"], [3f, -1f, 2f, 0f], 0.25);
        var a = statistics.Of("a")!;
        Assert.Equal((1L, 1.25), (a.Count, a.Mass));
        Assert.Equal([1.75, 1.75], a.Sum);
        Assert.Equal([3.25, 1.25, 4.25], a.Gram.Values);
        Assert.Equal((0L, 0.25, 1L), (statistics.Of("b")!.Count, statistics.Of("b")!.Mass, statistics.Count));
    }

    [Fact]
    public void A_copy_of_full_weight_adds_what_an_example_does_and_no_other_weight_is_taken()
    {
        var examples = Draw(300);
        ClassStatistics expected = OneByOne(examples), copies = new("bank", Length);
        copies.AddCopies([.. examples.Select(e => e.Class)], [.. examples.SelectMany(e => e.Features)], 1);
        foreach (string name in expected.Classes) Assert.Equal((expected.Of(name)!.Mass, 0L), (copies.Of(name)!.Mass, copies.Of(name)!.Count));
        Assert.All(expected.Of("c1")!.Gram.Values.Zip(copies.Of("c1")!.Gram.Values), pair => Assert.Equal(pair.First, pair.Second, 1e-9));
        foreach (double weight in new[] { 0, -1, 1.5, double.NaN }) Assert.Throws<ArgumentOutOfRangeException>(() => copies.AddCopies(["c1"], new float[Length], weight));
        Assert.Throws<ArgumentException>(() => copies.AddCopies(["c1"], [.. Enumerable.Repeat(float.NaN, Length)], 0.5));
    }

    [Fact]
    public void A_removed_class_leaves_the_rest_as_if_it_had_never_been_there()
    {
        var examples = Draw(300);
        var removed = OneByOne(examples);
        Assert.True(removed.Remove("c1"));
        Assert.False(removed.Remove("c1"));
        AssertSame(OneByOne(examples.Where(e => e.Class != "c1")), removed);
    }

    [Fact]
    public void A_discount_of_one_class_weighs_its_past_less_and_no_other()
    {
        var examples = Draw(60);
        var (statistics, before) = (OneByOne(examples), OneByOne(examples));
        statistics.Discount(.25, "c0");
        var (now, then) = (statistics.Of("c0")!, before.Of("c0")!);
        Assert.Equal((then.Mass / 4, then.Count, then.Sum[3] / 4, then.Gram[3, 5] / 4), (now.Mass, now.Count, now.Sum[3], now.Gram[3, 5]));
        Assert.Equal(before.Of("c1")!.Gram.Values, statistics.Of("c1")!.Gram.Values);
        statistics.Discount(.5);
        Assert.Equal(before.Of("c1")!.Mass / 2, statistics.Of("c1")!.Mass);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(1.1)]
    [InlineData(double.NaN)]
    public void A_discount_that_is_none_is_refused(double rho) => Assert.Throws<ArgumentOutOfRangeException>(() => new ClassStatistics("bank", 2).Discount(rho));

    [Fact]
    public void Merged_parts_are_the_whole_and_know_the_newest_example()
    {
        var examples = Draw(300);
        var (left, right) = (OneByOne(examples.Take(100)), OneByOne(examples.Skip(100)));
        (left.ThroughExampleId, right.ThroughExampleId) = (7, 9);
        left.Merge(right);
        AssertClose(OneByOne(examples), left);
        Assert.Equal(9ul, left.ThroughExampleId);
    }

    [Fact]
    public void Statistics_of_another_bank_are_not_merged()
    {
        var error = Assert.Throws<ArgumentException>(() => new ClassStatistics("bank", 2).Merge(new ClassStatistics("other", 2)));
        Assert.Contains("feature bank 'other' (2 features)", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new ClassStatistics("bank", 2).Merge(new ClassStatistics("bank", 3)));
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void A_value_that_is_not_finite_is_refused_and_nothing_is_counted(float bad)
    {
        var statistics = new ClassStatistics("bank", 2);
        Assert.Contains("feature 1", Assert.Throws<ArgumentException>(() => statistics.Add("a", [1f, bad])).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => statistics.Add(["a", "a"], [1f, 1f, bad, 0f]));
        Assert.Throws<ArgumentException>(() => statistics.Add("a", [1.0, bad]));
        Assert.Equal(0, statistics.Count);
        Assert.Empty(statistics.Classes);
    }

    [Fact]
    public void Features_of_the_wrong_length_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new ClassStatistics("bank", 3).Add("a", [1f, 2f]));
        Assert.Throws<ArgumentException>(() => new ClassStatistics("bank", 3).Add(["a", "b"], [1f, 2f, 3f]));
    }

    [Fact]
    public void Counting_allocates_nothing_after_a_class_s_first()
    {
        var statistics = new ClassStatistics("bank", 200);
        float[] features = [.. Enumerable.Range(0, 200).Select(i => i / 7f)];
        long least = long.MaxValue;
        for (int round = 0; round < 10; round++) // The runtime itself allocates when it compiles a method anew, whenever that is.
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 100; i++) statistics.Add("a", features);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
    }

    internal static (string Class, float[] Features)[] Draw(int count)
    {
        var random = new Random(11);
        return [.. Enumerable.Range(0, count).Select(i => ($"c{i % 3}", Enumerable.Range(0, Length).Select(_ => random.NextSingle() * 3 - 1).ToArray()))];
    }

    internal static ClassStatistics OneByOne(IEnumerable<(string Class, float[] Features)> examples)
    {
        var statistics = new ClassStatistics("bank", Length);
        foreach (var (name, features) in examples) statistics.Add(name, features);
        return statistics;
    }

    internal static void AssertSame(ClassStatistics expected, ClassStatistics actual)
    {
        Assert.Equal(expected.Classes, actual.Classes);
        foreach (string name in expected.Classes)
        {
            Assert.Equal((expected.Of(name)!.Count, expected.Of(name)!.Mass), (actual.Of(name)!.Count, actual.Of(name)!.Mass));
            Assert.Equal(expected.Of(name)!.Sum, actual.Of(name)!.Sum);
            Assert.Equal(expected.Of(name)!.Gram.Values, actual.Of(name)!.Gram.Values);
        }
    }

    /// <summary>Equal to 1e-12 of the sum of magnitudes: the bound under which the order of additions cannot be told.</summary>
    private static void AssertClose(ClassStatistics expected, ClassStatistics actual)
    {
        Assert.Equal(expected.Classes, actual.Classes);
        foreach (string name in expected.Classes)
        {
            var (e, a) = (expected.Of(name)!, actual.Of(name)!);
            Assert.Equal((e.Count, e.Mass), (a.Count, a.Mass));
            for (int i = 0; i < Length; i++)
            {
                Assert.Equal(e.Sum[i], a.Sum[i], 1e-12 * Math.Sqrt(e.Mass * e.Gram[i, i]));
                for (int j = i; j < Length; j++) Assert.Equal(e.Gram[i, j], a.Gram[i, j], 1e-12 * Math.Sqrt(e.Gram[i, i] * e.Gram[j, j]));
            }
        }
    }
}
