namespace Edge.Storage.Tests.Retention;

/// <summary>Streams of examples that the tests of the policies share, and a restart as the store makes it.</summary>
internal static class Streams
{
    public static readonly RetentionKind[] Kinds = [RetentionKind.ClassBalanced, RetentionKind.Reservoir, RetentionKind.Ring, RetentionKind.Herding, RetentionKind.Segmented];

    public static RetentionPolicy Policy(RetentionKind kind, RetentionBudget budget, int seed = 2, double segmentSeconds = 10) => RetentionPolicy.Of(kind, budget, seed, 16, segmentSeconds);

    /// <summary>An imbalanced, drifting stream with ids from 1: one example a second, of 8 to 16 bytes, some of them late.</summary>
    public static ExampleFacts[] Drifting(int count, int seed = 9)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(i =>
        {
            string name = random.Next(20) == 0 ? "rare" : i * 3 < count ? "abc"[random.Next(2)].ToString() : "abc"[random.Next(3)].ToString();
            float drift = i / (float)count;
            return new ExampleFacts((ulong)i + 1, name, i - (random.Next(10) == 0 ? random.Next(60) : 0), 8 + random.Next(9), new[] { name[0] + random.NextSingle(), drift + random.NextSingle(), 5f });
        })];
    }

    /// <summary>The same policy or another, as it is after a restart.</summary>
    public static RetentionPolicy Restarted(RetentionPolicy before, IReadOnlyList<ExampleFacts> offered, RetentionPolicy after)
    {
        foreach (ulong id in Ids(before)) after.Restore(offered[(int)id - 1]);
        after.Restore(before.Counters);
        return after;
    }

    public static IEnumerable<ulong> Ids(RetentionPolicy policy) => policy.Kept.Values.SelectMany(ids => ids).Order();

    public static string Told(Admission admission) => $"{admission.Admitted} {string.Join(" ", admission.Evicted)}";
}
