namespace Edge.Storage.Tests.Replay;

public class FreshLifecycleTests
{
    [Fact]
    public async Task Settling_a_draw_deletes_what_only_waited_for_it_and_keeps_the_replay_buffer()
    {
        using var folder = new TempFolder();
        using var buffer = Samples.Open(folder["a.db"], Samples.Options with { Capacity = 5 });
        await buffer.OfferAsync(Samples.Many("a", 1, 40), null);
        var draw = await buffer.DrawAsync();
        Assert.Equal(40, draw.Fresh.Count);
        Assert.Empty(draw.Replay); // All of it is fresh too.
        Assert.Equal(5, draw.Fresh.Count(e => e.Role == ExampleRole.Replay));

        await buffer.SettleAsync(draw.ThroughId);
        Assert.Equal(0, buffer.Counts.FreshCount);
        var after = await buffer.DrawAsync();
        Assert.Empty(after.Fresh);
        Assert.Equal(Samples.Ids(draw.Fresh.Where(e => e.Role == ExampleRole.Replay)), Samples.Ids(after.Replay));
        foreach (var example in draw.Fresh) Assert.Equal(example.Role == ExampleRole.Replay, await buffer.FindAsync(example.Id) is not null);
    }

    [Fact]
    public async Task Examples_that_arrive_between_draw_and_settlement_stay_fresh_also_after_a_restart()
    {
        using var folder = new TempFolder();
        var options = Samples.Options with { Capacity = 3 };
        using (var buffer = Samples.Open(folder["a.db"], options))
        {
            await buffer.OfferAsync(Samples.Many("a", 1, 10), null);
            var draw = await buffer.DrawAsync();
            await buffer.OfferAsync(Samples.Many("a", 11, 10), null);
            await buffer.SettleAsync(draw.ThroughId);
            Assert.Equal(Enumerable.Range(11, 10).Select(id => (ulong)id), Samples.Ids((await buffer.DrawAsync()).Fresh));
        }

        using var reopened = Samples.Open(folder["a.db"], options);
        Assert.Equal(Enumerable.Range(11, 10).Select(id => (ulong)id), Samples.Ids((await reopened.DrawAsync()).Fresh));
        Assert.Equal(3, reopened.Counts.ReplayCount);
    }

    [Fact]
    public async Task A_draw_gives_an_example_that_is_fresh_and_kept_only_once()
    {
        using var folder = new TempFolder();
        using var buffer = Samples.Open(folder["a.db"]);
        await buffer.OfferAsync(Samples.Many("a", 1, 10), null);
        await buffer.SettleAsync(4);
        var draw = await buffer.DrawAsync();
        Assert.Equal([1ul, 2, 3, 4], Samples.Ids(draw.Replay));
        Assert.Equal([5ul, 6, 7, 8, 9, 10], Samples.Ids(draw.Fresh));
        Assert.Equal(10ul, draw.ThroughId);
        Assert.Equal([7ul, 8, 9, 10], Samples.Ids(await buffer.TrainableAsync(afterId: 6)));
    }

    [Fact]
    public async Task An_example_that_leaves_the_replay_buffer_while_it_is_fresh_stays_until_its_round()
    {
        using var folder = new TempFolder();
        var options = Samples.Options with { Capacity = 2 };
        using (var buffer = Samples.Open(folder["a.db"], options))
        {
            Assert.All(await buffer.OfferAsync(Samples.Many("a", 1, 2), null), e => Assert.Equal(ExampleRole.Replay, e.Role));
            await buffer.OfferAsync([Samples.One("b", 3)], null); // A new class takes a place of the largest.
        }

        using var reopened = Samples.Open(folder["a.db"], options);
        var fresh = (await reopened.DrawAsync()).Fresh;
        Assert.Equal([1ul, 2, 3], Samples.Ids(fresh));
        Assert.Single(fresh, e => e is { Class: "a", Role: ExampleRole.Fresh });
        Assert.Equal((1, 1), (reopened.Counts.Replay["a"], reopened.Counts.Replay["b"]));
        await reopened.SettleAsync(3);
        Assert.Equal(2, (await reopened.TrainableAsync()).Count);
    }

    [Fact]
    public async Task The_roles_of_a_batch_are_those_at_its_end()
    {
        using var folder = new TempFolder();
        using var buffer = Samples.Open(folder["a.db"], Samples.Options with { Capacity = 4, FreshCapacity = 10 });
        foreach (var example in await buffer.OfferAsync([.. Samples.Many("a", 1, 30), .. Samples.Many("b", 31, 10)], null))
        {
            var found = await buffer.FindAsync(example.Id);
            if (example.Role == ExampleRole.None) Assert.Null(found);
            else Samples.AssertSame(example, found);
        }
    }

    [Fact]
    public async Task More_fresh_examples_than_fit_let_the_oldest_go_and_are_counted()
    {
        using var folder = new TempFolder();
        var options = Samples.Options with { Capacity = 4, FreshCapacity = 10 };
        using (var buffer = Samples.Open(folder["a.db"], options))
        {
            await buffer.OfferAsync(Samples.Many("a", 1, 8), null);
            Assert.Equal(0, buffer.Counts.FreshOverflowCount);
            await buffer.OfferAsync(Samples.Many("a", 9, 17), null);
            Assert.Equal((10, 15L), (buffer.Counts.FreshCount, buffer.Counts.FreshOverflowCount));
        }

        using var reopened = Samples.Open(folder["a.db"], options);
        Assert.Equal((10, 15L, 4), (reopened.Counts.FreshCount, reopened.Counts.FreshOverflowCount, reopened.Counts.ReplayCount));
        var draw = await reopened.DrawAsync();
        Assert.Equal(Enumerable.Range(16, 10).Select(id => (ulong)id), Samples.Ids(draw.Fresh));
        for (ulong id = 1; id <= 15; id++) Assert.Equal(draw.Replay.Any(e => e.Id == id), await reopened.FindAsync(id) is not null);
    }

    [Fact]
    public async Task A_lowered_capacity_trims_at_reopening_and_what_is_still_fresh_only_changes_its_role()
    {
        using var folder = new TempFolder();
        using (var buffer = Samples.Open(folder["a.db"], Samples.Options with { AnchorShare = 0.4 }))
        {
            await buffer.OfferAsync([.. Samples.Many("a", 1, 40), .. Samples.Many("b", 41, 20)], null);
            await buffer.SettleAsync(50);
            Assert.Equal((20, 6, 10), (buffer.Counts.ReplayCount, buffer.Counts.AnchorCount, buffer.Counts.FreshCount));
        }

        for (int start = 0; start < 2; start++)
        {
            using var reopened = Samples.Open(folder["a.db"], Samples.Options with { AnchorShare = 0.4, Capacity = 4, AnchorCapacity = 2 });
            Assert.Equal((4, 2, 10), (reopened.Counts.ReplayCount, reopened.Counts.AnchorCount, reopened.Counts.FreshCount));
            var draw = await reopened.DrawAsync();
            Assert.Equal(10, draw.Fresh.Count);
            Assert.Equal(4, draw.Fresh.Concat(draw.Replay).Count(e => e.Role == ExampleRole.Replay));
            int kept = 0;
            for (ulong id = 1; id <= 60; id++) kept += await reopened.FindAsync(id) is null ? 0 : 1;
            Assert.Equal(2 + draw.Fresh.Count + draw.Replay.Count, kept);
        }
    }

    [Fact]
    public async Task Prototypes_are_durable_with_the_batch_that_they_count_in()
    {
        using var folder = new TempFolder();
        using (var buffer = Samples.Open(folder["a.db"]))
        {
            Assert.Null(await buffer.PrototypesAsync());
            var bank = new PrototypeBank("s000001-00000000", 2);
            bank.Add("a", [1, 0]);
            await buffer.OfferAsync(Samples.Many("a", 1, 3), bank);
            Assert.Equal(3ul, bank.ThroughExampleId);
            bank.Add("a", [0, 1]);
            await buffer.OfferAsync(Samples.Many("a", 4, 2), bank);
            bank.Add("a", [0, 1]); // Not durable: nobody has stored it.
            await buffer.OfferAsync(Samples.Many("a", 6, 1), null);
        }

        using var reopened = Samples.Open(folder["a.db"]);
        var stored = (await reopened.PrototypesAsync())!;
        Assert.Equal((5ul, 2L, "s000001-00000000"), (stored.ThroughExampleId, stored.Counts["a"], stored.SnapshotId));
        Assert.Equal([6ul], Samples.Ids(await reopened.TrainableAsync(stored.ThroughExampleId)));
        await reopened.SavePrototypesAsync(stored.For("s000002-11111111"));
        Assert.Equal("s000002-11111111", (await reopened.PrototypesAsync())!.SnapshotId);
    }
}
