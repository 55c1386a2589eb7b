using System.Runtime.InteropServices;
using Edge.Storage.Tests.Replay;

namespace Edge.Storage.Tests.Faults;

/// <summary>What a crash between two steps leaves, made by hand, since a kill seldom meets it: the next start, a look, a copy and a restore give what was acknowledged.</summary>
public sealed class CrashWindowTests : IDisposable
{
    private const int PageBytes = 8192;
    private static readonly ReplayBufferOptions s_options = Samples.Options with { Capacity = 500, CopyCount = 2 };
    private readonly TempFolder folder = new();

    private string Data => folder["replay.db"];

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task New_pages_of_a_change_that_never_was_are_no_part_of_the_store()
    {
        var crash = await CrashAsync();
        await WriteAsync([.. crash.Before, .. crash.After[crash.Before.Length..]], []); // New pages are on disk, the journal is not.
        Assert.Empty(Problems());
        using var buffer = Samples.Open(Data, s_options);
        Assert.Equal(30ul, buffer.Counts.AcknowledgedCount);
        await buffer.CopyAsync();
        Assert.Equal(30, (await buffer.StatsAsync()).Counts.ReplayCount);
        Assert.Equal(new FileInfo(Data).Length, crash.Before.Length);
    }

    [Fact]
    public async Task An_example_that_was_never_acknowledged_is_not_salvaged_under_the_id_of_another()
    {
        var crash = await CrashAsync();
        await WriteAsync([.. crash.Before, .. crash.After[crash.Before.Length..]], []);
        IReadOnlyList<Example> stored;
        using (var buffer = Samples.Open(Data, s_options with { CopyCount = 0 })) stored = await buffer.OfferAsync([Large(500), Large(501)], null);
        Assert.Equal([31ul, 32], Samples.Ids(stored));
        byte[] bytes = await File.ReadAllBytesAsync(Data, TestContext.Current.CancellationToken);
        bytes.AsSpan(0, PageBytes).Fill(0x5A);
        await WriteAsync(bytes, []);
        using var restored = Samples.Open(Data, s_options);
        Assert.NotNull(restored.Recovery);
        Assert.Equal(32, restored.Recovery.SalvagedCount);
        foreach (var example in stored) Samples.AssertSame(example, await restored.FindAsync(example.Id));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1000)]
    public async Task A_change_that_is_only_in_the_journal_is_seen_by_whoever_looks(int reachedPages)
    {
        var crash = await CrashAsync();
        byte[] data = [.. crash.Before, .. crash.After[crash.Before.Length..]];
        crash.After.AsSpan(0, Math.Min(reachedPages * PageBytes, crash.Before.Length)).CopyTo(data);
        await WriteAsync(data, crash.Journal);
        Assert.Empty(Problems());
        using (var looking = ReplayBuffer.Open(Data, s_options, TimeProvider.System, ReplayAccess.Look))
        {
            var stats = await looking.StatsAsync();
            Assert.Equal(50, stats.Counts.ReplayCount);
            Assert.Equal(50, (await looking.ListAsync()).Count);
            Assert.Equal(crash.RecordBytes, stats.RecordBytes);
        }

        Assert.Equal(data, await File.ReadAllBytesAsync(Data, TestContext.Current.CancellationToken));
        Assert.Equal(crash.Journal, await File.ReadAllBytesAsync(ReplayFile.LogOf(Data), TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData(ReplayAccess.Look)]
    [InlineData(ReplayAccess.Serve)]
    public async Task A_torn_last_page_is_no_part_of_the_store(ReplayAccess access)
    {
        var crash = await CrashAsync();
        await WriteAsync([.. crash.Before, .. crash.After.AsSpan(crash.Before.Length, 3000)], []);
        using var buffer = ReplayBuffer.Open(Data, s_options, TimeProvider.System, access);
        Assert.Null(buffer.Recovery);
        Assert.Equal(30, (await buffer.ListAsync()).Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task No_id_is_given_twice_when_a_crash_comes_right_after_a_restore(bool hasCopy)
    {
        using (var buffer = Samples.Open(Data, s_options with { CopyCount = 0 }))
        {
            await buffer.OfferAsync([.. Enumerable.Range(1, 10).Select(Large)], null);
            if (hasCopy) await buffer.CopyAsync();
            await buffer.OfferAsync([.. Enumerable.Range(11, 10).Select(Large)], null);
        }

        await WriteAsync(new byte[50_000], []);
        var places = new ReplayPlaces(Data);
        ReplayRestore.Run(places, "a test", new IdMark(places.Ids), 1000, Samples.Now); // And here the process ends.
        using var next = Samples.Open(Data, s_options);
        Assert.Equal(hasCopy ? 10 : 0, next.Counts.ReplayCount);
        Assert.True((await next.OfferAsync([Large(99)], null))[0].Id > 20);
    }

    [Fact]
    public async Task What_had_its_round_after_the_copy_does_not_come_back_without_a_part_to_play()
    {
        var options = s_options with { Capacity = 4, CopyCount = 0 };
        using (var buffer = Samples.Open(Data, options))
        {
            await buffer.OfferAsync([.. Enumerable.Range(1, 20).Select(i => Large(100 * i))], null); // 16 of them only wait for a round.
            await buffer.CopyAsync();
            await buffer.SettleAsync(20);
            await buffer.OfferAsync([.. Enumerable.Range(21, 6).Select(i => Large(100 * i))], null); // Over some of the 16.
        }

        byte[] bytes = await File.ReadAllBytesAsync(Data, TestContext.Current.CancellationToken);
        bytes.AsSpan(0, PageBytes).Fill(0x5A);
        foreach (int lost in new[] { 2500, 2600 }) bytes.AsSpan(bytes.AsSpan().IndexOf(MemoryMarshal.AsBytes(Large(lost).Samples.AsSpan(0, 64))), 50).Fill(0x5A); // So that the copy is asked, and which two are missing cannot be told.
        await WriteAsync(bytes, []);
        for (int start = 0; start < 2; start++)
        {
            using var restored = Samples.Open(Data, options);
            if (start == 0) Assert.True(restored.Recovery!.FromCopyCount > 0);
            var trainable = Samples.Ids(await restored.TrainableAsync()).ToList();
            Assert.Equal(trainable, Samples.Ids(await restored.ListAsync()));
            Assert.Equal(trainable.Count, restored.Windows.Count);
        }
    }

    private string[] Problems() => [.. ReplayVerification.Run(Data, true, null, CancellationToken.None).Problems.Select(problem => problem.ToString())];

    /// <summary>The files of a store before and after a change that only adds and grows the file, and the journal of that change.</summary>
    private async Task<(byte[] Before, byte[] After, byte[] Journal, long RecordBytes)> CrashAsync()
    {
        using var buffer = Samples.Open(Data, s_options with { CopyCount = 0 });
        await buffer.OfferAsync([.. Enumerable.Range(1, 10).Select(Large)], null);
        await buffer.OfferAsync([.. Enumerable.Range(11, 20).Select(Large)], null);
        byte[] before = File.ReadAllBytes(Data);
        await buffer.OfferAsync([.. Enumerable.Range(31, 20).Select(Large)], null);
        byte[] after = File.ReadAllBytes(Data);
        Assert.True(after.Length > before.Length + 10 * PageBytes);
        return (before, after, File.ReadAllBytes(ReplayFile.LogOf(Data)), (await buffer.StatsAsync()).RecordBytes);
    }

    private async Task WriteAsync(byte[] data, byte[] journal)
    {
        await File.WriteAllBytesAsync(Data, data, TestContext.Current.CancellationToken);
        if (journal.Length > 0) await File.WriteAllBytesAsync(ReplayFile.LogOf(Data), journal, TestContext.Current.CancellationToken);
        else File.Delete(ReplayFile.LogOf(Data));
    }

    private static Example Large(int window) => Samples.One("a", (ulong)window, valueCount: 1152);
}
