using Edge.Storage.Tests.Replay;
using LiteDB;

namespace Edge.Storage.Tests.Journal;

public class JournalTests
{
    private static readonly ReplayBufferOptions s_options = Samples.Options with { Capacity = 30, FreshCapacity = 10 };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Whatever_part_of_a_change_reached_the_data_file_the_journal_completes_it(bool takesDocuments)
    {
        using var folder = new TempFolder();
        var crash = await CrashAsync(folder, takesDocuments);
        var random = new Random(5);
        for (int run = 0; run < 40; run++)
        {
            // The disk writes sectors in any order: each is old or new.
            byte[] mixed = [.. crash.After];
            for (int at = 0; at < crash.Before.Length; at += 512)
            {
                if (random.Next(2) == 0) crash.Before.AsSpan(at, 512).CopyTo(mixed.AsSpan(at));
            }

            Assert.Equal(crash.IdsAfter, await IdsAsync(folder[$"{run}.db"], mixed, crash.Journal));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_torn_journal_is_no_change_at_all(bool takesDocuments)
    {
        using var folder = new TempFolder();
        var crash = await CrashAsync(folder, takesDocuments);
        byte[] grown = [.. crash.Before, .. crash.After[crash.Before.Length..]]; // New pages are written before the journal is.
        for (int run = 0; run < 40; run++)
        {
            int cut = crash.Journal.Length * run / 40;
            byte[] torn = [.. crash.Journal[..cut], .. run % 2 == 0 ? [] : new byte[crash.Journal.Length - cut]];
            Assert.Equal(crash.IdsBefore, await IdsAsync(folder[$"{run}.db"], run % 3 == 0 ? crash.Before : grown, torn));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_flipped_bit_in_the_journal_of_a_complete_change_changes_nothing(bool takesDocuments)
    {
        using var folder = new TempFolder();
        var crash = await CrashAsync(folder, takesDocuments);
        for (int at = 0; at < crash.Journal.Length; at += crash.Journal.Length < 4000 ? 40 : crash.Journal.Length / 60)
        {
            byte[] flipped = [.. crash.Journal];
            flipped[at] ^= 0x10;
            Assert.Equal(crash.IdsAfter, await IdsAsync(folder[$"{at}.db"], crash.After, flipped));
        }
    }

    [Fact]
    public async Task A_log_that_LiteDB_itself_left_is_taken_in()
    {
        using var folder = new TempFolder();
        using (var own = new LiteDatabase(folder["a.db"]))
        {
            own.CheckpointSize = 0;
            var bytes = ExampleRecord.Write(Samples.One("a", 1) with { Id = 1, Role = ExampleRole.Replay }, PayloadKind.Float32, 1);
            own.GetCollection("examples").Insert(new BsonDocument { ["_id"] = 1L, ["d"] = bytes });
            while (new FileInfo(folder["a-log.db"]).Length < 3 * 8192) await Task.Delay(10, TestContext.Current.CancellationToken);
            await Task.Delay(50, TestContext.Current.CancellationToken);
            File.Copy(folder["a.db"], folder["b.db"]);
            File.Copy(folder["a-log.db"], folder["b-log.db"]);
        }

        Assert.True(PageJournal.IsForeign(folder["b-log.db"]));
        using var buffer = Samples.Open(folder["b.db"]);
        Samples.AssertSame(Samples.One("a", 1) with { Id = 1, Role = ExampleRole.Replay }, await buffer.FindAsync(1));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task LiteDB_alone_ignores_a_journal_under_the_name_of_its_log(bool takesDocuments)
    {
        using var folder = new TempFolder();
        var crash = await CrashAsync(folder, takesDocuments);
        File.WriteAllBytes(folder["a.db"], crash.After);
        File.WriteAllBytes(folder["a-log.db"], crash.Journal);
        Assert.False(PageJournal.IsForeign(folder["a-log.db"]));
        using var own = new LiteDatabase(folder["a.db"]);
        Assert.Empty(crash.IdsAfter.Except(own.GetCollection("examples").FindAll().Select(d => (ulong)ExampleRecord.IdOf(d["_id"].AsInt64, d["d"].AsBinary)!.Value)));
    }

    [Fact]
    public async Task A_closed_store_has_no_journal()
    {
        using var folder = new TempFolder();
        using (var buffer = Samples.Open(folder["a.db"]))
        {
            await buffer.OfferAsync(Samples.Many("a", 1, 3), null);
            await buffer.OfferAsync(Samples.Many("b", 4, 3), null);
            Assert.True(new FileInfo(folder["a-log.db"]).Length > 0);
        }

        Assert.False(File.Exists(folder["a-log.db"]));
    }

    [Theory]
    [InlineData(-8192, 8)]
    [InlineData(8190, 8)] // Leaves its page.
    [InlineData(long.MaxValue - 4096, 8)]
    [InlineData(0, 0)]
    public void A_range_that_no_change_can_have_makes_a_journal_worthless_though_its_checksum_is_right(long position, int length)
    {
        using var folder = new TempFolder();
        using var journal = new PageJournal(folder["a-log.db"]);
        journal.Add(8192, [1, 2, 3]);
        journal.Add(position, new byte[length]);
        journal.Write();
        Assert.False(journal.Replay((_, _) => Assert.Fail("nothing of it may be applied")));
        journal.Clear();
        journal.Add(8192, [1, 2, 3]);
        journal.Write();
        int applied = 0;
        Assert.True(journal.Replay((_, _) => applied++));
        Assert.Equal(1, applied);
    }

    /// <summary>The files of a store before and after a change that deletes, replaces and adds, and the journal of that change. Where it takes documents, what is new lies in those of what leaves, else in new ones.</summary>
    private static async Task<Crash> CrashAsync(TempFolder folder, bool takesDocuments)
    {
        string path = folder["source.db"];
        using var buffer = Samples.Open(path, s_options);
        for (int i = 0; i < 6; i++) await buffer.OfferAsync([.. Enumerable.Range(i * 10, 10).Select(n => Samples.One("abc"[n % 3].ToString(), (ulong)n, valueCount: 700))], null);
        byte[] before = File.ReadAllBytes(path);
        ulong[] idsBefore = await KeptAsync(buffer);
        await buffer.OfferAsync([.. Enumerable.Range(60, 10).Select(n => Samples.One("abd"[n % 3].ToString(), (ulong)n, valueCount: takesDocuments ? 700 : 1500))], null);
        byte[] after = File.ReadAllBytes(path);
        ulong[] idsAfter = await KeptAsync(buffer);
        Assert.NotEqual(idsBefore, idsAfter);
        Assert.Equal(takesDocuments, after.Length == before.Length);
        byte[] journal = File.ReadAllBytes(folder["source-log.db"]);
        int body = BitConverter.ToInt32(journal, 20), frameCount = (body + 8159) / 8160; // What lies behind is of a longer change before.
        return new Crash(before, after, journal[..(body + 32 * frameCount)], idsBefore, idsAfter);
    }

    private static async Task<ulong[]> IdsAsync(string path, byte[] data, byte[] journal)
    {
        File.WriteAllBytes(path, data);
        File.WriteAllBytes(ReplayFile.LogOf(path), journal);
        ulong[] ids;
        using (var buffer = Samples.Open(path, s_options))
        {
            Assert.Null(buffer.QuarantinedTo);
            Assert.Equal(0, buffer.Counts.CorruptCount);
            ids = await KeptAsync(buffer);
            await buffer.OfferAsync(Samples.Many("new", 100, 12), null);
        }

        using var reopened = Samples.Open(path, s_options);
        Assert.Null(reopened.QuarantinedTo);
        Assert.Equal((ids[^1] + 12, 0L), (reopened.Counts.AcknowledgedCount, reopened.Counts.CorruptCount));
        return ids;
    }

    private static async Task<ulong[]> KeptAsync(ReplayBuffer buffer) => [.. Samples.Ids(await buffer.TrainableAsync())];

    private sealed record Crash(byte[] Before, byte[] After, byte[] Journal, ulong[] IdsBefore, ulong[] IdsAfter);
}
