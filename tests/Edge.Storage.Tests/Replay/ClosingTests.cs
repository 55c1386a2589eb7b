namespace Edge.Storage.Tests.Replay;

public class ClosingTests
{
    private static readonly ReplayBufferOptions s_options = Samples.Options with { Capacity = 5000, FreshCapacity = 5000 };

    [Fact]
    public async Task What_is_offered_while_the_store_closes_is_kept_or_refused_and_nothing_touches_the_file_afterwards()
    {
        using var folder = new TempFolder();
        for (int run = 0; run < 10; run++)
        {
            string path = folder[$"{run}.db"];
            var buffer = Samples.Open(path, s_options);
            await buffer.OfferAsync(Samples.Many("a", 1, 2), null);
            var started = new TaskCompletionSource();
            int offers = 0;
            var callers = Enumerable.Range(0, 6).Select(caller => Task.Run(async () =>
            {
                var kept = new List<ulong>();
                try
                {
                    for (int i = 0; ; i++)
                    {
                        kept.AddRange(Samples.Ids(await buffer.OfferAsync([Samples.One("b", (ulong)(1000 * (caller + 1) + i))], null)));
                        if (Interlocked.Increment(ref offers) == 12) started.SetResult();
                    }
                }
                catch (InvalidOperationException)
                {
                    return kept; // Closed.
                }
            })).ToList();
            await started.Task;
            buffer.Dispose();
            ulong[] acknowledged = [.. (await Task.WhenAll(callers)).SelectMany(ids => ids)];
            Assert.False(File.Exists(ReplayFile.LogOf(path)), "somebody opened the file again after it was closed");
            using var again = Samples.Open(path, s_options);
            Assert.Equal((ulong)(2 + acknowledged.Length), again.Counts.AcknowledgedCount);
            Assert.Equal(2 + acknowledged.Length, (await again.TrainableAsync()).Count);
        }
    }

    [Fact]
    public async Task A_journal_that_cannot_be_deleted_does_not_keep_the_store_from_closing_and_letting_go_of_its_lock()
    {
        using var folder = new TempFolder();
        var buffer = Samples.Open(folder["a.db"]);
        await buffer.OfferAsync(Samples.Many("a", 1, 3), null);
        File.Move(folder["a-log.db"], folder["moved"]);
        Directory.CreateDirectory(folder["a-log.db"]); // Is denied to whoever deletes a file.
        buffer.Dispose();
        Directory.Delete(folder["a-log.db"]);
        using var again = Samples.Open(folder["a.db"]);
        Assert.Equal(3, (await again.TrainableAsync()).Count);
    }
}
