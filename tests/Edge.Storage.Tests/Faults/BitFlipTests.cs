using Edge.Storage.Tests.Replay;

namespace Edge.Storage.Tests.Faults;

public class BitFlipTests
{
    private const int ExampleCount = 64, FlipCount = 200, PageBytes = 8192, PageHeadBytes = 32, SlotBytes = 16;
    private const byte DataPage = 4;
    private const int MostLost = 2;
    private static readonly ReplayBufferOptions s_options = Samples.Options with { Capacity = 500, AnchorShare = 0.2, AnchorCapacity = 500, CopyCount = 0 };

    [Theory]
    [InlineData(false, false, false)]
    [InlineData(false, true, false)]
    [InlineData(true, false, false)]
    [InlineData(true, true, false)]
    [InlineData(false, false, true)]
    [InlineData(true, false, true)]
    public async Task No_flipped_byte_of_file_or_journal_ever_gives_a_wrong_example(bool structureOnly, bool hasCopy, bool isFull)
    {
        using var folder = new TempFolder(inMemory: true);
        var options = isFull ? s_options with { Capacity = 30, FreshCapacity = 4 } : s_options;
        var (data, journal, copy, bank, kept) = await StoreAsync(folder, options);
        Assert.Equal(isFull, kept.Count < ExampleCount);
        int[] places = structureOnly ? StructureOf(data) : [.. Enumerable.Range(0, data.Length + journal.Length)];
        var random = new Random(structureOnly ? 21 : 20);
        int unharmed = 0, restored = 0, bankless = 0, lessThanAll = 0, refused = 0, fewest = kept.Count;
        for (int flip = 0; flip < FlipCount; flip++)
        {
            byte[] flippedData = [.. data], flippedJournal = [.. journal];
            int at = places[random.Next(places.Length)];
            byte with = (byte)random.Next(1, 256);
            if (at < data.Length) flippedData[at] ^= with;
            else flippedJournal[at - data.Length] ^= with;
            string name = folder[$"{flip}.db"];
            File.WriteAllBytes(name, flippedData);
            File.WriteAllBytes(ReplayFile.LogOf(name), structureOnly ? [] : flippedJournal); // The journal would mend a page of the last change.
            if (hasCopy) File.WriteAllBytes(Path.Combine(Directory.CreateDirectory(new ReplayPlaces(name).Copies).FullName, "000001.db"), copy);
            ReplayBuffer buffer;
            try
            {
                buffer = Samples.Open(name, options);
            }
            catch (Exception e) when (e is IOException or InvalidDataException)
            {
                refused++; // Said aloud.
                continue;
            }

            using (buffer)
            {
                Example[] served = [.. await buffer.TrainableAsync(), .. await buffer.AnchorsAsync()];
                foreach (var example in served)
                {
                    var expected = One((int)example.WindowId);
                    Samples.AssertSame(expected with { Id = example.Id, Role = example.Role }, example);
                    Assert.Equal(example.WindowId, example.Id);
                    Assert.Equal(buffer.IsHeldOut(example.StartSeconds), example.Role == ExampleRole.Anchor);
                }

                Assert.Equal(served.Length, Samples.Ids(served).Distinct().Count());
                int missing = kept.Except(Samples.Ids(served)).Count();
                Assert.True(missing <= MostLost, $"flip {flip} at {at}: {missing} examples are lost, though a page holds one");
                if (await buffer.PrototypesAsync() is { } prototypes) Assert.Equal(bank, prototypes.ToBytes());
                else bankless++;
                fewest = Math.Min(fewest, kept.Count - missing);
                if (missing == 0) unharmed++;
                else
                {
                    lessThanAll++;
                    Assert.True(buffer.Counts.CorruptCount > 0 || buffer.Recovery is not null, $"flip {flip} at {at}: {missing} examples are missing and nothing says so");
                }

                if (buffer.Recovery is not null) restored++;
                if (structureOnly || flip % 8 == 0) Assert.True((await OfferAsync(buffer))[0].Id > ExampleCount);
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{FlipCount} flips{(structureOnly ? " in structure" : "")}{(hasCopy ? ", with a copy" : "")}{(isFull ? ", full" : "")}: {unharmed} lost nothing, {lessThanAll} lost some and said so (fewest left {fewest} of {kept.Count}), {refused} refused; {restored} went through a restore, {bankless} lost the prototypes");
        Assert.True(unharmed > 10 && (structureOnly ? restored : lessThanAll) > 10);
        Assert.Equal(0, refused);
        GC.Collect();
        GC.WaitForPendingFinalizers(); // A transaction that LiteDB left behind would end the process here.
    }

    /// <summary>The first change may meet the damage: it is refused, and the next finds the store restored.</summary>
    private static async Task<IReadOnlyList<Example>> OfferAsync(ReplayBuffer buffer)
    {
        try
        {
            return await buffer.OfferAsync([One(1000)], null);
        }
        catch (IOException) when (buffer.Recovery is null)
        {
            return await buffer.OfferAsync([One(1000)], null);
        }
    }

    /// <summary>Every byte that is in use of the pages that are no data pages (header, collection, index), and head and slots of those that are.</summary>
    private static int[] StructureOf(byte[] data) =>
        [.. Enumerable.Range(0, data.Length).Where(at => at % PageBytes < PageHeadBytes || (data[at] != 0 && (data[at / PageBytes * PageBytes + 4] != DataPage || at % PageBytes >= PageBytes - SlotBytes)))];

    /// <summary>Both files of a store that was killed: one example a page, as on a device; a copy; its prototypes; and what it kept.</summary>
    private static async Task<(byte[] Data, byte[] Journal, byte[] Copy, byte[] Bank, HashSet<ulong> Kept)> StoreAsync(TempFolder folder, ReplayBufferOptions options)
    {
        using var buffer = Samples.Open(folder["source.db"], options);
        var bank = new PrototypeBank("s", 2);
        for (int i = 1; i <= ExampleCount; i += 8)
        {
            var batch = Enumerable.Range(i, 8).Select(One).ToList();
            foreach (var example in batch.Where(e => !buffer.IsHeldOut(e.StartSeconds))) bank.Add(example.Class, [1, 0]);
            await buffer.OfferAsync(batch, bank);
        }

        await buffer.CopyAsync();
        HashSet<ulong> kept = [.. Samples.Ids(await buffer.TrainableAsync()), .. Samples.Ids(await buffer.AnchorsAsync())];
        return (File.ReadAllBytes(folder["source.db"]), File.ReadAllBytes(ReplayFile.LogOf(folder["source.db"])), File.ReadAllBytes(ReplayBuffer.NewestCopyOf(folder["source.db"])!), bank.ToBytes(), kept);
    }

    private static Example One(int window) => Samples.One("abc"[window % 3].ToString(), (ulong)window, valueCount: 1152);
}
