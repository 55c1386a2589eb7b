namespace Edge.Storage.Tests.Statistics;

/// <summary>Sums of a class that is called otherwise now: they lie under its first name, and of one that lies under two both count.</summary>
public sealed class RenamedStatisticsTests : IDisposable
{
    private const int Length = 4;
    private static readonly ClassNames s_names = ClassNames.Of(new Dictionary<string, string> { ["old"] = "new" });
    private readonly TempFolder folder = new(inMemory: true);

    public void Dispose() => folder.Dispose();

    [Fact]
    public void What_is_counted_under_the_new_name_lies_under_the_first()
    {
        var before = new ClassStatistics("bank", Length);
        before.Add("old", Row(1));
        before.Add("other", Row(2));
        var now = before.Under(s_names);
        Assert.Equal(["new", "other"], now.Classes);
        Assert.Equal((1L, 2L), (now.Of("new")!.Count, now.Count));
        now.Add("new", Row(3));
        now.Add(["new", "other"], [.. Row(4), .. Row(5)]);
        new StatisticsFile(folder["statistics.bin"]).Save(now);

        var expected = new ClassStatistics("bank", Length);
        expected.Add("old", Row(1));
        expected.Add("other", Row(2));
        expected.Add("old", Row(3));
        expected.Add(["old", "other"], [.. Row(4), .. Row(5)]);
        ClassStatisticsTests.AssertSame(expected, new StatisticsFile(folder["statistics.bin"]).Load("bank", Length)!);
    }

    [Fact]
    public void The_sums_of_two_names_are_those_of_one_that_counted_all_and_stay_apart_in_the_file()
    {
        var (apart, one) = (new ClassStatistics("bank", Length, s_names), new ClassStatistics("bank", Length));
        var stored = apart.Under(ClassNames.Same);
        for (int i = 0; i < 40; i++)
        {
            stored.Add(i % 3 == 0 ? "old" : "new", Row(i));
            one.Add("new", Row(i));
        }

        var now = stored.Under(s_names);
        AssertSums(one.Of("new")!, now.Of("new")!);
        now.Add("new", Row(50)); // What was put together before is not what is asked for now.
        one.Add("new", Row(50));
        AssertSums(one.Of("new")!, now.Of("new")!);
        now.Discount(0.5, "new");
        one.Discount(0.5, "new");
        AssertSums(one.Of("new")!, now.Of("new")!);
        Assert.Equal(41, now.Count);

        new StatisticsFile(folder["statistics.bin"]).Save(now);
        var back = new StatisticsFile(folder["statistics.bin"]).Load("bank", Length)!;
        Assert.Equal((15L, 26L), (back.Of("old")!.Count, back.Of("new")!.Count));
        Assert.True(back.Under(s_names).Remove("new"));
    }

    [Fact]
    public void Forgetting_takes_both_sums()
    {
        var statistics = new ClassStatistics("bank", Length);
        foreach (string name in new[] { "old", "new", "other" }) statistics.Add(name, Row(1));
        var now = statistics.Under(s_names);
        Assert.Equal(2, now.Of("new")!.Count);
        Assert.True(now.Remove("old"));
        Assert.Null(now.Of("new"));
        Assert.Equal(["other"], now.Classes);
    }

    private static void AssertSums(ClassMoments expected, ClassMoments actual)
    {
        Assert.Equal((expected.Count, expected.Mass), (actual.Count, actual.Mass));
        Assert.Equal(expected.Sum, actual.Sum, (x, y) => Math.Abs(x - y) <= 1e-12 * Math.Abs(x));
        Assert.Equal(expected.Gram.Values, actual.Gram.Values, (x, y) => Math.Abs(x - y) <= 1e-12 * Math.Abs(x));
    }

    private static float[] Row(int i) => [1, i / 7f, 3 - i, i * i / 11f];
}
