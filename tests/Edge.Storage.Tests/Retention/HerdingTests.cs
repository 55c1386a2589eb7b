namespace Edge.Storage.Tests.Retention;

public class HerdingTests
{
    [Fact]
    public void All_of_a_class_at_once_gives_the_exemplars_of_iCaRL()
    {
        var stream = Clouds(240, features: 5);
        var before = new Herding(new RetentionBudget(240));
        foreach (var example in stream) before.Offer(example);
        foreach (int capacity in new[] { 3, 9, 30, 150 })
        {
            var after = Streams.Restarted(before, stream, new Herding(new RetentionBudget(capacity)));
            after.Trim();
            foreach (string name in new[] { "a", "b", "c" })
                Assert.Equal(Exemplars([.. stream.Where(e => e.Class == name)], stream, name).Take(capacity / 3).Order(), after.Kept[name]);
        }
    }

    [Fact]
    public void One_by_one_the_last_of_iCaRLs_order_among_the_kept_and_the_new_one_goes()
    {
        var stream = Clouds(300, features: 4);
        var herding = new Herding(new RetentionBudget(24));
        for (int i = 0; i < stream.Length; i++)
        {
            string name = stream[i].Class;
            var candidates = stream[..(i + 1)].Where(e => e.Class == name && (herding.Holds(e.Id) || e == stream[i])).ToArray();
            bool isFull = herding.Count == 24;
            var admission = herding.Offer(stream[i]);
            if (!isFull) continue;
            ulong last = Exemplars(candidates, stream[..(i + 1)], name)[^1];
            Assert.Equal(last == stream[i].Id ? [] : [last], admission.Evicted);
            Assert.Equal(last != stream[i].Id, admission.Admitted);
        }

        Assert.Equal([8, 8, 8], herding.Kept.Values.Select(ids => ids.Count));
    }

    [Fact]
    public void An_order_of_three_can_be_checked_by_hand()
    {
        // The mean is 11/3. Nearest: 1. Then (1 + 10) / 2 = 5.5 is nearer than (1 + 0) / 2 = 0.5. Last: 0.
        ExampleFacts[] stream = [Facts(1, "a", 0), Facts(2, "a", 1), Facts(3, "a", 10)];
        var before = new Herding(new RetentionBudget(3));
        foreach (var example in stream) before.Offer(example);
        Assert.Equal([1ul], Streams.Restarted(before, stream, new Herding(new RetentionBudget(2))).Trim());
        Assert.Equal([1ul, 3], Streams.Restarted(before, stream, new Herding(new RetentionBudget(1))).Trim());
    }

    [Fact]
    public void What_is_kept_stands_for_its_class_better_than_chance()
    {
        int better = 0;
        for (int seed = 0; seed < 12; seed++)
        {
            var stream = Clouds(600, features: 6, seed);
            var herding = new Herding(new RetentionBudget(30));
            var reservoir = new ClassBalancedReservoir(30, seed, 0);
            foreach (var example in stream)
            {
                herding.Offer(example);
                reservoir.Offer(example);
            }

            if (Distance(herding, stream) * 3 < Distance(reservoir, stream)) better++;
        }

        Assert.InRange(better, 11, 12);
    }

    [Fact]
    public void The_unit_of_a_feature_does_not_matter()
    {
        var stream = Clouds(200, features: 3);
        ExampleFacts[] scaled = [.. stream.Select(e => e with { Descriptor = new[] { e.Descriptor.Span[0] * 1024, e.Descriptor.Span[1] / 64, e.Descriptor.Span[2] } })];
        Herding one = new(new RetentionBudget(20)), other = new(new RetentionBudget(20));
        for (int i = 0; i < stream.Length; i++) Assert.Equal(Streams.Told(one.Offer(stream[i])), Streams.Told(other.Offer(scaled[i])));
    }

    [Fact]
    public void Windows_of_another_shape_than_the_newest_go_first_and_the_means_begin_anew()
    {
        var old = Clouds(60, features: 4);
        var shape = Clouds(200, features: 2, seed: 3).Select(e => e with { Id = e.Id + 60 }).ToArray();
        var herding = new Herding(new RetentionBudget(30));
        foreach (var example in old.Concat(shape[..30])) herding.Offer(example);
        Assert.All(Streams.Ids(herding), id => Assert.True(id > 60));
        foreach (var example in shape[30..]) herding.Offer(example);
        ExampleFacts[] all = [.. old, .. shape];
        var restarted = Streams.Restarted(herding, all, new Herding(new RetentionBudget(3)));
        restarted.Trim();
        foreach (string name in new[] { "a", "b", "c" })
            Assert.Equal(Exemplars([.. herding.Kept[name].Select(id => all[id - 1])], shape, name)[0], restarted.Kept[name][0]);
    }

    [Fact]
    public void Without_descriptors_the_newest_goes()
    {
        var herding = new Herding(new RetentionBudget(2));
        for (ulong id = 1; id <= 5; id++) herding.Offer(new ExampleFacts(id, "a"));
        Assert.Equal([1ul, 2], Streams.Ids(herding));
    }

    /// <summary>Algorithm 4 of the paper, as it is written there: [ids] from p_1 on. Features are divided by their standard deviation over everything seen.</summary>
    private static ulong[] Exemplars(ExampleFacts[] candidates, ExampleFacts[] seen, string className)
    {
        int features = candidates[0].Descriptor.Length;
        double[] deviation = [.. Enumerable.Range(0, features).Select(f =>
        {
            double mean = seen.Average(e => (double)e.Descriptor.Span[f]);
            return Math.Sqrt(seen.Average(e => Math.Pow(e.Descriptor.Span[f] - mean, 2)));
        })];
        double[] Phi(ExampleFacts e) => [.. Enumerable.Range(0, features).Select(f => e.Descriptor.Span[f] / deviation[f])];
        double[] mu = [.. Enumerable.Range(0, features).Select(f => seen.Where(e => e.Class == className).Average(e => Phi(e)[f]))];
        var p = new List<ExampleFacts>();
        for (int k = 1; k <= candidates.Length; k++)
        {
            double[] chosen = [.. Enumerable.Range(0, features).Select(f => p.Sum(e => Phi(e)[f]))];
            p.Add(candidates.Except(p).MinBy(x => Phi(x).Select((phi, f) => Math.Pow(mu[f] - (phi + chosen[f]) / k, 2)).Sum())!);
        }

        return [.. p.Select(e => e.Id)];
    }

    private static double Distance(RetentionPolicy policy, ExampleFacts[] stream) => policy.Kept.Sum(pair => Enumerable.Range(0, stream[0].Descriptor.Length).Sum(f =>
        Math.Pow(stream.Where(e => e.Class == pair.Key).Average(e => e.Descriptor.Span[f]) - pair.Value.Average(id => stream[id - 1].Descriptor.Span[f]), 2)));

    private static ExampleFacts[] Clouds(int count, int features, int seed = 1)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(i => Facts((ulong)i + 1, "abc"[i % 3].ToString(), [.. Enumerable.Range(0, features).Select(f => i % 3 * f + MathF.Pow(random.NextSingle(), 2) * (f + 1))]))];
    }

    private static ExampleFacts Facts(ulong id, string name, params float[] descriptor) => new(id, name, id, 4, descriptor);
}
