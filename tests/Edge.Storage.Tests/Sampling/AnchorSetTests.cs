using Edge.Storage.Tests.Replay;

namespace Edge.Storage.Tests.Sampling;

public class AnchorSetTests
{
    private const int ValueCount = 6;

    [Fact]
    public async Task No_training_draw_ever_has_an_anchor()
    {
        using var folder = new TempFolder();
        float[] windows = new float[48 * ValueCount];
        int[] labels = new int[48];
        ulong[] ids = new ulong[48];
        long drawn = 0, anchorsMade = 0;
        for (int seed = 0; seed < 10; seed++)
        {
            var random = new Random(seed);
            var options = new ReplayBufferOptions { Capacity = 40 + 7 * seed, AnchorCapacity = 5 + 2 * seed, AnchorShare = 0.1 + 0.08 * seed, AnchorBlockSeconds = 2 + seed, FreshCapacity = seed % 2 == 0 ? 12 : 200, Seed = seed };
            string path = folder[$"{seed}.db"];
            var everAnchor = new HashSet<ulong>();
            var everTrained = new HashSet<ulong>();
            var buffer = Samples.Open(path, options);
            for (int batch = 0; batch < 24; batch++)
            {
                // Time runs on, repeats and runs backwards; windows of 2.56 s overlap the borders of blocks.
                double start = random.Next(3) switch { 0 => batch * 20, 1 => random.NextDouble() * 400, _ => -batch * 7 };
                Example[] offered = [.. Enumerable.Range(0, random.Next(1, 40)).Select(i => Samples.One("abcd"[random.Next(4)].ToString(), (ulong)(batch * 100 + i), start + i * 0.64, ValueCount))];
                foreach (var example in await buffer.OfferAsync(offered, null))
                {
                    if (buffer.IsHeldOut(example.StartSeconds)) everAnchor.Add(example.Id); // Those that the anchor set had no place for as well.
                }

                everAnchor.UnionWith(Samples.Ids(await buffer.AnchorsAsync()));
                var draw = await buffer.DrawAsync();
                everTrained.UnionWith(Samples.Ids([.. draw.Fresh, .. draw.Replay, .. await buffer.TrainableAsync()]));
                foreach (var balance in Enum.GetValues<MinibatchBalance>())
                {
                    var sampler = new MinibatchSampler(buffer.Windows, ["a", "b", "c", "d"], balance, batch);
                    for (int i = 0; i < 10; i++)
                    {
                        int count = sampler.Draw(windows, labels, ids);
                        everTrained.UnionWith(ids[..count]);
                        drawn += count;
                    }
                }

                if (random.Next(4) == 0) await buffer.SettleAsync(draw.ThroughId - (ulong)random.Next(3));
                if (random.Next(4) != 0) continue;
                buffer.Dispose();
                // A restart, often with less room: what does not fit any more is let go.
                if (random.Next(2) == 0) options = options with { Capacity = Math.Max(4, options.Capacity - 9), AnchorCapacity = Math.Max(3, options.AnchorCapacity - 2), FreshCapacity = Math.Max(4, options.FreshCapacity - 5) };
                buffer = Samples.Open(path, options);
            }

            Assert.Empty(everAnchor.Intersect(everTrained));
            Assert.True(buffer.Counts.AnchorCount <= options.AnchorCapacity && buffer.Counts.ReplayCount <= options.Capacity && buffer.Counts.FreshCount <= options.FreshCapacity);
            anchorsMade += everAnchor.Count;
            buffer.Dispose();
        }

        Assert.True(drawn > 50_000 && anchorsMade > 500);
    }

    [Theory]
    [InlineData(10, 2.56, 1.28)]
    [InlineData(10, 2.5, 0.5)]
    [InlineData(2, 5, 0.5)] // A block counts as two windows at least.
    public async Task No_anchor_shares_a_sample_with_what_may_be_trained_on(double blockSeconds, double windowSeconds, double strideSeconds)
    {
        using var folder = new TempFolder();
        using var buffer = Samples.Open(folder["a.db"], Samples.Options with { AnchorShare = 0.4, AnchorBlockSeconds = blockSeconds, WindowSeconds = windowSeconds, Capacity = 1000, AnchorCapacity = 1000 });
        var stored = await buffer.OfferAsync([.. Enumerable.Range(-100, 500).Select((n, i) => Samples.One("a", (ulong)i, n * strideSeconds))], null);
        double[] anchors = [.. (await buffer.AnchorsAsync()).Select(e => e.StartSeconds)], trained = [.. (await buffer.TrainableAsync()).Select(e => e.StartSeconds)];
        Assert.True(anchors.Length > 15 && trained.Length > 30, $"{anchors.Length} anchors, {trained.Length} to train on");
        Assert.All(anchors, anchor => Assert.DoesNotContain(trained, start => Math.Abs(start - anchor) < windowSeconds - 1e-6));
        Assert.All(stored, e => Assert.Equal(buffer.IsHeldOut(e.StartSeconds), e.Role is ExampleRole.Anchor or ExampleRole.None));
        Assert.Contains(stored, e => e.Role == ExampleRole.None); // What is partly in a block.
    }

    [Fact]
    public async Task Where_the_length_of_a_window_is_not_told_it_belongs_to_the_block_in_which_it_starts()
    {
        using var folder = new TempFolder();
        using var buffer = Samples.Open(folder["a.db"], Samples.Options with { AnchorShare = 0.5, AnchorBlockSeconds = 10, Capacity = 500, AnchorCapacity = 500 });
        double[] starts = [.. Enumerable.Range(0, 200).Select(i => i * 1.28)];
        var stored = await buffer.OfferAsync([.. starts.Select((start, i) => Samples.One("a", (ulong)i, start))], null);
        Assert.All(stored, e => Assert.Equal(buffer.IsHeldOut(Math.Floor(e.StartSeconds / 10) * 10), e.Role == ExampleRole.Anchor));
        // Of 2.56 s, a window that starts less than that before a held-out block shares samples with its first anchor: the rule goes by the start alone then.
        Assert.Contains(stored, e => e.Role == ExampleRole.Replay && buffer.IsHeldOut(e.StartSeconds + 2.56));
    }

    [Fact]
    public async Task Anchors_are_balanced_over_the_classes_as_far_as_they_came()
    {
        using var folder = new TempFolder();
        using var buffer = Samples.Open(folder["a.db"], Samples.Options with { AnchorShare = 1, AnchorCapacity = 12 });
        for (int batch = 0; batch < 10; batch++) await buffer.OfferAsync([.. Enumerable.Range(batch * 20, 20).Select(i => Samples.One(i % 10 == 0 ? "rare" : i % 10 < 4 ? "some" : "many", (ulong)i))], null);
        Assert.Equal([("many", 4), ("rare", 4), ("some", 4)], buffer.Counts.Anchors.OrderBy(p => p.Key).Select(p => (p.Key, p.Value)));
    }
}
