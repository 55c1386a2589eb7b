namespace Edge.Storage.Tests.Statistics;

/// <summary>Sums of one kind of features are kept while others are counted, and go on when the first are computed again.</summary>
public sealed class StatisticsFileTests : IDisposable
{
    private const int Length = 3;
    private readonly TempFolder folder = new(inMemory: true);

    public void Dispose() => folder.Dispose();

    private string File => folder["statistics.bin"];

    [Fact]
    public void There_and_back_again_keeps_both_counts()
    {
        Start("a", add: 5);
        Assert.Equal(2, Start("b", add: 2));
        Assert.Equal(6, Start("a", add: 1));
        Assert.Equal(2, Start("b", add: 0));
        Assert.Equal(9, Start("a", add: 3));
        Assert.Single(new StatisticsShelf(File).Files);
    }

    [Fact]
    public void That_there_are_none_of_these_features_is_said_once_and_what_is_taken_up_is_no_problem()
    {
        Start("a", add: 5);
        var file = new StatisticsFile(File);
        Assert.Null(file.Load("b", Length));
        Assert.Contains("are of feature bank 'a' (3 features); expected 'b'", file.Problem, StringComparison.Ordinal);
        Assert.False(System.IO.File.Exists(File)); // A start that fails from here on costs nothing:
        Assert.Equal(5, file.Load("a", Length)!.Count);
        Assert.Equal("", file.Problem);
    }

    [Fact]
    public void A_file_is_never_written_over_by_sums_of_other_features()
    {
        Start("a", add: 5);
        var file = new StatisticsFile(File);
        file.Load("a", Length);
        file.Save(Counted("b", 1));
        Assert.Equal(5, new StatisticsFile(File).Load("a", Length)!.Count);
    }

    [Fact]
    public void What_counts_the_fewest_goes_first_when_there_is_no_room_for_more()
    {
        Start("months", add: 90);
        foreach (var (name, add) in new[] { ("b", 7), ("c", 3), ("d", 5), ("e", 4), ("f", 6) }) Start(name, add);
        var shelf = new StatisticsShelf(File);
        Assert.Equal(new[] { "months", "b", "d" }.Select(shelf.FileOf).Order(StringComparer.Ordinal), shelf.Files);
        Assert.Equal(90, Start("months", add: 0));
    }

    [Fact]
    public void One_that_was_damaged_where_it_lay_is_put_aside_and_said()
    {
        Start("a", add: 5);
        Start("b", add: 2);
        string aside = Assert.Single(new StatisticsShelf(File).Files);
        byte[] bytes = System.IO.File.ReadAllBytes(aside);
        bytes[^9] ^= 1;
        System.IO.File.WriteAllBytes(aside, bytes);
        var file = new StatisticsFile(File);
        Assert.Null(file.Load("a", Length));
        Assert.Contains("damaged", file.Problem, StringComparison.Ordinal);
        Assert.Equal(bytes, System.IO.File.ReadAllBytes(File + ".bad"));
        Assert.Equal(2, Start("b", add: 0));
    }

    [Fact]
    public void Sums_get_another_name_for_the_same_features_and_stay_the_same_to_the_bit()
    {
        Start("a", add: 5);
        var before = new StatisticsFile(File).Look("a", Length)!;
        new StatisticsFile(File).Rename("a, sampled at 50 Hz");
        ClassStatisticsTests.AssertSame(before, new StatisticsFile(File).Look("a, sampled at 50 Hz", Length)!);
        Assert.Equal(new StatisticsHead("a, sampled at 50 Hz", Length, 5, 5), new StatisticsFile(File).Head);
    }

    /// <summary>A start that computes these features, counts some examples more, and ends.</summary>
    private long Start(string features, int add)
    {
        var file = new StatisticsFile(File);
        var statistics = file.Load(features, Length) ?? new ClassStatistics(features, Length);
        Count(statistics, add);
        file.Save(statistics);
        return statistics.Count;
    }

    private static ClassStatistics Counted(string features, int count)
    {
        var statistics = new ClassStatistics(features, Length);
        Count(statistics, count);
        return statistics;
    }

    private static void Count(ClassStatistics statistics, int count)
    {
        for (int i = 0; i < count; i++) statistics.Add("walking", new[] { 1f, i, -i });
        statistics.ThroughExampleId += (ulong)count;
    }
}
