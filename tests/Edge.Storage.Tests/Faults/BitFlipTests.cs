using Edge.Storage.Tests.Replay;

namespace Edge.Storage.Tests.Faults;

public class BitFlipTests
{
    private const int ExampleCount = 64, FlipCount = 200;
    private static readonly ReplayBufferOptions s_options = Samples.Options with { Capacity = 500, AnchorShare = 0.2, AnchorCapacity = 500, CopyCount = 0 };

    [Fact]
    public async Task No_flipped_byte_of_file_or_journal_ever_gives_a_wrong_example()
    {
        using var folder = new TempFolder(inMemory: true);
        var (data, journal) = await StoreAsync(folder);
        var random = new Random(20);
        int unharmed = 0, restored = 0, lessThanAll = 0, refused = 0, fewest = ExampleCount;
        for (int flip = 0; flip < FlipCount; flip++)
        {
            byte[] flippedData = [.. data], flippedJournal = [.. journal];
            int at = random.Next(data.Length + journal.Length);
            byte with = (byte)(1 << random.Next(8));
            if (at < data.Length) flippedData[at] ^= with;
            else flippedJournal[at - data.Length] ^= with;
            string name = folder[$"{flip}.db"];
            File.WriteAllBytes(name, flippedData);
            File.WriteAllBytes(ReplayFile.LogOf(name), flippedJournal);
            ReplayBuffer buffer;
            try
            {
                buffer = Samples.Open(name, s_options);
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
                fewest = Math.Min(fewest, served.Length);
                if (served.Length == ExampleCount) unharmed++;
                else
                {
                    lessThanAll++;
                    Assert.True(buffer.Counts.CorruptCount > 0 || buffer.Recovery is not null, $"flip {flip} at {at}: {ExampleCount - served.Length} examples are missing and nothing says so");
                }

                if (buffer.Recovery is not null) restored++;
                if (flip % 8 == 0) Assert.True((await buffer.OfferAsync([One(1000)], null))[0].Id > ExampleCount);
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{FlipCount} flips: {unharmed} lost nothing, {lessThanAll} lost some and said so (fewest left {fewest} of {ExampleCount}), {refused} refused; {restored} went through a restore");
        Assert.True(lessThanAll > 10 && unharmed > 10);
        Assert.Equal(0, refused);
    }

    /// <summary>Both files of a store that was killed: one example a page, as on a device.</summary>
    private static async Task<(byte[] Data, byte[] Journal)> StoreAsync(TempFolder folder)
    {
        using var buffer = Samples.Open(folder["source.db"], s_options);
        for (int i = 1; i <= ExampleCount; i += 8) await buffer.OfferAsync([.. Enumerable.Range(i, 8).Select(One)], null);
        Assert.Equal(ExampleCount, buffer.Counts.ReplayCount + buffer.Counts.AnchorCount);
        return (File.ReadAllBytes(folder["source.db"]), File.ReadAllBytes(ReplayFile.LogOf(folder["source.db"])));
    }

    private static Example One(int window) => Samples.One("abc"[window % 3].ToString(), (ulong)window, valueCount: 1152);
}
