using Edge.Storage.Tests.Sampling;

namespace Edge.Storage.Tests.Replay;

/// <summary>What holds for float32 holds for the kinds that round: what is served is what is stored, the same before and after a restart, and known when it comes again.</summary>
public class LossyPayloadTests
{
    [Theory]
    [InlineData(PayloadKind.Float16)]
    [InlineData(PayloadKind.Int16)]
    public async Task What_is_served_from_memory_is_what_a_restart_serves_from_the_file(PayloadKind payload)
    {
        using var folder = new TempFolder();
        var options = Samples.Options with { Capacity = 60, AnchorShare = 0.25, AnchorCapacity = 20, FreshCapacity = 40, Payload = payload, WindowLength = 4 };
        var offered = new Dictionary<ulong, Example>();
        for (int round = 0; round < 4; round++)
        {
            Dictionary<ulong, Example> before;
            using (var buffer = Samples.Open(folder["a.db"], options))
            {
                for (int batch = 0; batch < 5; batch++)
                {
                    var given = Rough(round * 60 + batch * 12, 12);
                    var stored = await buffer.OfferAsync(given, null);
                    for (int i = 0; i < given.Length; i++) offered[stored[i].Id] = given[i];
                    await WindowCacheTests.AssertInStepAsync(buffer, folder["a.db"]);
                }

                if (round == 1) await buffer.SettleAsync((await buffer.DrawAsync()).ThroughId - 4);
                if (round == 2) await buffer.CompactAsync(null, TestContext.Current.CancellationToken);
                await WindowCacheTests.AssertInStepAsync(buffer, folder["a.db"]);
                before = await AllAsync(buffer);
            }

            using var again = Samples.Open(folder["a.db"], options);
            var after = await AllAsync(again);
            Assert.Equal(before.Keys.Order(), after.Keys.Order());
            foreach (var (id, example) in before)
            {
                Samples.AssertSame(example, after[id]);
                Assert.InRange(offered[id].Samples.Zip(example.Samples, (a, b) => MathF.Abs(a - b)).Max(), 0, 0.07f);
                Assert.NotEqual(offered[id].Samples, example.Samples); // It rounds: the test tests something.
            }

            Assert.Contains(after.Values, example => example.Role == ExampleRole.Anchor);
        }
    }

    [Theory]
    [InlineData(PayloadKind.Float32)]
    [InlineData(PayloadKind.Float16)]
    [InlineData(PayloadKind.Int16)]
    public async Task A_row_that_is_held_is_known_when_it_is_imported_again_whatever_was_lost_in_storing_it(PayloadKind payload)
    {
        using var folder = new TempFolder();
        var options = Samples.Options with { Capacity = 100, Payload = payload, WindowLength = 4 };
        var rows = Rough(0, 20);
        using (var buffer = Samples.Open(folder["a.db"], options)) Assert.Equal(20, (await buffer.ImportAsync(rows, "file", 20)).KeptCount);
        using (var buffer = Samples.Open(folder["a.db"], options)) Assert.Equal((0, 20), Outcome(await buffer.ImportAsync(rows, "file", 20)));
        using (var buffer = Samples.Open(folder["a.db"], options with { Payload = PayloadKind.Float32 })) Assert.Equal((0, 20), Outcome(await buffer.ImportAsync(rows, "another", 20))); // Chosen anew since.
        using (var buffer = Samples.Open(folder["a.db"], options))
        {
            Assert.Equal((0, 20), Outcome(await buffer.ImportAsync([.. await buffer.TrainableAsync()], "exported", 20)));
            Assert.Equal((5, 1), Outcome(await buffer.ImportAsync(Rough(19, 6), "more", 6)));
            Assert.Equal(25, (await buffer.TrainableAsync()).Count);
        }

        static (int, int) Outcome(ImportedBatch batch) => (batch.OfferedCount, batch.KnownCount);
    }

    private static async Task<Dictionary<ulong, Example>> AllAsync(ReplayBuffer buffer) => (await buffer.TrainableAsync()).Concat(await buffer.AnchorsAsync()).ToDictionary(e => e.Id);

    /// <summary>Windows of 3 channels x 4 that neither kind holds exactly.</summary>
    private static Example[] Rough(int first, int count) =>
        [.. Enumerable.Range(first, count).Select(i => Samples.One("abc"[i % 3].ToString(), (ulong)i, i * 1.5) with { Samples = [.. Enumerable.Range(0, 12).Select(n => MathF.Sin(i + n / 7f) * 100 + i / 3f)] })];
}
