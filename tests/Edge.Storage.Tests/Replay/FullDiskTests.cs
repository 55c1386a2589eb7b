namespace Edge.Storage.Tests.Replay;

public class FullDiskTests
{
    private static readonly ReplayBufferOptions s_options = Samples.Options with { Capacity = 500 };

    [Fact]
    public async Task A_full_disk_refuses_the_batch_with_a_remedy_keeps_the_earlier_ones_and_recovers_by_itself()
    {
        using var disk = SmallDisk.Mount(3);
        using var buffer = Samples.Open(disk["replay.db"], s_options);
        var bank = new PrototypeBank("s", 2);
        await buffer.OfferAsync(Batch(0), bank);
        disk.LeaveFree(20_000);
        for (int attempt = 0; attempt < 20; attempt++)
        {
            bank.Add("a", [1, 0]);
            var error = await Assert.ThrowsAsync<IOException>(() => buffer.OfferAsync(Batch(1), bank));
            Assert.Contains($"the replay buffer '{disk["replay.db"]}' could not be written", error.Message);
            Assert.Contains("Free disk space or check the disk; the examples of this batch were not kept.", error.Message);
            Assert.Equal(8ul, bank.ThroughExampleId);
            Assert.Equal((8, 8ul), (buffer.Counts.ReplayCount, buffer.Counts.AcknowledgedCount));
            Assert.Empty((await buffer.PrototypesAsync())!.Counts);
        }

        Assert.Equal(Enumerable.Range(0, 8).Select(id => (ulong)id), (await buffer.TrainableAsync()).Select(e => e.WindowId));
        disk.Clear();
        Assert.Equal(Enumerable.Range(9, 8).Select(id => (ulong)id), Samples.Ids(await buffer.OfferAsync(Batch(1), bank)));
        Assert.Equal(16, (await buffer.TrainableAsync()).Count);
        GC.Collect();
        GC.WaitForPendingFinalizers(); // A transaction that LiteDB left behind would end the process here.
    }

    [Fact]
    public async Task Rows_of_an_import_that_the_disk_refused_are_taken_when_they_are_offered_again()
    {
        using var disk = SmallDisk.Mount(3);
        using var buffer = Samples.Open(disk["replay.db"], s_options);
        await buffer.OfferAsync(Batch(0), new PrototypeBank("s", 2));
        disk.LeaveFree(20_000);
        for (int attempt = 0; attempt < 3; attempt++) await Assert.ThrowsAsync<IOException>(() => buffer.ImportAsync(Batch(1), "file", 8));
        disk.Clear();
        var done = await buffer.ImportAsync(Batch(1), "file", 8);
        Assert.Equal((8, 0, 8L), (done.OfferedCount, done.KnownCount, await buffer.ImportedAsync("file")));
        Assert.Equal(16, (await buffer.TrainableAsync()).Count);
    }

    [Fact]
    public async Task Whatever_the_disk_has_left_a_batch_is_kept_whole_and_acknowledged_or_refused_and_not_kept()
    {
        using var disk = SmallDisk.Mount(4);
        var acknowledged = new List<Example>();
        var buffer = Samples.Open(disk["replay.db"], s_options);
        int refused = 0, batch = 0;
        for (int free = 0; free < 1 << 20; free += 12_288, batch++)
        {
            disk.LeaveFree(free);
            try
            {
                acknowledged.AddRange(await buffer.OfferAsync(Batch(batch), null));
            }
            catch (IOException)
            {
                refused++;
            }

            Assert.Equal((ulong)acknowledged.Count, buffer.Counts.AcknowledgedCount);
            if (batch % 5 != 0) continue;
            buffer.Dispose(); // The first change after opening takes another way through LiteDB.
            buffer = Samples.Open(disk["replay.db"], s_options);
            Assert.Null(buffer.QuarantinedTo);
            Assert.Equal((ulong)acknowledged.Count, buffer.Counts.AcknowledgedCount);
        }

        Assert.InRange(refused, 10, batch - 10);
        var kept = await buffer.TrainableAsync();
        Assert.Equal(Samples.Ids(acknowledged), Samples.Ids(kept));
        for (int i = 0; i < kept.Count; i++) Samples.AssertSame(acknowledged[i], kept[i]);
        buffer.Dispose();
    }

    [Fact]
    public async Task A_healthy_store_opens_on_a_full_disk_even_with_a_lower_capacity()
    {
        using var disk = SmallDisk.Mount(3);
        using (var buffer = Samples.Open(disk["replay.db"], s_options)) await buffer.OfferAsync([.. Batch(0), .. Batch(1)], null);
        disk.LeaveFree(0);
        using (var full = Samples.Open(disk["replay.db"], s_options with { Capacity = 5, FreshCapacity = 3 }))
        {
            Assert.Null(full.QuarantinedTo);
            Assert.Equal((5, 3), (full.Counts.ReplayCount, full.Counts.FreshCount));
        }

        disk.Clear();
        using var reopened = Samples.Open(disk["replay.db"], s_options with { Capacity = 5, FreshCapacity = 3 });
        Assert.Equal((5, 3, 16ul), (reopened.Counts.ReplayCount, reopened.Counts.FreshCount, reopened.Counts.AcknowledgedCount));
    }

    [Fact]
    public void A_new_store_on_a_full_disk_is_refused_and_works_when_there_is_room()
    {
        using var disk = SmallDisk.Mount(2);
        disk.LeaveFree(0);
        Assert.Throws<IOException>(() => Samples.Open(disk["replay.db"]));
        disk.Clear();
        using var buffer = Samples.Open(disk["replay.db"]);
        Assert.Null(buffer.QuarantinedTo);
    }

    private static Example[] Batch(int number) => [.. Enumerable.Range(number * 8, 8).Select(i => Samples.One("ab"[i % 2].ToString(), (ulong)i, valueCount: 1152))];
}
