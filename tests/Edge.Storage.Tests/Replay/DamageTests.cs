using LiteDB;

namespace Edge.Storage.Tests.Replay;

public class DamageTests
{
    [Fact]
    public async Task A_damaged_record_is_counted_once_and_skipped_and_the_rest_is_served()
    {
        using var folder = new TempFolder();
        await FillAsync(folder["a.db"]);
        Flip(folder["a.db"], 4);
        Flip(folder["a.db"], 7, last: true);
        using var buffer = Samples.Open(folder["a.db"]);
        Assert.Null(buffer.QuarantinedTo);
        Assert.Equal((2L, 8), (buffer.Counts.CorruptCount, buffer.Counts.ReplayCount));
        Assert.Equal([1ul, 2, 3, 5, 6, 8, 9, 10], Samples.Ids(await buffer.TrainableAsync()));
        Assert.Null(await buffer.FindAsync(4));
        Assert.Null(await buffer.FindAsync(4));
        Assert.Equal(2, buffer.Counts.CorruptCount);
        Assert.Equal(11ul, (await buffer.OfferAsync(Samples.Many("a", 11, 1), null))[0].Id);
    }

    [Fact]
    public async Task Memory_that_does_not_suffice_to_open_a_store_is_not_taken_for_damage()
    {
        using var folder = new TempFolder();
        await FillAsync(folder["a.db"]);
        Flip(folder["a.db"], 4); // While it is put aside, memory runs out.
        Assert.ThrowsAny<OutOfMemoryException>(() => ReplayBuffer.Open(folder["a.db"], Samples.Options, new ShortOfMemory()));
        Assert.Empty(Directory.GetFiles(folder.Path, "*.bad-*"));
        using var buffer = Samples.Open(folder["a.db"]);
        Assert.Null(buffer.QuarantinedTo);
        Assert.Equal(9, (await buffer.TrainableAsync()).Count);
    }

    [Fact]
    public async Task A_record_that_is_no_record_is_counted_and_skipped()
    {
        using var folder = new TempFolder();
        await FillAsync(folder["a.db"]);
        Change(folder["a.db"], 3, document => document["d"] = "text");
        Change(folder["a.db"], 5, document => document.Remove("d"));
        Change(folder["a.db"], 6, document => document["d"] = Array.Empty<byte>());
        using var buffer = Samples.Open(folder["a.db"]);
        Assert.Equal((3L, 7), (buffer.Counts.CorruptCount, (await buffer.TrainableAsync()).Count));
    }

    [Fact]
    public async Task A_damaged_state_is_counted_and_the_store_goes_on_with_new_ids()
    {
        using var folder = new TempFolder();
        await FillAsync(folder["a.db"]);
        Flip(folder["a.db"], -1);
        using (var buffer = Samples.Open(folder["a.db"]))
        {
            Assert.Equal((1L, 10, 10), (buffer.Counts.CorruptCount, buffer.Counts.ReplayCount, buffer.Counts.FreshCount)); // Which ones had their round is not known any more.
            await buffer.OfferAsync(Samples.Many("b", 11, 30), null);
            Assert.Equal((10, 10), (buffer.Counts.Replay["a"], buffer.Counts.Replay["b"]));
        }

        using var reopened = Samples.Open(folder["a.db"]);
        Assert.Equal((0L, 1024ul + 30), (reopened.Counts.CorruptCount, reopened.Counts.AcknowledgedCount)); // How many ids had been given is not known any more, only that it were no more than 1024.
    }

    [Fact]
    public async Task Damaged_prototypes_are_counted_and_none()
    {
        using var folder = new TempFolder();
        await FillAsync(folder["a.db"]);
        Flip(folder["a.db"], -2);
        using var buffer = Samples.Open(folder["a.db"]);
        Assert.Null(await buffer.PrototypesAsync());
        Assert.Equal(1, buffer.Counts.CorruptCount);
    }

    [Theory]
    [InlineData(100)]
    [InlineData(8192)]
    [InlineData(100_000)]
    public async Task A_file_of_garbage_is_put_aside_with_its_log_and_a_new_store_begun(int length)
    {
        using var folder = new TempFolder();
        byte[] garbage = new byte[length];
        new Random(length).NextBytes(garbage);
        File.WriteAllBytes(folder["a.db"], garbage);
        File.WriteAllBytes(folder["a-log.db"], garbage);
        using var buffer = Samples.Open(folder["a.db"]);
        Assert.Equal(folder["a.db.bad-20260304T050607"], buffer.QuarantinedTo);
        Assert.True(File.Exists(folder["a.db.bad-20260304T050607"]));
        Assert.True(File.Exists(folder["a.db.bad-20260304T050607-log"]));
        Assert.Equal(0ul, buffer.Counts.AcknowledgedCount);
        await buffer.OfferAsync(Samples.Many("a", 1, 3), null);
        Assert.Equal(3, (await buffer.TrainableAsync()).Count);
    }

    [Fact]
    public async Task A_file_cut_off_in_the_middle_is_put_aside_or_served_without_wrong_examples()
    {
        using var folder = new TempFolder();
        await FillAsync(folder["whole.db"]);
        byte[] whole = File.ReadAllBytes(folder["whole.db"]);
        for (int length = 0; length < whole.Length; length += 4096)
        {
            string path = folder[$"{length}.db"];
            File.WriteAllBytes(path, whole[..length]);
            using var buffer = Samples.Open(path);
            Assert.True(length == 0 || buffer.QuarantinedTo is not null || buffer.Counts.CorruptCount > 0 || buffer.Counts.AcknowledgedCount is 0 or 10);
            foreach (var example in await buffer.TrainableAsync()) Samples.AssertSame(Samples.One("a", example.WindowId) with { Id = example.Id, Role = ExampleRole.Replay }, example);
            await buffer.OfferAsync(Samples.Many("b", 100, 2), null);
        }
    }

    [Fact]
    public async Task A_log_without_its_data_file_is_put_aside()
    {
        using var folder = new TempFolder();
        File.WriteAllBytes(folder["b-log.db"], new byte[8192]);
        using var buffer = Samples.Open(folder["b.db"]);
        Assert.NotNull(buffer.QuarantinedTo);
        Assert.True(File.Exists(buffer.QuarantinedTo + "-log"));
        await buffer.OfferAsync(Samples.Many("b", 1, 2), null);
        Assert.Equal(2, (await buffer.TrainableAsync()).Count);
    }

    [Fact]
    public async Task What_the_disk_refuses_at_start_is_not_taken_for_damage()
    {
        using var folder = new TempFolder();
        await FillAsync(folder["a.db"]);
        Directory.CreateDirectory(folder["a-log.db"]); // LiteDB's log cannot be opened now.
        File.WriteAllText(Path.Combine(folder["a-log.db"], "x"), "");
        try
        {
            using var buffer = Samples.Open(folder["a.db"]);
            await Assert.ThrowsAsync<IOException>(() => buffer.OfferAsync(Samples.Many("a", 11, 1), null));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Refusing to start is right as well.
        }

        Assert.Empty(Directory.GetFiles(folder.Path, "*bad*"));
        Directory.Delete(folder["a-log.db"], recursive: true);
        using var reopened = Samples.Open(folder["a.db"]);
        Assert.Equal(10, reopened.Counts.ReplayCount);
    }

    [Fact]
    public void A_folder_that_is_not_there_is_said_and_not_made()
    {
        using var folder = new TempFolder();
        Assert.Throws<DirectoryNotFoundException>(() => Samples.Open(Path.Combine(folder["none"], "a.db")));
    }

    /// <summary>Ten examples that have had their round, and prototypes.</summary>
    private static async Task FillAsync(string path)
    {
        using var buffer = Samples.Open(path);
        var bank = new PrototypeBank("s", 2);
        bank.Add("a", [1, 0]);
        await buffer.OfferAsync(Samples.Many("a", 1, 10), bank);
        await buffer.SettleAsync(10);
    }

    private static void Flip(string path, long id, bool last = false) => Change(path, id, document =>
    {
        byte[] bytes = [.. document["d"].AsBinary];
        bytes[last ? ^1 : bytes.Length / 2] ^= 1;
        document["d"] = bytes;
    });

    private static void Change(string path, long id, Action<BsonDocument> change)
    {
        using var database = new LiteDatabase(path);
        var documents = database.GetCollection("examples");
        var document = documents.FindById(id);
        change(document);
        Assert.True(documents.Update(document));
    }

    /// <summary>A clock whose second reading, which comes while the file is being read, finds no memory.</summary>
    private sealed class ShortOfMemory : TimeProvider
    {
        private int readings;

        public override DateTimeOffset GetUtcNow() => ++readings == 2 ? throw new InsufficientMemoryException() : Samples.Now;
    }
}
