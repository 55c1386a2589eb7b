using Edge.Storage.Tests.Retention;

namespace Edge.Storage.Tests.Replay;

public class PolicyInTheStoreTests
{
    public static TheoryData<RetentionKind, RetentionKind> Pairs => EveryPolicyTests.Pairs;

    public static TheoryData<RetentionKind, PayloadKind> Stored
    {
        get
        {
            var stored = new TheoryData<RetentionKind, PayloadKind>();
            foreach (var kind in Streams.Kinds)
            {
                stored.Add(kind, PayloadKind.Float32);
                stored.Add(kind, PayloadKind.Int16);
            }

            return stored;
        }
    }

    [Fact]
    public async Task Of_a_capacity_that_became_much_smaller_each_change_lets_some_go_so_that_none_needs_much_memory()
    {
        using var folder = new TempFolder();
        var options = Samples.Options with { Capacity = 3000, FreshCapacity = 100 };
        using (var buffer = Samples.Open(folder["a.db"], options)) await buffer.OfferAsync([.. Enumerable.Range(1, 2400).Select(i => Samples.One("ab"[i % 2].ToString(), (ulong)i, valueCount: 256))], null);
        using var reopened = Samples.Open(folder["a.db"], options with { Capacity = 20 });
        Assert.Equal(20, reopened.Counts.ReplayCount);
        Assert.InRange((await reopened.StatsAsync()).LogBytes, 1, 700_000); // The longest journal of a change: 333,000 bytes, and 2,669,000 where all go in one.
    }

    [Fact]
    public async Task Other_capacities_in_an_open_store_end_as_in_one_that_is_opened_with_them()
    {
        using var folder = new TempFolder();
        var (wide, narrow) = (Samples.Options with { Capacity = 60, FreshCapacity = 80 }, Samples.Options with { Capacity = 12, FreshCapacity = 30, AnchorCapacity = 3 });
        var examples = Enumerable.Range(1, 70).Select(i => Samples.One("abc"[i % 3].ToString(), (ulong)i)).ToArray();
        using var resized = Samples.Open(folder["a.db"], wide);
        await resized.OfferAsync(examples, null);
        await resized.ResizeAsync(narrow);
        Assert.Equal((60, 70), (resized.Counts.ReplayCount, resized.Counts.FreshCount)); // Nothing is let go before it may be.
        Assert.Equal(40ul, await resized.LeavingThroughAsync(0));
        await resized.TrimAsync();

        using (var before = Samples.Open(folder["b.db"], wide)) await before.OfferAsync(examples, null);
        using var reopened = Samples.Open(folder["b.db"], narrow);
        foreach (var store in new[] { resized, reopened }) await store.OfferAsync([.. Enumerable.Range(71, 20).Select(i => Samples.One("abc"[i % 3].ToString(), (ulong)i))], null);
        Assert.Equal((12, 30), (resized.Counts.ReplayCount, resized.Counts.FreshCount));
        Assert.Equal(Samples.Ids(await reopened.TrainableAsync()), Samples.Ids(await resized.TrainableAsync()));
        await resized.ResizeAsync(wide);
        await resized.TrimAsync();
        await resized.OfferAsync([.. Enumerable.Range(91, 30).Select(i => Samples.One("a", (ulong)i))], null);
        Assert.Equal((42, 60), (resized.Counts.ReplayCount, resized.Counts.FreshCount));
    }

    [Theory]
    [MemberData(nameof(Stored))]
    public async Task A_restart_after_any_batch_ends_with_the_same_store_as_none(RetentionKind kind, PayloadKind payload)
    {
        using var folder = new TempFolder();
        var options = Options(kind) with { AnchorShare = 0.3, FreshCapacity = 25, Payload = payload };
        Assert.Equal(await RunAsync(restarting: false), await RunAsync(restarting: true));

        async Task<string> RunAsync(bool restarting)
        {
            string path = folder[$"{restarting}.db"];
            var buffer = Samples.Open(path, options);
            for (int i = 1; i <= 112; i += 8)
            {
                await buffer.OfferAsync(Batch(i, 8), null);
                if (i % 40 == 33) await buffer.SettleAsync((await buffer.DrawAsync()).ThroughId - 3);
                if (!restarting) continue;
                buffer.Dispose();
                buffer = Samples.Open(path, options);
            }

            using (buffer)
            {
                var kept = (await buffer.TrainableAsync()).Concat(await buffer.AnchorsAsync());
                return string.Join("\n", kept.Select(e => $"{e.Id} {e.Role} {string.Join(" ", e.Samples)}")) + $" {buffer.Counts.FreshCount} {buffer.Counts.ReplayPayloadBytes}";
            }
        }
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task Another_policy_at_the_next_start_keeps_every_example(RetentionKind from, RetentionKind to)
    {
        using var folder = new TempFolder();
        IReadOnlyList<Example> before;
        using (var buffer = Samples.Open(folder["a.db"], Options(from)))
        {
            await buffer.OfferAsync(Batch(1, 80), null);
            await buffer.SettleAsync(80);
            before = await buffer.TrainableAsync();
            Assert.Equal(20, before.Count);
        }

        using var reopened = Samples.Open(folder["a.db"], Options(to));
        var after = await reopened.TrainableAsync();
        Assert.Equal(Samples.Ids(before), Samples.Ids(after));
        foreach (var (expected, actual) in before.Zip(after)) Samples.AssertSame(expected, actual);
        await reopened.OfferAsync(Batch(81, 80), null);
        Assert.Equal((20, 160ul), (reopened.Counts.ReplayCount, reopened.Counts.AcknowledgedCount));
    }

    [Fact]
    public async Task The_limit_in_bytes_binds_when_it_is_reached_first_and_what_waits_for_a_round_does_not_count()
    {
        using var folder = new TempFolder();
        var options = Options(RetentionKind.ClassBalanced) with { CapacityBytes = 5 * 48 };
        using (var buffer = Samples.Open(folder["a.db"], options))
        {
            await buffer.OfferAsync(Batch(1, 50), null);
            Assert.Equal((5, 240L, 50), (buffer.Counts.ReplayCount, buffer.Counts.ReplayPayloadBytes, buffer.Counts.FreshCount));
            await buffer.SettleAsync(50);
            Assert.Equal(5, (await buffer.TrainableAsync()).Count);
        }

        using (var larger = Samples.Open(folder["a.db"], options with { CapacityBytes = 8 * 48 + 47 }))
        {
            await larger.OfferAsync(Batch(51, 50), null);
            await larger.SettleAsync(100);
            Assert.Equal((8, 8 * 48L), (larger.Counts.ReplayCount, larger.Counts.ReplayPayloadBytes));
        }

        using var smaller = Samples.Open(folder["a.db"], options with { CapacityBytes = 3 * 48 });
        Assert.Equal(3, smaller.Counts.ReplayCount);
        Assert.Equal(3, (await smaller.TrainableAsync()).Count);
    }

    [Fact]
    public async Task Another_payload_at_the_next_start_is_for_new_examples_and_old_ones_stay_as_they_are()
    {
        using var folder = new TempFolder();
        var options = Options(RetentionKind.Ring) with { Capacity = 90 };
        var payloads = new[] { PayloadKind.Float32, PayloadKind.Int16, PayloadKind.Float16 };
        for (int i = 0; i < payloads.Length; i++)
        {
            using var buffer = Samples.Open(folder["a.db"], options with { Payload = payloads[i] });
            await buffer.OfferAsync(Batch(1 + 30 * i, 30), null);
        }

        using var reopened = Samples.Open(folder["a.db"], options);
        Assert.Equal(30 * (48 + (24 + 2 * 8) + 24), reopened.Counts.ReplayPayloadBytes);
        var expected = Batch(1, 90);
        var actual = await reopened.TrainableAsync();
        Assert.Equal(expected[..30].SelectMany(e => e.Samples), actual.Take(30).SelectMany(e => e.Samples));
        Assert.All(expected.Zip(actual), pair => Assert.All(pair.First.Samples.Zip(pair.Second.Samples), value => Assert.Equal(value.First, value.Second, Math.Abs(value.First) / 2048 + 3e-5f))); // Half a step of a range of 3 is 2.3e-5.
        Assert.NotEqual(expected[30..60].SelectMany(e => e.Samples), actual.Skip(30).Take(30).SelectMany(e => e.Samples));
    }

    [Fact]
    public async Task An_example_that_changes_its_role_keeps_its_values_to_the_bit_whatever_the_payload_now()
    {
        using var folder = new TempFolder();
        var options = Options(RetentionKind.Ring) with { Payload = PayloadKind.Float32 };
        var first = Batch(1, 20);
        using (var buffer = Samples.Open(folder["a.db"], options)) await buffer.OfferAsync(first, null);
        using var reopened = Samples.Open(folder["a.db"], options with { Payload = PayloadKind.Int16, Capacity = 10 }); // Half of them only wait for a round now.
        await reopened.OfferAsync(Batch(21, 20), null); // And so do the others.
        foreach (var example in first)
        {
            var found = await reopened.FindAsync(example.WindowId);
            Assert.Equal((example.Class == "rare" ? ExampleRole.Replay : ExampleRole.Fresh, true), (found!.Role, found.Samples.SequenceEqual(example.Samples)));
        }
    }

    [Fact]
    public async Task Windows_of_another_shape_are_kept_beside_the_old_ones()
    {
        foreach (var kind in Streams.Kinds)
        {
            using var folder = new TempFolder();
            using (var buffer = Samples.Open(folder["a.db"], Options(kind))) await buffer.OfferAsync(Batch(1, 10), null);
            using var reopened = Samples.Open(folder["a.db"], Options(kind) with { WindowLength = 10, Payload = PayloadKind.Int16 });
            await reopened.OfferAsync([.. Enumerable.Range(11, 10).Select(i => Samples.One("a", (ulong)i, valueCount: 30))], null);
            Assert.Equal((20, 20), (reopened.Counts.ReplayCount, (await reopened.TrainableAsync()).Count));
            await reopened.OfferAsync([.. Enumerable.Range(21, 30).Select(i => Samples.One("b", (ulong)i, valueCount: 30))], null);
            Assert.Equal(20, reopened.Counts.ReplayCount);
        }
    }

    private static ReplayBufferOptions Options(RetentionKind kind) => Samples.Options with { Policy = kind, WindowLength = 6, SegmentSeconds = 15 };

    private static Example[] Batch(int first, int count) =>
        [.. Enumerable.Range(first, count).Select(i => Samples.One(i % 11 == 0 ? "rare" : "ab"[i % 3 / 2].ToString(), (ulong)i) with { Samples = [.. Enumerable.Range(0, 12).Select(v => MathF.Sin(i * 1.7f + v * v) + v / 6)] })];
}
