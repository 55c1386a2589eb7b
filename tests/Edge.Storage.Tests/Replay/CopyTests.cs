using Microsoft.Extensions.Time.Testing;

namespace Edge.Storage.Tests.Replay;

public sealed class CopyTests : IDisposable
{
    private static readonly ReplayBufferOptions s_options = Samples.Options with { Capacity = 500, CopyCount = 2, CopyInterval = TimeSpan.FromMinutes(10) };
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_copy_is_made_every_interval_in_which_something_changed_and_two_are_kept()
    {
        var time = new FakeTimeProvider(Samples.Now);
        using var buffer = ReplayBuffer.Open(folder["replay.db"], s_options, time);
        for (int round = 1; round <= 4; round++)
        {
            await buffer.OfferAsync(Samples.Many("a", round * 10, 5), null);
            time.Advance(TimeSpan.FromMinutes(10));
            await WaitAsync(buffer, round);
            time.Advance(TimeSpan.FromMinutes(10)); // Nothing changed meanwhile.
            Assert.Equal(round, Newest(await buffer.StatsAsync()));
        }

        var copies = (await buffer.StatsAsync()).Copies;
        Assert.Equal(["000003.db", "000004.db"], copies.Select(copy => copy.Name));
        Assert.Equal(Samples.Now.AddMinutes(70).ToUnixTimeSeconds(), copies[1].TakenAt.ToUnixTimeSeconds());
        using var copy = ReplayBuffer.Open(ReplayBuffer.NewestCopyOf(folder["replay.db"])!, s_options, time, ReplayAccess.LookAtCopy); // Beside the service.
        Assert.Equal(20, (await copy.ListAsync()).Count);
    }

    [Fact]
    public async Task After_copy_999999_numbers_go_on_and_two_are_kept()
    {
        using var buffer = Samples.Open(folder["replay.db"], s_options);
        await buffer.OfferAsync(Samples.Many("a", 1, 5), null);
        await buffer.CopyAsync();
        File.Move(Path.Combine(folder["replay-copies"], "000001.db"), Path.Combine(folder["replay-copies"], "999999.db"));
        for (int copy = 0; copy < 3; copy++) await buffer.CopyAsync();
        Assert.Equal(["1000001.db", "1000002.db"], (await buffer.StatsAsync()).Copies.Select(copy => copy.Name));
        Assert.Equal("1000002.db", Path.GetFileName(ReplayBuffer.NewestCopyOf(folder["replay.db"])));
    }

    [Fact]
    public async Task A_store_that_has_no_copy_gets_one_at_the_start()
    {
        using (var buffer = Samples.Open(folder["replay.db"], s_options with { CopyCount = 0 })) await buffer.OfferAsync(Samples.Many("a", 1, 5), null);
        var time = new FakeTimeProvider(Samples.Now);
        using var again = ReplayBuffer.Open(folder["replay.db"], s_options, time);
        time.Advance(TimeSpan.FromSeconds(1));
        await WaitAsync(again, 1);
    }

    [Fact]
    public async Task On_a_full_disk_a_copy_and_a_compaction_give_up_without_litter_and_examples_go_on()
    {
        using var disk = SmallDisk.Mount(8);
        using var buffer = Samples.Open(disk["replay.db"], s_options with { CopyCount = 0 });
        var stored = await buffer.OfferAsync([.. Enumerable.Range(1, 120).Select(i => Samples.One("a", (ulong)i, valueCount: 1152))], null);
        disk.LeaveFree(1_500_000); // Room for examples, not for a second file of 1,000,000 bytes and as much again.
        string[] before = [.. Directory.GetFileSystemEntries(disk["."]).Order(StringComparer.Ordinal)];
        for (int attempt = 0; attempt < 3; attempt++)
        {
            Assert.Contains("must leave as many", (await Assert.ThrowsAsync<IOException>(buffer.CopyAsync)).Message);
            await Assert.ThrowsAsync<IOException>(() => buffer.CompactAsync(null, CancellationToken.None));
        }

        Assert.Equal(before, Directory.GetFileSystemEntries(disk["."]).Where(path => !path.EndsWith("-copies", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        Assert.Empty(Directory.GetFiles(disk["replay-copies"]));
        await buffer.OfferAsync([Samples.One("a", 999)], null);
        Assert.Equal(121, (await buffer.TrainableAsync()).Count);
        disk.Clear();
        await buffer.CopyAsync();
        await buffer.CompactAsync(null, CancellationToken.None);
        Assert.Equal(121, (await buffer.TrainableAsync()).Count);
        Samples.AssertSame(stored[5], await buffer.FindAsync(stored[5].Id));
    }

    [Fact]
    public async Task A_store_that_is_damaged_without_knowing_it_does_not_replace_a_good_copy()
    {
        using var buffer = Samples.Open(folder["replay.db"], s_options with { CopyCount = 1 });
        await buffer.OfferAsync([.. Enumerable.Range(1, 30).Select(i => Samples.One("a", (ulong)i, valueCount: 1152))], null);
        await buffer.CopyAsync();
        using (var file = new FileStream(folder["replay.db"], FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            file.Position = 10 * 8192 + 1000;
            file.WriteByte(0x99);
        }

        await Assert.ThrowsAnyAsync<IOException>(buffer.CopyAsync);
        Assert.Equal(["000001.db"], Directory.GetFileSystemEntries(folder["replay-copies"]).Select(Path.GetFileName));
    }

    [Fact]
    public void A_copy_that_went_since_it_was_listed_is_left_out()
    {
        File.WriteAllBytes(folder["000002.db"], new byte[3]);
        Assert.Equal(("000002.db", 3), ReplayCopies.Look(folder["000002.db"]) is { } there ? (there.Name, there.Bytes) : default);
        Assert.Null(ReplayCopies.Look(folder["000001.db"]));
    }

    private static async Task WaitAsync(ReplayBuffer buffer, int number)
    {
        while (await buffer.StatsAsync() is var stats && (Newest(stats) < number || stats.Copies.Count > 2)) await Task.Delay(5, TestContext.Current.CancellationToken);
        await buffer.Copying; // The copy has its name a little before its folder is forced to disk, and one at a time is made.
    }

    private static int Newest(ReplayStats stats) => stats.Copies is [.., var newest] ? int.Parse(newest.Name[..6]) : 0;
}
