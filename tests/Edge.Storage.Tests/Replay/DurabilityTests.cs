namespace Edge.Storage.Tests.Replay;

public class DurabilityTests
{
    [Fact]
    public async Task Acknowledged_examples_are_there_after_reopening_with_identical_content()
    {
        using var folder = new TempFolder();
        var options = Samples.Options with { AnchorShare = 0.3 };
        IReadOnlyList<Example> acknowledged;
        ReplayCounts before;
        using (var buffer = Samples.Open(folder["replay.db"], options))
        {
            acknowledged = [.. await buffer.OfferAsync(Samples.Many("walking", 1, 30), null), .. await buffer.OfferAsync([.. Samples.Many("säg €", 31, 20), Samples.One("empty", 99, valueCount: 0)], null)];
            before = buffer.Counts;
        }

        using var reopened = Samples.Open(folder["replay.db"], options);
        Assert.Null(reopened.QuarantinedTo);
        Assert.Contains(acknowledged, e => e.Role == ExampleRole.Anchor);
        Assert.Equal(Enumerable.Range(1, 51).Select(id => (ulong)id), Samples.Ids(acknowledged));
        foreach (var example in acknowledged)
        {
            var found = await reopened.FindAsync(example.Id);
            if (example.Role is ExampleRole.None) Assert.Null(found);
            else if (found is not null) Samples.AssertSame(example with { Role = found.Role }, found); // A later batch may have moved it from replay to fresh.
            else Assert.Equal(ExampleRole.Anchor, example.Role); // Only a full anchor set lets one go that nobody waits for.
        }

        AssertSame(before, reopened.Counts);
        Assert.Equal(20, before.ReplayCount);
        Assert.Equal(6, before.AnchorCount);
        Assert.Equal((51ul, 99.0, 0L), (before.AcknowledgedCount, before.LastStartSeconds, before.CorruptCount));
    }

    [Fact]
    public async Task A_copy_of_both_files_taken_right_after_the_acknowledgement_holds_every_example()
    {
        using var folder = new TempFolder();
        var acknowledged = new List<Example>();
        using var buffer = Samples.Open(folder["replay.db"], Samples.Options with { Capacity = 1000 });
        for (int batch = 0; batch < 12; batch++)
        {
            acknowledged.AddRange(await buffer.OfferAsync([.. Enumerable.Range(0, 1 + batch % 4 * 7).Select(i => Samples.One("abc"[i % 3].ToString(), (ulong)(batch * 100 + i), valueCount: 1152))], null));
            string copy = folder[$"copy{batch}"];
            Directory.CreateDirectory(copy);
            foreach (string file in Directory.GetFiles(folder.Path, "replay*.db")) File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
            using var reopened = Samples.Open(Path.Combine(copy, "replay.db"), Samples.Options with { Capacity = 1000 });
            Assert.Equal((ulong)acknowledged.Count, reopened.Counts.AcknowledgedCount);
            foreach (var example in acknowledged) Samples.AssertSame(example, await reopened.FindAsync(example.Id));
        }
    }

    [Fact]
    public async Task A_restart_after_any_batch_ends_with_the_same_store_as_none()
    {
        using var folder = new TempFolder();
        var options = Samples.Options with { AnchorShare = 0.3, FreshCapacity = 25 };
        string[] classes = [.. Enumerable.Range(0, 150).Select(i => i % 11 == 0 ? "rare" : i < 80 ? "a" : "b")];
        var expected = await RunAsync(restarting: false);
        var actual = await RunAsync(restarting: true);
        Assert.Equal(expected, actual);

        async Task<string> RunAsync(bool restarting)
        {
            string path = folder[$"{restarting}.db"];
            var buffer = Samples.Open(path, options);
            for (int i = 0; i < classes.Length; i += 5)
            {
                await buffer.OfferAsync([.. Enumerable.Range(i, 5).Select(j => Samples.One(classes[j], (ulong)j))], null);
                if (i % 50 == 45) await buffer.SettleAsync((await buffer.DrawAsync()).ThroughId - 3);
                if (!restarting) continue;
                buffer.Dispose();
                buffer = Samples.Open(path, options);
            }

            using (buffer)
            {
                var kept = await buffer.TrainableAsync();
                var anchors = await buffer.AnchorsAsync();
                return string.Join(" ", kept.Concat(anchors).Select(e => $"{e.Id}:{e.Role}")) + $" {buffer.Counts.FreshCount} {buffer.Counts.FreshOverflowCount} {buffer.Counts.AcknowledgedCount}";
            }
        }
    }

    [Fact]
    public async Task Ids_go_on_after_a_restart_even_when_the_newest_examples_were_not_kept()
    {
        using var folder = new TempFolder();
        var options = Samples.Options with { AnchorShare = 1, AnchorCapacity = 2 };
        using (var buffer = Samples.Open(folder["replay.db"], options)) await buffer.OfferAsync(Samples.Many("a", 1, 50), null);
        using var reopened = Samples.Open(folder["replay.db"], options);
        Assert.Equal(51ul, (await reopened.OfferAsync(Samples.Many("a", 51, 1), null))[0].Id);
    }

    [Fact]
    public async Task The_file_stays_bounded_while_examples_come_and_go()
    {
        using var folder = new TempFolder();
        var options = Samples.Options with { FreshCapacity = 30 };
        using var buffer = Samples.Open(folder["replay.db"], options);
        long settled = 0;
        for (int batch = 0; batch < 60; batch++)
        {
            await buffer.OfferAsync([.. Enumerable.Range(0, 20).Select(i => Samples.One("ab"[i % 2].ToString(), (ulong)(batch * 20 + i), valueCount: 1152))], null);
            if (batch == 20) settled = new FileInfo(folder["replay.db"]).Length;
        }

        Assert.InRange(new FileInfo(folder["replay.db"]).Length, 1, settled + settled / 4);
        Assert.Equal(20, buffer.Counts.ReplayCount);
        Assert.Equal(30, buffer.Counts.FreshCount);
    }

    [Fact]
    public async Task A_batch_that_cannot_be_written_leaves_nothing_behind_and_the_store_goes_on()
    {
        using var folder = new TempFolder();
        using var buffer = Samples.Open(folder["replay.db"]);
        await buffer.OfferAsync(Samples.Many("a", 1, 3), null);
        var bank = new PrototypeBank("s", 2) { ThroughExampleId = 3 };
        Example[] tooLarge = [.. Samples.Many("a", 4, 3), Samples.One("a", 7, valueCount: 5_000_000)]; // LiteDB takes no document above 16 MiB.
        await Assert.ThrowsAsync<IOException>(() => buffer.OfferAsync(tooLarge, bank));
        Assert.Equal(3ul, bank.ThroughExampleId);
        Assert.Equal((3, 3ul), (buffer.Counts.ReplayCount, buffer.Counts.AcknowledgedCount));
        await Assert.ThrowsAnyAsync<Exception>(() => buffer.OfferAsync([Samples.One("a", 4), Samples.One(null!, 5)], null)); // A bug of the caller.
        Assert.Equal([1ul, 2, 3], Samples.Ids(await buffer.TrainableAsync()));
        Assert.Equal([4ul, 5], Samples.Ids(await buffer.OfferAsync(Samples.Many("a", 8, 2), null)));
        Assert.Equal([1ul, 2, 3, 8, 9], (await buffer.TrainableAsync()).Select(e => e.WindowId));
    }

    [Fact]
    public async Task Callers_on_many_threads_get_ids_of_their_own_and_all_their_examples_back()
    {
        using var folder = new TempFolder();
        var options = Samples.Options with { Capacity = 5000, AnchorShare = 0.2, AnchorCapacity = 5000 };
        var acknowledged = new System.Collections.Concurrent.ConcurrentDictionary<ulong, Example>();
        using (var buffer = Samples.Open(folder["replay.db"], options))
        {
            await Task.WhenAll(Enumerable.Range(0, 8).Select(caller => Task.Run(async () =>
            {
                for (int batch = 0; batch < 12; batch++)
                {
                    foreach (var example in await buffer.OfferAsync(Samples.Many($"class {caller}", caller * 1000 + batch * 10, 5), null)) Assert.True(acknowledged.TryAdd(example.Id, example));
                    var draw = await buffer.DrawAsync();
                    Assert.DoesNotContain(draw.Replay, e => e.Id > draw.ThroughId);
                    _ = buffer.Counts.ReplayCount + (await buffer.AnchorsAsync()).Count;
                    if (batch % 5 == 4) await buffer.SettleAsync(draw.ThroughId);
                }
            })));
        }

        using var reopened = Samples.Open(folder["replay.db"], options);
        Assert.Equal(480ul, reopened.Counts.AcknowledgedCount);
        foreach (var example in acknowledged.Values) Samples.AssertSame(example, await reopened.FindAsync(example.Id));
    }

    [Fact]
    public void Disposing_twice_is_harmless()
    {
        using var folder = new TempFolder();
        var buffer = Samples.Open(folder["replay.db"]);
        buffer.Dispose();
        buffer.Dispose();
    }

    private static void AssertSame(ReplayCounts expected, ReplayCounts actual)
    {
        Assert.Equal(expected.Replay.OrderBy(p => p.Key), actual.Replay.OrderBy(p => p.Key));
        Assert.Equal(expected.Anchors.OrderBy(p => p.Key), actual.Anchors.OrderBy(p => p.Key));
        Assert.Equal(expected, actual with { Replay = expected.Replay, Anchors = expected.Anchors });
    }
}
