using System.Runtime.InteropServices;

namespace Edge.Storage.Tests.Replay;

/// <summary>A store in which each new example lets an old one go: what that costs, and that records lie in documents of others without any of it showing.</summary>
public sealed class FullStoreTests : IDisposable
{
    private const int PageBytes = 8192, BatchSize = 32;
    private static readonly ReplayBufferOptions s_options = Samples.Options with { Capacity = 60, FreshCapacity = 40, CopyCount = 0 };
    private readonly TempFolder folder = new();

    private string Data => folder["replay.db"];

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(false, "a", "b")]
    [InlineData(false, "walking downstairs", "laying")]
    [InlineData(true, "a", "b")]
    public async Task A_full_store_writes_at_most_three_bytes_per_byte_of_payload(bool settles, string one, string other)
    {
        using var buffer = Samples.Open(Data, s_options with { Capacity = 300, FreshCapacity = 64 });
        int window = 0;
        await OfferAsync(20);
        var before = buffer.Wear;
        await OfferAsync(20);
        Assert.Equal(300, buffer.Counts.ReplayCount);
        Assert.Equal(20L * BatchSize * 1152 * sizeof(float), buffer.Wear.PayloadBytes - before.PayloadBytes);
        Assert.InRange((buffer.Wear.WrittenBytes - before.WrittenBytes) / (double)(buffer.Wear.PayloadBytes - before.PayloadBytes), 1, 3);
        Assert.InRange(new FileInfo(Data).Length / PageBytes, 300, 300 + 64 + BatchSize + 20); // A page an example, those of one batch that may wait, and what LiteDB needs for itself.

        async Task OfferAsync(int batches)
        {
            for (int i = 0; i < batches; i++)
            {
                await buffer.OfferAsync([.. Enumerable.Range(0, BatchSize).Select(_ => Samples.One(window % 2 == 0 ? one : other, (ulong)window++, valueCount: 1152))], null);
                if (settles && i % 2 == 1) await buffer.SettleAsync(buffer.Counts.AcknowledgedCount);
            }
        }
    }

    [Fact]
    public async Task What_is_kept_in_documents_of_others_is_the_same_after_every_start()
    {
        for (int start = 0; start < 6; start++)
        {
            IReadOnlyList<Example> kept;
            using (var buffer = Samples.Open(Data, s_options))
            {
                await buffer.OfferAsync([.. Enumerable.Range(start * 50, 50).Select(Large)], null);
                if (start % 2 == 1) await buffer.SettleAsync(buffer.Counts.AcknowledgedCount - 10);
                kept = await buffer.TrainableAsync();
                Assert.Equal(Samples.Ids(kept), Samples.Ids(await buffer.ListAsync()));
            }

            Assert.Empty(Problems());
            using (var looking = ReplayBuffer.Open(Data, s_options, TimeProvider.System, ReplayAccess.Look)) Assert.Equal(Samples.Ids(kept), Samples.Ids(await looking.ListAsync()));
            using var reopened = Samples.Open(Data, s_options);
            Assert.Null(reopened.Recovery);
            var again = await reopened.TrainableAsync();
            Assert.Equal(Samples.Ids(kept), Samples.Ids(again));
            for (int i = 0; i < kept.Count; i++) Samples.AssertSame(kept[i], again[i]);
            foreach (var example in kept) Assert.Equal(Large((int)example.WindowId / 100).Samples, example.Samples);
        }

        Assert.True(Keys().Count(pair => pair.Key != pair.Id) > 20, "hardly a record lies in the document of another");
    }

    [Fact]
    public async Task A_damaged_record_in_the_document_of_another_is_put_aside_alone_and_the_ledger_stays_right()
    {
        var kept = await FillAsync();
        var taken = Keys().Where(pair => pair.Key != pair.Id && kept.Any(e => e.Id == (ulong)pair.Id)).Take(2).Select(pair => (ulong)pair.Id).ToHashSet();
        Assert.Equal(2, taken.Count);
        foreach (var example in kept.Where(e => taken.Contains(e.Id))) Flip(example);
        using (var buffer = Samples.Open(Data, s_options))
        {
            Assert.Equal((null, 2L), (buffer.Recovery, buffer.Counts.CorruptCount));
            Assert.Equal(Samples.Ids(kept).Where(id => !taken.Contains(id)), Samples.Ids(await buffer.TrainableAsync()));
        }

        Assert.Empty(Problems());
        Damage(0, PageBytes);
        using var restored = Samples.Open(Data, s_options);
        Assert.Equal((0L, 0L, 0L), (restored.Counts.CorruptCount, restored.Recovery!.LeastLostCount, restored.Recovery.LostCount));
        Assert.Equal(Samples.Ids(kept).Where(id => !taken.Contains(id)), Samples.Ids(await restored.TrainableAsync()));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_key_that_a_flipped_byte_has_changed_costs_no_example(bool toOneThatIsThere)
    {
        var kept = await FillAsync();
        var keys = Keys();
        long key = keys.First(pair => pair.Key != pair.Id && kept.Any(e => e.Id == (ulong)pair.Id)).Key;
        byte[] bytes = await File.ReadAllBytesAsync(Data, TestContext.Current.CancellationToken);
        byte[] head = [0x12, (byte)'_', (byte)'i', (byte)'d', 0, .. BitConverter.GetBytes(key), 5, (byte)'d', 0];
        int at = bytes.AsSpan().IndexOf(head) + 5;
        byte with = (byte)Enumerable.Range(1, 255).First(x => x != key && keys.Any(pair => pair.Key == x) == toOneThatIsThere);
        Assert.InRange(key, 1, 255);
        bytes[at] = with;
        await File.WriteAllBytesAsync(Data, bytes, TestContext.Current.CancellationToken);
        using var buffer = Samples.Open(Data, s_options);
        Assert.Contains("its index is damaged", buffer.Recovery!.Reason, StringComparison.Ordinal);
        Assert.Equal(0, buffer.Recovery.LostCount);
        Assert.Equal(Samples.Ids(kept), Samples.Ids(await buffer.TrainableAsync()));
    }

    [Fact]
    public async Task What_waits_to_be_overwritten_is_no_example_any_more()
    {
        var options = s_options with { Capacity = 10 };
        using (var buffer = Samples.Open(Data, options))
        {
            await buffer.OfferAsync([.. Enumerable.Range(1, 40).Select(Large)], null);
            await buffer.SettleAsync(40);
            Assert.Equal((10, 0), (buffer.Counts.ReplayCount, buffer.Counts.FreshCount));
            Assert.Equal(10, (await buffer.ListAsync()).Count);
            var kept = Samples.Ids(await buffer.TrainableAsync()).ToHashSet();
            for (ulong id = 1; id <= 40; id++) Assert.Equal(kept.Contains(id), await buffer.FindAsync(id) is not null);
            Assert.Equal(40, Keys().Count(pair => pair.Id > 0)); // They wait.
            foreach (string killed in new[] { "replay.db", "replay-log.db", "replay.ids" }) File.Copy(folder[killed], folder[killed.Replace("replay", "killed", StringComparison.Ordinal)]);
        }

        using (var buffer = Samples.Open(folder["killed.db"], options))
        {
            Assert.Equal((10, 0, 10), (buffer.Counts.ReplayCount, buffer.Counts.FreshCount, (await buffer.ListAsync()).Count));
            long length = new FileInfo(folder["killed.db"]).Length;
            await buffer.OfferAsync([.. Enumerable.Range(41, 30).Select(Large)], null);
            Assert.Equal(length, new FileInfo(folder["killed.db"]).Length); // And are overwritten.
        }

        using var importing = ReplayBuffer.Open(Data, options, TimeProvider.System, ReplayAccess.Maintain);
        await importing.CompactAsync(null, TestContext.Current.CancellationToken);
        Assert.Equal(10, Keys().Count(pair => pair.Id > 0));
        var imported = await importing.ImportAsync([.. Enumerable.Range(1, 40).Select(Large)], "file", 40);
        Assert.Equal((30, 10), (imported.OfferedCount, imported.KnownCount));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Forgetting_a_class_takes_what_waits_to_be_overwritten_along(bool restarts)
    {
        var options = s_options with { Capacity = 10 };
        var buffer = Samples.Open(Data, options);
        await buffer.OfferAsync([.. Enumerable.Range(1, 40).Select(Large)], null);
        await buffer.SettleAsync(40);
        if (restarts)
        {
            buffer.Dispose();
            buffer = ReplayBuffer.Open(Data, options, TimeProvider.System, ReplayAccess.Maintain);
        }

        await buffer.ForgetAsync("b");
        buffer.Dispose();
        Damage(0, PageBytes); // What a scan of the pages finds is all there is.
        using var scan = new PageScan(Data, null);
        Assert.DoesNotContain(scan.Records(), record => record.Id > 0 && ExampleRecord.Read(record.Bytes, (ulong)record.Id)?.Class == "b");
    }

    [Fact]
    public async Task No_more_than_a_bounded_number_waits_to_be_overwritten()
    {
        using var buffer = Samples.Open(Data, s_options with { Capacity = 10, FreshCapacity = 1000 });
        for (int i = 0; i < 2; i++)
        {
            await buffer.OfferAsync([.. Enumerable.Range(i * 400, 400).Select(n => Samples.One("ab"[n % 2].ToString(), (ulong)n))], null);
            await buffer.SettleAsync(buffer.Counts.AcknowledgedCount);
            Assert.Equal(10 + RecordKeys.MostSpares, Keys().Count(pair => pair.Id > 0));
        }
    }

    /// <summary>Ids and keys of all records, as they are in data file and journal.</summary>
    private List<(long Id, long Key)> Keys()
    {
        using var scan = new PageScan(Data, ReplayFile.LogOf(Data));
        return [.. scan.Documents().Select(document => (ExampleRecord.IdOf(document.Key, document.Bytes)!.Value, document.Key))];
    }

    /// <summary>A closed store in which most records lie in documents of others; gives what it keeps.</summary>
    private async Task<IReadOnlyList<Example>> FillAsync()
    {
        using var buffer = Samples.Open(Data, s_options);
        for (int i = 0; i < 10; i++) await buffer.OfferAsync([.. Enumerable.Range(i * 20, 20).Select(Large)], null);
        return await buffer.TrainableAsync();
    }

    private string[] Problems() => [.. ReplayVerification.Run(Data, true, null, CancellationToken.None).Problems.Where(problem => problem.Expected != "none").Select(problem => problem.ToString())];

    private void Flip(Example example)
    {
        byte[] bytes = File.ReadAllBytes(Data);
        int at = bytes.AsSpan().IndexOf(MemoryMarshal.AsBytes(example.Samples.AsSpan(0, 64)));
        bytes[at] ^= 1;
        File.WriteAllBytes(Data, bytes);
    }

    private void Damage(int from, int count)
    {
        using var file = new FileStream(Data, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        file.Position = from;
        file.Write(Enumerable.Repeat((byte)0x5A, count).ToArray());
    }

    private static Example Large(int window) => Samples.One("ab"[window % 2].ToString(), (ulong)window * 100, valueCount: 1152); // A hundred apart: no two share samples.
}
