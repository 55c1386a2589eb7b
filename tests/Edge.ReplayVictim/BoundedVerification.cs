using Edge.Storage;

namespace Edge.ReplayVictim;

/// <summary>
/// Opens a bounded store after a kill and compares it with a replica: another store, in a process that nobody kills, to which the same is done. So what is missing is what the policy lets go, and nothing else. The deed in whose
/// midst the process was killed was done as a whole or not at all; which, is written into the file of deeds. Every difference is a line on standard output.
/// </summary>
internal static class BoundedVerification
{
    /// <summary>Marks the deed that was begun and not said to be done.</summary>
    public const string Begun = "? ";

    public static async Task<int> RunAsync(string folder, string deedsFile)
    {
        var problems = new List<string>();
        string[] lines = File.ReadAllLines(deedsFile);
        var done = lines.Where(line => !line.StartsWith(Begun, StringComparison.Ordinal)).Select(Deed.Parse).ToList();
        var begun = lines is [.., var last] && last.StartsWith(Begun, StringComparison.Ordinal) ? Deed.Parse(last[Begun.Length..]) : null;

        using var store = await BoundedStore.OpenAsync(folder, begun?.Verb == "trim" ? Content.Trimmed : Content.Bounded);
        if (store.Buffer.QuarantinedTo is not null) problems.Add($"the file was put aside: {store.Buffer.Recovery}");
        if (store.Buffer.Counts.CorruptCount > 0) problems.Add($"{store.Buffer.Counts.CorruptCount} records are corrupt");
        if (begun is { IsRepeated: true }) await store.DoAsync(begun);
        var held = await store.HeldAsync();

        string replicaFolder = Directory.CreateTempSubdirectory("edge-replica-").FullName;
        try
        {
            using var replica = await BoundedStore.OpenAsync(replicaFolder, Content.Bounded);
            foreach (var deed in done) await replica.DoAsync(deed);
            var expected = await replica.HeldAsync();
            if (begun is not null && (begun.IsRepeated || !held.SequenceEqual(expected)))
            {
                await replica.DoAsync(begun);
                done.Add(begun);
                expected = await replica.HeldAsync();
            }

            problems.AddRange(expected.Except(held).Select(line => $"it lacks: {line}"));
            problems.AddRange(held.Except(expected).Select(line => $"it should not hold: {line}"));
        }
        finally
        {
            Directory.Delete(replicaFolder, recursive: true);
        }

        foreach (var example in (await store.Buffer.TrainableAsync()).Concat(await store.Buffer.AnchorsAsync())) Compare(problems, "the store", example);
        if (ReplayBuffer.NewestCopyOf(Content.StoreIn(folder)) is { } newest)
        {
            using var copy = ReplayBuffer.Open(newest, Content.Bounded, TimeProvider.System, ReplayAccess.LookAtCopy);
            foreach (var example in (await copy.TrainableAsync()).Concat(await copy.AnchorsAsync())) Compare(problems, "its copy", example);
        }

        CompareStatistics(problems, store, done);
        if (problems.Count == 0) File.WriteAllLines(deedsFile, done.Select(deed => deed.ToString()));
        foreach (string problem in problems.Take(20)) Console.WriteLine(problem);
        Console.WriteLine($"kept {held.Count - 1} after {done.Count} deeds");
        return problems.Count == 0 ? 0 : 1;
    }

    private static void Compare(List<string> problems, string what, Example actual)
    {
        var expected = Content.Of(actual.WindowId);
        if (!actual.Samples.AsSpan().SequenceEqual(expected.Samples) || actual.Class != expected.Class || !actual.StartSeconds.Equals(expected.StartSeconds)) problems.Add($"{what}: the content of window {actual.WindowId} is wrong");
    }

    /// <summary>The sums that the store has, against sums over everything that was offered: equal to the last bit, though most of it is gone.</summary>
    private static void CompareStatistics(List<string> problems, BoundedStore store, IEnumerable<Deed> deeds)
    {
        var expected = Content.NewStatistics();
        foreach (var deed in deeds)
        {
            if (deed.Verb == "forget") expected.Remove(deed.Class);
            if (deed.Verb != "offer") continue;
            foreach (var example in Content.Range(deed.First, deed.Count).Where(e => !store.Buffer.IsHeldOut(e.StartSeconds))) expected.Add(example.Class, Content.FeaturesOf(example));
        }

        foreach (string name in expected.Classes.Union(store.Statistics.Classes))
        {
            bool same = expected.Of(name) is { } a && store.Statistics.Of(name) is { } b && a.Count == b.Count && a.Sum.AsSpan().SequenceEqual(b.Sum) && a.Gram.Values.AsSpan().SequenceEqual(b.Gram.Values);
            if (!same) problems.Add($"the statistics of class {name} count {store.Statistics.Of(name)?.Count ?? 0}, {expected.Of(name)?.Count ?? 0} were acknowledged");
        }
    }
}
