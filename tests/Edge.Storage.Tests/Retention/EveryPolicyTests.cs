namespace Edge.Storage.Tests.Retention;

/// <summary>What holds of every policy.</summary>
public class EveryPolicyTests
{
    public static TheoryData<RetentionKind> Kinds => [.. Streams.Kinds];

    public static TheoryData<RetentionKind, RetentionKind> Pairs
    {
        get
        {
            var pairs = new TheoryData<RetentionKind, RetentionKind>();
            foreach (var from in Streams.Kinds)
            {
                foreach (var to in Streams.Kinds) pairs.Add(from, to);
            }

            return pairs;
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void While_there_is_room_everything_is_kept(RetentionKind kind)
    {
        var policy = Streams.Policy(kind, new RetentionBudget(100));
        var stream = Streams.Drifting(100);
        Assert.All(stream, example => Assert.Same(Admission.Free, policy.Offer(example)));
        Assert.Equal((100, stream.Sum(e => (long)e.PayloadBytes)), (policy.Count, policy.PayloadBytes));
        Assert.Empty(policy.Trim());
        Assert.NotSame(Admission.Free, policy.Offer(new ExampleFacts(101, "a", 101, 8, stream[0].Descriptor)));
        Assert.Equal(100, policy.Count);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Neither_limit_is_ever_exceeded_and_every_admission_and_eviction_is_told(RetentionKind kind)
    {
        foreach (var budget in new RetentionBudget[] { new(17), new(1000, 200), new(15, 190), new(2, 20), new(1) })
        {
            var policy = Streams.Policy(kind, budget);
            var kept = new HashSet<ulong>();
            var stream = Streams.Drifting(400);
            foreach (var example in stream)
            {
                var admission = policy.Offer(example);
                Assert.Equal(admission.Admitted, policy.Holds(example.Id));
                if (admission.Admitted) kept.Add(example.Id);
                foreach (ulong evicted in admission.Evicted) Assert.True(kept.Remove(evicted));
                Assert.True(kept.SetEquals(Streams.Ids(policy)));
                Assert.Equal((kept.Count, kept.Sum(id => (long)stream[id - 1].PayloadBytes)), (policy.Count, policy.PayloadBytes));
                Assert.True(policy.Count <= budget.Count && policy.PayloadBytes <= budget.PayloadBytes);
                // One more of the largest would not have fitted: nothing goes that need not.
                if (admission.Evicted.Count > 0) Assert.True(policy.Count == budget.Count || policy.PayloadBytes > budget.PayloadBytes - 16 - 16);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_restart_anywhere_goes_on_exactly_as_without_one(RetentionKind kind)
    {
        foreach (var budget in new RetentionBudget[] { new(14), new(30, 250) })
        {
            var stream = Streams.Drifting(260);
            for (int cut = 0; cut <= stream.Length; cut += 13)
            {
                var whole = Streams.Policy(kind, budget);
                foreach (var example in stream[..cut]) whole.Offer(example);
                var after = Streams.Restarted(whole, stream, Streams.Policy(kind, budget));
                Assert.Equal(stream[cut..].Select(e => Streams.Told(whole.Offer(e))), stream[cut..].Select(e => Streams.Told(after.Offer(e))));
                Assert.Equal(Streams.Ids(whole), Streams.Ids(after));
                Assert.Equal(whole.Counters.Own, after.Counters.Own);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_restart_after_every_example_changes_nothing(RetentionKind kind)
    {
        var stream = Streams.Drifting(300, seed: 4);
        RetentionPolicy whole = Streams.Policy(kind, new RetentionBudget(25)), restarting = Streams.Policy(kind, new RetentionBudget(25));
        foreach (var example in stream)
        {
            Assert.Equal(Streams.Told(whole.Offer(example)), Streams.Told(restarting.Offer(example)));
            restarting = Streams.Restarted(restarting, stream, Streams.Policy(kind, new RetentionBudget(25)));
        }

        Assert.Equal(Streams.Ids(whole), Streams.Ids(restarting));
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Another_policy_keeps_everything_that_fits_and_goes_on_with_what_was_seen(RetentionKind from, RetentionKind to)
    {
        var stream = Streams.Drifting(400);
        var before = Streams.Policy(from, new RetentionBudget(40));
        foreach (var example in stream[..250]) before.Offer(example);
        var after = Streams.Restarted(before, stream, Streams.Policy(to, new RetentionBudget(40)));
        Assert.Empty(after.Trim());
        Assert.Equal(Streams.Ids(before), Streams.Ids(after));
        Assert.Equal(before.Counters.Seen.OrderBy(p => p.Key), after.Counters.Seen.OrderBy(p => p.Key));
        Assert.Equal((to, before.Counters.Draws), (after.Counters.Kind, after.Counters.Draws));

        var smaller = Streams.Restarted(before, stream, Streams.Policy(to, new RetentionBudget(31)));
        var gone = smaller.Trim();
        Assert.Equal(9, gone.Count);
        Assert.Equal(Streams.Ids(before), gone.Concat(Streams.Ids(smaller)).Order());

        foreach (var example in stream[250..])
        {
            after.Offer(example);
            Assert.Equal(40, after.Count);
        }

        Assert.Contains(Streams.Ids(after), id => id > 250);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_lowered_limit_in_bytes_lets_go_until_it_fits_and_no_more(RetentionKind kind)
    {
        var stream = Streams.Drifting(120);
        var before = Streams.Policy(kind, new RetentionBudget(60));
        foreach (var example in stream) before.Offer(example);
        var after = Streams.Restarted(before, stream, Streams.Policy(kind, new RetentionBudget(60, 300)));
        var gone = after.Trim();
        Assert.InRange(after.PayloadBytes, 300 - 15, 300);
        Assert.True(after.PayloadBytes + stream[gone[^1] - 1].PayloadBytes > 300);
        Assert.Equal(60, gone.Concat(Streams.Ids(after)).Distinct().Count());
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void One_that_is_larger_than_all_that_may_be_kept_is_refused_and_nothing_goes_for_it(RetentionKind kind)
    {
        var policy = Streams.Policy(kind, new RetentionBudget(10, 100));
        policy.Offer(new ExampleFacts(1, "a", 1, 60));
        Assert.Same(Admission.Refused, policy.Offer(new ExampleFacts(2, "b", 2, 101)));
        Assert.Equal([1ul], Streams.Ids(policy));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_forgotten_class_leaves_no_trace(RetentionKind kind)
    {
        var stream = Streams.Drifting(300);
        var policy = Streams.Policy(kind, new RetentionBudget(40));
        foreach (var example in stream) policy.Offer(example);
        var kept = policy.Kept["rare"].ToList();
        int others = policy.Count - kept.Count;
        Assert.Equal(kept, policy.Forget("rare"));
        Assert.Equal(others, policy.Count);
        Assert.DoesNotContain("rare", policy.Kept.Keys);
        Assert.DoesNotContain("rare", policy.Counters.Seen.Keys);
        Assert.DoesNotContain("rare", System.Text.Encoding.UTF8.GetString(policy.Counters.Own), StringComparison.Ordinal);
        Assert.Empty(policy.Forget("rare"));
        if (kept.Count > 0) Assert.True(policy.Offer(new ExampleFacts(301, "rare", 301, 8, stream[0].Descriptor)).Admitted);
    }

    [Theory]
    [InlineData(RetentionKind.ClassBalanced)]
    [InlineData(RetentionKind.Ring)]
    [InlineData(RetentionKind.Herding)]
    [InlineData(RetentionKind.Segmented)]
    public void A_class_that_does_not_come_again_is_still_there(RetentionKind kind)
    {
        var policy = Streams.Policy(kind, new RetentionBudget(30), segmentSeconds: 3);
        for (int i = 1; i <= 3000; i++) policy.Offer(new ExampleFacts((ulong)i, i <= 5 ? "once" : "ab"[i % 2].ToString(), i, 4, new[] { i % 7f }));
        Assert.InRange(policy.Kept["once"].Count, kind == RetentionKind.Segmented ? 1 : 5, 5);
    }

    [Fact]
    public void Limits_below_1_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new Reservoir(new RetentionBudget(0), 1, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ClassRing(new RetentionBudget(1, 0)));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SegmentedReservoir(new RetentionBudget(1), 1, 0, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => Streams.Policy(0, new RetentionBudget(1)));
    }
}
