namespace Edge.Storage.Tests.Replay;

public class HeldOutTests
{
    [Fact]
    public async Task What_is_held_out_is_never_drawn_for_training_and_IsHeldOut_agrees_with_the_role()
    {
        using var folder = new TempFolder();
        for (int seed = 0; seed < 12; seed++)
        {
            var options = Samples.Options with { Seed = seed, AnchorShare = 0.05 + 0.07 * seed, AnchorBlockSeconds = 1 + seed, AnchorCapacity = 8 };
            using var buffer = Samples.Open(folder[$"{seed}.db"], options);
            for (int batch = 0; batch < 6; batch++)
            {
                Example[] offered = [.. Enumerable.Range(batch * 30, 30).Select(i => Samples.One("abc"[i % 3].ToString(), (ulong)i, i * 0.64 - 20))];
                foreach (var example in await buffer.OfferAsync(offered, null))
                    Assert.Equal(buffer.IsHeldOut(example.StartSeconds), example.Role is ExampleRole.Anchor or ExampleRole.None);
                var draw = await buffer.DrawAsync();
                Example[] trained = [.. draw.Fresh, .. draw.Replay, .. await buffer.TrainableAsync()];
                Assert.DoesNotContain(trained, e => buffer.IsHeldOut(e.StartSeconds) || e.Role == ExampleRole.Anchor);
                Assert.All(await buffer.AnchorsAsync(), e => Assert.True(buffer.IsHeldOut(e.StartSeconds)));
                Assert.Equal(draw.Fresh.Count, buffer.Counts.FreshCount);
                if (batch % 2 == 1) await buffer.SettleAsync(draw.ThroughId);
            }

            Assert.Equal(8, buffer.Counts.AnchorCount);
        }
    }

    [Fact]
    public void Whole_blocks_are_held_out_in_the_share_asked_for_and_the_same_after_a_restart()
    {
        using var folder = new TempFolder();
        var options = Samples.Options with { AnchorShare = 0.15 };
        bool[] first;
        using (var buffer = Samples.Open(folder["a.db"], options))
        {
            first = [.. Enumerable.Range(-1000, 20_000).Select(block => buffer.IsHeldOut(block * 10.0))];
            for (int block = 0; block < 100; block++) Assert.Equal(buffer.IsHeldOut(block * 10.0), buffer.IsHeldOut(block * 10.0 + 9.999));
        }

        Assert.InRange(first.Count(held => held), 2850, 3150); // 3000 expected, one standard deviation is 50.
        using var reopened = Samples.Open(folder["a.db"], options);
        Assert.Equal(first, Enumerable.Range(-1000, 20_000).Select(block => reopened.IsHeldOut(block * 10.0)));
        using var other = Samples.Open(folder["b.db"], options with { Seed = 8 });
        Assert.NotEqual(first, Enumerable.Range(-1000, 20_000).Select(block => other.IsHeldOut(block * 10.0)));
    }

    [Fact]
    public async Task A_full_anchor_set_gives_the_role_None_to_what_it_does_not_take_and_keeps_no_trace_of_it()
    {
        using var folder = new TempFolder();
        using var buffer = Samples.Open(folder["a.db"], Samples.Options with { AnchorShare = 1, AnchorCapacity = 4 });
        var roles = new Dictionary<ulong, ExampleRole>();
        foreach (var example in Samples.Many("a", 1, 40)) roles[example.WindowId] = (await buffer.OfferAsync([example], null))[0].Role;
        Assert.All(roles.Values, role => Assert.True(role is ExampleRole.Anchor or ExampleRole.None));
        Assert.True(roles.Values.Count(role => role == ExampleRole.None) > 10);
        var anchors = await buffer.AnchorsAsync();
        Assert.Equal(4, anchors.Count);
        for (ulong id = 1; id <= 40; id++)
        {
            var found = await buffer.FindAsync(id);
            if (roles[id] == ExampleRole.None) Assert.Null(found);
            Assert.Equal(anchors.Any(e => e.Id == id), found is not null);
        }

        Assert.Equal((0, 0), (buffer.Counts.ReplayCount, buffer.Counts.FreshCount));
    }
}
