using Edge.Runtime.Inference;

namespace Edge.Runtime.Tests.Inference;

/// <summary>Every acknowledged example is counted once, whenever the process is killed.</summary>
public sealed class FrozenStatisticsTests : FrozenStatisticsRig
{
    private const int BatchCount = 9;

    public static TheoryData<int> Points => [.. Enumerable.Range(1, 5 * BatchCount + 4)];

    [Theory]
    [MemberData(nameof(Points))]
    public async Task Whenever_the_process_is_killed_the_sums_are_those_of_what_was_made_durable(int point)
    {
        killAt = point;
        if (point % 2 == 0) CountCopies();
        await StartAsync();
        for (int batch = 0; batch < BatchCount; batch++)
        {
            await StoreAsync(batch);
            if (batch is 3 or 6) await SettleAsync();
        }

        Assert.True(reached >= killAt, $"the run has {reached} points, none is {killAt}");
        await HoldsAsync();
        readOut.Save();
        await RestartAsync();
    }

    [Fact]
    public async Task A_damaged_file_is_put_aside_and_what_the_buffer_holds_is_counted()
    {
        await StartAsync();
        for (int batch = 0; batch < 4; batch++) await StoreAsync(batch);
        await SettleAsync();
        Stop();
        byte[] bytes = Damage("statistics.bin");
        Damage("statistics.bin.before");
        await StartAsync();
        Assert.Contains("damaged", readOut.StatisticsProblem);
        Assert.Equal(bytes, File.ReadAllBytes(data["statistics.bin.bad"]));
        Assert.Equal((await buffer.TrainableAsync()).Count, readOut.FrozenCounted!.Count);
    }

    [Fact]
    public async Task A_damaged_file_costs_no_more_than_what_has_left_since_it_was_written_before()
    {
        await StartAsync();
        await StoreAsync(0);
        await SettleAsync();
        ulong through = readOut.FrozenCounted!.ThroughExampleId;
        await StoreAsync(1);
        await SettleAsync();
        Stop();
        Damage("statistics.bin");
        await StartAsync();
        Assert.Contains("What was written before it goes on", readOut.StatisticsProblem);
        int held = (await buffer.TrainableAsync(through)).Count;
        Assert.InRange(held, 1, durable.Count(e => e.Id > through) - 1);
        durable.RemoveAll(e => e.Id > through && buffer.FindAsync(e.Id).Result is null);
        await HoldsAsync();
        await StoreAsync(2); // What had its round leaves again, and is counted in a file that is whole.
        await RestartAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_was_counted_anew_is_counted_though_it_had_its_round_and_leaves_before_a_kill(bool isDamaged)
    {
        await StartAsync();
        for (int batch = 0; batch < 4; batch++) await StoreAsync(batch);
        await SettleAsync();
        Stop();
        if (isDamaged) foreach (string name in new[] { "statistics.bin", "statistics.bin.before" }) Damage(name);
        else File.Delete(data["statistics.bin"]);
        await StartAsync();
        durable.Clear();
        durable.AddRange(await buffer.TrainableAsync());
        var before = durable.Select(e => e.Id).ToHashSet();
        await StoreAsync(4);
        Assert.Contains(before, id => buffer.FindAsync(id).Result is null); // It left for one of the new batch.
        await RestartAsync();
    }

    [Fact]
    public async Task Nothing_is_written_while_nothing_may_leave()
    {
        options = options with { FreshCapacity = 1000 };
        await StartAsync();
        for (int batch = 0; batch < 9; batch++) await StoreAsync(batch);
        Assert.False(File.Exists(data["statistics.bin"]));
        await RestartAsync(); // Killed: all of them are in the buffer.
        await SettleAsync();
        Assert.True(File.Exists(data["statistics.bin"]));
        await RestartAsync();
    }

    [Fact]
    public async Task A_buffer_that_had_to_begin_anew_does_not_cost_what_was_counted_of_the_old_one()
    {
        await StartAsync();
        await StoreAsync(0);
        await StoreAsync(1);
        await SettleAsync();
        long before = readOut.FrozenCounted!.Count;
        Stop();
        File.Delete(data["replay.db"]);
        await StartAsync();
        Assert.Equal(before, readOut.FrozenCounted!.Count);
        durable.Clear();
        await StoreAsync(2);
        long added = durable.Count;
        Stop(); // Killed: the new ones are only in the new buffer, with ids that the old one had given as well.
        await StartAsync();
        Assert.Equal(before + added, readOut.FrozenCounted!.Count);
    }

    [Fact]
    public async Task What_a_scarce_class_may_take_over_is_measured_on_the_labelled_windows_after_a_restart_as_well()
    {
        await StartAsync();
        for (int batch = 0; batch < 4; batch++) await StoreAsync(batch, id => id % 2 == 0 ? "still" : "slow");
        await StoreAsync(4, id => id == 161 ? "fast" : "slow", size: 2, windowOf: _ => "slow"); // One "slow" window that somebody takes for the first "fast" one.
        await HoldsBackAsync();
        Stop();
        await StartAsync();
        await HoldsBackAsync();

        async Task HoldsBackAsync()
        {
            var branches = slot.LatestFor(TestSnapshot.Manifest.Id)!.Branches;
            Assert.DoesNotContain("fast", branches.Frozen!.Classes);
            var free = branches with { Nearness = BranchReadOuts.NearnessOf(readOut.FrozenCounted, TestSnapshot.Classes, null, [], []) };
            Assert.True(await TakenOverAsync(free) > 5, "nothing is there to be held back");
            Assert.InRange(await TakenOverAsync(branches), 0, 3); // Fifty of some eighty are looked at.
        }

        async Task<int> TakenOverAsync(BranchReadOuts branches)
        {
            using var session = Classifier.Open(TestSnapshot.WriteFrozen(data), TestSnapshot.Manifest, s_settings, AnchorExam.BatchSize);
            var kept = (await buffer.TrainableAsync()).Where(e => e.Class == "slow").ToList();
            return AnchorExam.Examine(session, branches.Compose(ReadOutBlend.OfFrozenRidge), s_settings with { UnknownBelowSimilarity = -1 }, AnchorExam.Pairs(kept)).PerClass["slow"] is var (right, count) ? count - right : 0;
        }
    }

    [Theory]
    [InlineData(10, 30)]
    [InlineData(100, 6)]
    [InlineData(10, 6)]
    public async Task A_start_with_smaller_capacities_after_a_kill_counts_what_it_lets_go(int freshCapacity, int capacity)
    {
        await StartAsync();
        await StoreAsync(0);
        await StoreAsync(1);
        Stop(); // Killed: the file of the statistics was never written.
        Assert.False(File.Exists(data["statistics.bin"]));
        options = options with { FreshCapacity = freshCapacity, Capacity = capacity };
        await StartAsync();
        Assert.InRange(buffer.Counts.FreshCount, 1, freshCapacity);
        Assert.InRange(buffer.Counts.ReplayCount, 1, capacity);
        await HoldsAsync();
        await RestartAsync();
    }

    [Fact]
    public async Task Anchors_are_never_counted()
    {
        await StartAsync();
        await StoreAsync(0);
        await StoreAsync(1);
        Assert.NotEmpty(await buffer.AnchorsAsync());
        Assert.All(await buffer.AnchorsAsync(), anchor => Assert.DoesNotContain(durable, e => e.Id == anchor.Id));
        Assert.Equal(durable.Count, readOut.FrozenCounted!.Count);
    }
}
