using Microsoft.Extensions.Time.Testing;

namespace Edge.Storage.Tests.Replay;

public sealed class RestoreTests : IDisposable
{
    private const int PageBytes = 8192;
    private static readonly ReplayBufferOptions s_options = Samples.Options with { Capacity = 200, CopyCount = 2 };
    private readonly TempFolder folder = new();

    private string File_ => folder["replay.db"];

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_damaged_header_costs_nothing_since_the_pages_are_read_without_it()
    {
        var stored = await FillAsync(40, copies: false);
        Overwrite(0, PageBytes);
        using var buffer = Open();
        Assert.NotNull(buffer.Recovery);
        Assert.Equal((40, 0, 0L, null), (buffer.Recovery.SalvagedCount, buffer.Recovery.FromCopyCount, buffer.Recovery.LostCount, buffer.Recovery.Copy));
        await AssertHoldsAsync(buffer, stored);
        Assert.Equal(1025ul, (await buffer.OfferAsync([Samples.One("a", 99)], null))[0].Id); // How far ids had been given is in a file of its own.
    }

    [Fact]
    public async Task Damaged_pages_are_filled_from_the_copy_and_what_came_after_it_is_salvaged()
    {
        var stored = await FillAsync(40, copies: true);
        using (var buffer = Open()) stored.AddRange(await buffer.OfferAsync([.. Enumerable.Range(41, 20).Select(i => Large("b", i))], null));
        // Header and the pages of some of the first forty.
        Overwrite(0, 2 * PageBytes);
        Overwrite(8 * PageBytes, 6 * PageBytes);
        using var restored = Open();
        var made = restored.Recovery!;
        Assert.True(made.SalvagedCount is > 40 and < 60, $"{made}");
        Assert.Equal((60, 0L, "000001.db"), (made.SalvagedCount + made.FromCopyCount, made.LostCount, made.Copy));
        await AssertHoldsAsync(restored, stored);
        Assert.Equal(1025ul, (await restored.OfferAsync([Samples.One("a", 99)], null))[0].Id);
    }

    [Fact]
    public async Task A_file_that_is_garbage_is_restored_from_the_copy_and_the_loss_is_counted_and_no_id_is_given_twice()
    {
        var stored = await FillAsync(40, copies: true);
        using (var buffer = Open()) await buffer.OfferAsync([.. Enumerable.Range(41, 20).Select(i => Large("b", i))], null);
        File.WriteAllBytes(File_, new byte[300_000]);
        using var restored = Open();
        Assert.Equal((0, 40, "000001.db"), (restored.Recovery!.SalvagedCount, restored.Recovery.FromCopyCount, restored.Recovery.Copy));
        await AssertHoldsAsync(restored, stored);
        Assert.Equal(1025ul, (await restored.OfferAsync([Samples.One("a", 99)], null))[0].Id);
    }

    [Theory]
    [InlineData(-1, "it is not there")]
    [InlineData(0, "it has 0 bytes")]
    [InlineData(4096, "it has 4096 bytes")]
    public async Task A_file_that_has_vanished_is_restored_from_the_copy_and_not_begun_anew(int leftBytes, string said)
    {
        var stored = await FillAsync(40, copies: true);
        if (leftBytes < 0) File.Delete(File_);
        else using (var file = File.OpenWrite(File_)) file.SetLength(leftBytes);
        using var restored = Open();
        Assert.Contains(said, restored.Recovery!.Reason);
        Assert.Equal((0, 40, "000001.db"), (restored.Recovery.SalvagedCount, restored.Recovery.FromCopyCount, restored.Recovery.Copy));
        await AssertHoldsAsync(restored, stored);
        Assert.Equal(1025ul, (await restored.OfferAsync([Samples.One("a", 99)], null))[0].Id);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_store_that_has_vanished_before_its_first_copy_is_told_as_lost(bool isThere)
    {
        await FillAsync(40, copies: false);
        File.Delete(File_);
        if (isThere) File.WriteAllBytes(File_, []);
        using (var begun = Open())
        {
            Assert.Contains(isThere ? "it has 0 bytes" : "it is not there", begun.Recovery!.Reason);
            Assert.Equal((0, 0, 0L), (begun.Recovery.SalvagedCount, begun.Recovery.FromCopyCount, begun.Recovery.LeastLostCount));
            Assert.True(begun.Recovery.LostCount >= 40);
        }

        using var next = Open();
        Assert.Null(next.Recovery); // Told once.
    }

    [Fact]
    public void A_first_start_that_was_killed_before_its_first_change_is_no_damage()
    {
        new IdMark(folder["replay.ids"]).Reserve(1);
        File.WriteAllBytes(File_, []);
        using var buffer = Open();
        Assert.Null(buffer.Recovery);
    }

    [Fact]
    public async Task A_damaged_copy_is_passed_over_for_the_one_before()
    {
        var stored = await FillAsync(40, copies: true);
        using (var buffer = Open())
        {
            stored.AddRange(await buffer.OfferAsync([Large("b", 41)], null));
            await buffer.CopyAsync();
        }

        string[] copies = [.. Directory.GetFiles(folder["replay-copies"]).Order(StringComparer.Ordinal)];
        Assert.Equal(["000001.db", "000002.db"], copies.Select(Path.GetFileName));
        Flip(copies[1], 10 * PageBytes + 500);
        File.WriteAllBytes(File_, new byte[300_000]);
        using var restored = Open();
        Assert.Equal(("000001.db", 40), (restored.Recovery!.Copy, restored.Recovery.FromCopyCount));
        await AssertHoldsAsync(restored, stored.Take(40));
    }

    [Fact]
    public async Task Records_that_a_bent_index_pointer_hides_are_missed_and_found_again()
    {
        var stored = await FillAsync(40, copies: false);
        // Index pages: the level-0 pointers of one node skip a part of the list without any error.
        byte[] bytes = await File.ReadAllBytesAsync(File_, TestContext.Current.CancellationToken);
        int hidden = 0, page = Enumerable.Range(0, bytes.Length / PageBytes).First(number => bytes[number * PageBytes + 4] == 3);
        for (int at = page * PageBytes + 32; at < (page + 1) * PageBytes - 200; at += 7)
        {
            byte[] bent = [.. bytes];
            bent[at] ^= 0x55;
            await File.WriteAllBytesAsync(File_, bent, TestContext.Current.CancellationToken);
            using (var buffer = Open())
            {
                try
                {
                    foreach (var example in stored) Assert.NotNull(await buffer.FindAsync(example.Id));
                }
                catch (IOException)
                {
                    // The search met the damage: refused once, then repaired.
                }

                await AssertHoldsAsync(buffer, stored);
                if (buffer.Recovery?.Reason.Contains("its index is damaged", StringComparison.Ordinal) == true || buffer.Recovery?.Reason.Contains("where the index leads", StringComparison.Ordinal) == true) hidden++;
            }

            foreach (string left in Directory.GetFiles(folder.Path, "replay*")) File.Delete(left);
        }

        Assert.True(hidden > 0, "no flip hid a record: the test tests nothing");
    }

    [Fact]
    public async Task Damage_that_shows_while_the_store_runs_is_a_refusal_and_then_repaired()
    {
        var stored = await FillAsync(40, copies: false);
        using var buffer = Open();
        var told = new List<ReplayRecovery>();
        buffer.Restored += told.Add;
        Overwrite(2 * PageBytes, (int)new FileInfo(File_).Length / PageBytes * PageBytes - 12 * PageBytes); // Under the feet of LiteDB, which has pages in its cache.
        await Assert.ThrowsAsync<IOException>(() => buffer.OfferAsync([Samples.One("b", 99, valueCount: 5_000_000)], null)); // More than a document of LiteDB holds: after a refusal it reads the file, and not its cache.
        for (int attempt = 0; attempt < 5 && told.Count == 0; attempt++)
        {
            try
            {
                foreach (var example in stored) await buffer.FindAsync(example.Id);
                await buffer.OfferAsync([Large("b", 60 + attempt)], null);
            }
            catch (IOException)
            {
                // Refused, like a full disk.
            }
        }

        Assert.InRange(Assert.Single(told).SalvagedCount, 1, 39);
        Assert.All(await buffer.TrainableAsync(), example => Samples.AssertSame(Large(example.Class, (int)example.WindowId) with { Id = example.Id, Role = example.Role }, example));
        await buffer.OfferAsync([Large("b", 70)], null);
    }

    [Theory]
    [InlineData("new")]
    [InlineData("ready")]
    [InlineData("moved")]
    public async Task A_restore_that_a_crash_interrupts_is_finished_by_the_next_start(string moment)
    {
        var stored = await FillAsync(40, copies: true);
        byte[] whole = await File.ReadAllBytesAsync(File_, TestContext.Current.CancellationToken);
        if (moment == "new") await File.WriteAllBytesAsync(File_ + ".new", whole[..50_000], TestContext.Current.CancellationToken); // Torn; the old file stands.
        else await File.WriteAllBytesAsync(File_ + ".ready", whole, TestContext.Current.CancellationToken);
        if (moment == "ready") File.WriteAllBytes(File_, new byte[100_000]);
        if (moment == "moved") File.Delete(File_);
        using var buffer = Open();
        Assert.Null(buffer.Recovery);
        await AssertHoldsAsync(buffer, stored);
        Assert.Empty(Directory.GetFiles(folder.Path, "*.new").Concat(Directory.GetFiles(folder.Path, "*.ready")));
        Assert.Equal(moment == "ready" ? 1 : 0, Directory.GetFiles(folder.Path, "*.bad-*").Length);
    }

    [Fact]
    public async Task Looking_at_a_damaged_file_changes_nothing_and_says_what_to_do()
    {
        await FillAsync(10, copies: false);
        Overwrite(0, PageBytes);
        byte[] before = await File.ReadAllBytesAsync(File_, TestContext.Current.CancellationToken);
        var error = Assert.Throws<InvalidDataException>(() => ReplayBuffer.Open(File_, s_options, TimeProvider.System, ReplayAccess.Look));
        Assert.Contains("'edge replay verify' says what can be read", error.Message);
        Assert.Equal(before, await File.ReadAllBytesAsync(File_, TestContext.Current.CancellationToken));
        Assert.Empty(Directory.GetFiles(folder.Path, "*.bad-*"));
    }

    [Fact]
    public async Task No_more_than_three_damaged_files_are_kept()
    {
        for (int i = 0; i < 5; i++)
        {
            await File.WriteAllBytesAsync(File_, new byte[(3 + i) * PageBytes], TestContext.Current.CancellationToken);
            using var buffer = ReplayBuffer.Open(File_, s_options, new FakeTimeProvider(Samples.Now.AddMinutes(i)));
            Assert.NotNull(buffer.QuarantinedTo);
        }

        Assert.Equal([5L * PageBytes, 6L * PageBytes, 7L * PageBytes], Directory.GetFiles(folder.Path, "*.bad-*").Order(StringComparer.Ordinal).Select(path => new FileInfo(path).Length));
    }

    [Fact]
    public async Task The_log_of_a_file_that_had_vanished_is_kept_no_longer_than_a_damaged_file()
    {
        await FillAsync(1, copies: true);
        for (int i = 0; i < 5; i++)
        {
            File.Delete(File_);
            await File.WriteAllBytesAsync(folder["replay-log.db"], new byte[100 + i], TestContext.Current.CancellationToken);
            using var buffer = ReplayBuffer.Open(File_, s_options with { CopyCount = 0 }, new FakeTimeProvider(Samples.Now.AddMinutes(i)));
            Assert.NotNull(buffer.QuarantinedTo);
            Assert.Equal(Math.Min(i + 1, 3), (await buffer.StatsAsync()).PutAside.Count(File.Exists));
        }

        Assert.Equal([102L, 103L, 104L], Directory.GetFiles(folder.Path, "*.bad-*").Order(StringComparer.Ordinal).Select(path => new FileInfo(path).Length));
    }

    [Fact]
    public async Task Of_a_single_missing_record_the_ledger_tells_which_it_was_and_what_had_left_stays_away()
    {
        var options = s_options with { Capacity = 20, FreshCapacity = 2, CopyCount = 0 };
        List<Example> stored;
        using (var buffer = Samples.Open(File_, options))
        {
            stored = [.. await buffer.OfferAsync([.. Enumerable.Range(1, 20).Select(i => Large("a", 100 * i))], null)];
            await buffer.CopyAsync();
            for (int i = 21; i <= 60; i++) stored.AddRange(await buffer.OfferAsync([Large("a", 100 * i)], null)); // Most of the first twenty leave.
            stored = [.. await buffer.TrainableAsync()];
        }

        var old = stored.First(e => e.Id <= 20);
        Assert.True(stored.Count(e => e.Id <= 20) is > 1 and < 20, "the draw left some of the first twenty");
        FlipOneOf(old);
        Overwrite(0, PageBytes);
        using var restored = Samples.Open(File_, options);
        var made = restored.Recovery!;
        Assert.Equal((stored.Count - 1, 1, 0L, 0L), (made.SalvagedCount, made.FromCopyCount, made.LeastLostCount, made.LostCount));
        Assert.Equal(Samples.Ids(stored), Samples.Ids(await restored.TrainableAsync()));
        Samples.AssertSame(old, await restored.FindAsync(old.Id));
    }

    [Fact]
    public async Task Where_a_copy_has_more_than_is_missing_the_loss_is_told_as_a_range_that_holds_the_truth()
    {
        var options = s_options with { Capacity = 20, FreshCapacity = 2, CopyCount = 0 };
        IReadOnlyList<Example> stored;
        using (var buffer = Samples.Open(File_, options))
        {
            await buffer.OfferAsync([.. Enumerable.Range(1, 20).Select(i => Large("a", 100 * i))], null);
            await buffer.CopyAsync();
            for (int i = 21; i <= 60; i++) await buffer.OfferAsync([Large("a", 100 * i)], null);
            stored = await buffer.TrainableAsync();
        }

        foreach (var young in stored.Where(e => e.Id > 20).Take(3)) FlipOneOf(young); // No copy has them.
        Overwrite(0, PageBytes);
        using var restored = Samples.Open(File_, options);
        Assert.Equal((stored.Count - 3, 0L, 3L), (restored.Recovery!.SalvagedCount, restored.Recovery.LeastLostCount, restored.Recovery.LostCount));
        Assert.Contains("0 to 3 records are lost", restored.Recovery.Loss);
    }

    [Fact]
    public async Task What_came_after_the_copy_of_a_file_that_is_garbage_counts_as_lost_though_the_copy_is_whole()
    {
        await FillAsync(40, copies: true);
        using (var buffer = Open()) await buffer.OfferAsync([.. Enumerable.Range(41, 20).Select(i => Large("b", i))], null);
        File.WriteAllBytes(File_, new byte[300_000]);
        using var restored = Open();
        Assert.InRange(restored.Recovery!.LostCount, 20, 1024); // Ids are reserved 1024 at a time.
        Assert.Equal(0, restored.Recovery.LeastLostCount);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_class_that_was_forgotten_is_not_brought_back_by_a_restore(bool compacts)
    {
        using (var buffer = Samples.Open(File_, s_options with { CopyCount = 0 }))
        {
            await buffer.OfferAsync([.. Enumerable.Range(1, 40).Select(i => Large(i % 2 == 0 ? "secret" : "other", i))], null);
            await buffer.CopyAsync();
            Assert.Equal(20, await buffer.ForgetAsync("secret"));
            Assert.Null(ReplayBuffer.NewestCopyOf(File_));
            if (compacts) await buffer.CompactAsync(null, TestContext.Current.CancellationToken);
        }

        Overwrite(0, PageBytes); // Everything is read from the pages now, also what lies where nothing points to.
        using var restored = Open();
        Assert.Equal((20, 0, 0L), (restored.Recovery!.SalvagedCount, restored.Recovery.FromCopyCount, restored.Recovery.LostCount));
        Assert.All(await restored.TrainableAsync(), e => Assert.Equal("other", e.Class));
        Assert.Equal(["other"], restored.Counts.Replay.Keys);
    }

    private static Example Large(string className, int window) => Samples.One(className, (ulong)window, valueCount: 1152);

    private ReplayBuffer Open() => Samples.Open(File_, s_options);

    private async Task<List<Example>> FillAsync(int count, bool copies)
    {
        using var buffer = Samples.Open(File_, s_options with { CopyCount = 0 });
        var stored = new List<Example>(await buffer.OfferAsync([.. Enumerable.Range(1, count).Select(i => Large("a", i))], null));
        if (copies) await buffer.CopyAsync();
        return stored;
    }

    private static async Task AssertHoldsAsync(ReplayBuffer buffer, IEnumerable<Example> stored)
    {
        foreach (var example in stored) Samples.AssertSame(example, await buffer.FindAsync(example.Id));
        Assert.Equal(stored.Count(), buffer.Counts.ReplayCount);
    }

    private void Overwrite(int from, int count)
    {
        byte[] noise = new byte[count];
        new Random(from).NextBytes(noise);
        using var file = new FileStream(File_, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        file.Position = from;
        file.Write(noise);
    }

    /// <summary>Flips a bit in the samples of one example, also where LiteDB has left them behind. No other example has the same 64.</summary>
    private void FlipOneOf(Example example)
    {
        byte[] needle = System.Runtime.InteropServices.MemoryMarshal.AsBytes(example.Samples.AsSpan(0, 64)).ToArray();
        byte[] bytes = File.ReadAllBytes(File_);
        int flipped = 0;
        for (int at; (at = bytes.AsSpan().IndexOf(needle)) >= 0; flipped++) bytes[at] ^= 1;
        Assert.True(flipped > 0, $"the samples of {example.Id} are in the file");
        File.WriteAllBytes(File_, bytes);
    }

    private static void Flip(string path, int at)
    {
        byte[] bytes = File.ReadAllBytes(path);
        bytes[at] ^= 1;
        File.WriteAllBytes(path, bytes);
    }
}
