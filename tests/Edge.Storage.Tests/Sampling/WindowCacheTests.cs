using Edge.Storage.Tests.Replay;

namespace Edge.Storage.Tests.Sampling;

public class WindowCacheTests
{
    private static readonly ReplayBufferOptions s_options = Samples.Options with { Capacity = 40, AnchorShare = 0.25, FreshCapacity = 30 };

    [Fact]
    public async Task The_cache_is_what_may_be_trained_on_after_every_change_and_every_start()
    {
        using var folder = new TempFolder();
        var buffer = Samples.Open(folder["a.db"], s_options);
        for (int batch = 0; batch < 30; batch++)
        {
            await buffer.OfferAsync(Batch(batch), null);
            if (batch % 7 == 6) await buffer.SettleAsync((await buffer.DrawAsync()).ThroughId - 4);
            if (batch == 20) await buffer.ForgetAsync("b");
            if (batch % 5 == 4)
            {
                buffer.Dispose();
                buffer = Samples.Open(folder["a.db"], s_options with { Capacity = 40 - batch / 2 });
            }

            await AssertInStepAsync(buffer, folder["a.db"]);
        }

        buffer.Dispose();
    }

    [Fact]
    public async Task A_round_draws_without_the_file()
    {
        using var folder = new TempFolder();
        using var buffer = Samples.Open(folder["a.db"], s_options);
        for (int batch = 0; batch < 10; batch++) await buffer.OfferAsync(Batch(batch), null);
        long before = buffer.FileReadCount;
        var draw = await buffer.DrawAsync();
        Assert.True(draw.Fresh.Count > 0 && draw.Replay.Count > 0 && (await buffer.AnchorsAsync()).Count > 0);
        Assert.NotEmpty(await buffer.TrainableAsync());
        Assert.Equal(before, buffer.FileReadCount);
        Assert.NotNull(await buffer.FindAsync(draw.ThroughId));
        await buffer.FindAsync(999);
        Assert.Equal(before + 1, buffer.FileReadCount); // The count counts.
    }

    [Fact]
    public async Task A_change_that_fails_leaves_the_cache_as_it_was()
    {
        using var folder = new TempFolder();
        using var buffer = Samples.Open(folder["a.db"], s_options with { AnchorShare = 0 });
        await buffer.OfferAsync(Batch(0), null);
        int before = buffer.Windows.Count;
        await Assert.ThrowsAsync<IOException>(() => buffer.OfferAsync([.. Batch(1), Samples.One("a", 99, valueCount: 5_000_000)], null)); // LiteDB takes no document above 16 MiB.
        Assert.Equal(before, buffer.Windows.Count);
        await AssertInStepAsync(buffer, folder["a.db"]);
    }

    [Fact]
    public async Task Windows_of_another_length_are_drawn_from_the_file()
    {
        using var folder = new TempFolder();
        using var buffer = Samples.Open(folder["a.db"], s_options with { WindowValueCount = 12, AnchorShare = 0 });
        await buffer.OfferAsync([Samples.One("a", 1, valueCount: 7), Samples.One("a", 2), Samples.One("a", 3, valueCount: 0)], null);
        Assert.Equal(1, buffer.Windows.Count);
        Assert.Equal([7, 12, 0], (await buffer.DrawAsync()).Fresh.Select(e => e.Samples.Length));
    }

    [Fact]
    public async Task Minibatches_drawn_while_examples_come_and_go_are_never_torn()
    {
        using var folder = new TempFolder();
        using var buffer = Samples.Open(folder["a.db"], s_options with { AnchorShare = 0 });
        await buffer.OfferAsync(Batch(0), null);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        long drawn = 0;
        var drawing = Task.Run(() =>
        {
            var sampler = new MinibatchSampler(buffer.Windows, ["a", "b", "c"], MinibatchBalance.ByClass, 2);
            float[] windows = new float[16 * 12];
            int[] labels = new int[16];
            ulong[] ids = new ulong[16];
            while (!stop.IsCancellationRequested)
            {
                int count = sampler.Draw(windows, labels, ids);
                for (int i = 0; i < count; i++)
                {
                    // Window ids are one less than ids here, and the class goes round.
                    Assert.Equal(Samples.One("", ids[i] - 1).Samples, windows[(i * 12)..((i + 1) * 12)]);
                    Assert.Equal((int)((ids[i] - 1) % 3), labels[i]);
                }

                Interlocked.Add(ref drawn, count);
            }
        }, TestContext.Current.CancellationToken);
        for (int batch = 1; batch < 60; batch++) await buffer.OfferAsync(Batch(batch), null);
        while (Interlocked.Read(ref drawn) < 1000 && !drawing.IsCompleted) await Task.Yield();
        await stop.CancelAsync();
        await drawing;
    }

    private static Example[] Batch(int number) => [.. Enumerable.Range(number * 12, 12).Select(i => Samples.One("abc"[i % 3].ToString(), (ulong)i, i * 1.5))];

    /// <summary>The cache has exactly the examples that the file has, as the file has them, and no anchor.</summary>
    internal static async Task AssertInStepAsync(ReplayBuffer buffer, string path)
    {
        string copy = path + ".copy";
        File.Copy(path, copy, overwrite: true);
        var stored = new List<Example>();
        ulong settledThrough = 0;
        using (var file = new ReplayFile(copy, isReadOnly: true))
        {
            foreach (var (id, bytes) in file.All())
            {
                if (id == ReplayFile.StateDocument) settledThrough = BitConverter.ToUInt64(bytes, 1 + sizeof(ulong));
                if (id > 0) stored.Add(ExampleRecord.Read(bytes, (ulong)id)!);
            }
        }

        stored.RemoveAll(e => e.Role == ExampleRole.Fresh && e.Id <= settledThrough); // They have had their round and wait to be overwritten.
        var expected = stored.Where(e => e.Role != ExampleRole.Anchor).ToDictionary(e => e.Id);
        Assert.Equal(expected.Count, buffer.Windows.Count);
        foreach (var example in expected.Values) Samples.AssertSame(example, buffer.Windows.Find(example.Id));
        Assert.Equal(expected.Keys.Order(), Samples.Ids(await buffer.TrainableAsync()));
        var anchors = await buffer.AnchorsAsync();
        Assert.Equal(stored.Where(e => e.Role == ExampleRole.Anchor).Select(e => e.Id).Order(), Samples.Ids(anchors).Order());
    }
}
