using System.Globalization;
using Edge.Storage;

namespace Edge.ReplayVictim;

/// <summary>Opens a store after a kill and compares it with what was acknowledged. Every difference is a line on standard output.</summary>
internal static class Verification
{
    public static async Task<int> RunAsync(string folder, string acksFile)
    {
        var acknowledged = File.ReadLines(acksFile).Select(line => ulong.Parse(line, CultureInfo.InvariantCulture)).ToHashSet();
        var problems = new List<string>();
        using var buffer = ReplayBuffer.Open(Content.StoreIn(folder), Content.Options, TimeProvider.System);
        if (buffer.QuarantinedTo is not null) problems.Add($"the file was put aside: {buffer.Recovery}");
        if (buffer.Counts.CorruptCount > 0) problems.Add($"{buffer.Counts.CorruptCount} records are corrupt");
        var trainable = await buffer.TrainableAsync();
        Example[] all = [.. trainable, .. await buffer.AnchorsAsync()];
        foreach (var example in all)
        {
            if (!Same(example, Content.Of(example.WindowId))) problems.Add($"the content of window {example.WindowId} is wrong");
        }

        var kept = all.Select(e => e.WindowId).ToHashSet();
        if (kept.Count != all.Length) problems.Add($"{all.Length - kept.Count} windows are there twice");
        problems.AddRange(acknowledged.Except(kept).Select(id => $"window {id} was acknowledged and is lost"));
        if (await buffer.PrototypesAsync() is { } bank) Compare(problems, "prototypes", trainable.Where(e => e.Id <= bank.ThroughExampleId).CountBy(e => e.Class).ToDictionary(), bank.Counts.ToDictionary(p => p.Key, p => (int)p.Value));
        CompareStatistics(problems, folder, trainable);
        foreach (string problem in problems.Take(20)) Console.WriteLine(problem);
        Console.WriteLine($"kept {all.Length}");
        return problems.Count == 0 ? 0 : 1;
    }

    private static bool Same(Example actual, Example expected) =>
        actual.Samples.AsSpan().SequenceEqual(expected.Samples) && actual.Class == expected.Class && actual.StartSeconds.Equals(expected.StartSeconds) && actual.LabelledAt == expected.LabelledAt;

    private static void Compare(List<string> problems, string what, Dictionary<string, int> expected, Dictionary<string, int> actual)
    {
        foreach (string name in expected.Keys.Union(actual.Keys))
        {
            if (expected.GetValueOrDefault(name) != actual.GetValueOrDefault(name)) problems.Add($"{what} count {actual.GetValueOrDefault(name)} of class {name}, the store has {expected.GetValueOrDefault(name)}");
        }
    }

    /// <summary>Saved sums and what came after them, against the sums over all that is kept: equal to the last bit.</summary>
    private static void CompareStatistics(List<string> problems, string folder, IReadOnlyList<Example> trainable)
    {
        var file = Content.StatisticsIn(folder);
        var counted = file.Load("victim", Content.FeatureCount) ?? Content.NewStatistics();
        if (file.Problem.Length > 0) problems.Add(file.Problem);
        foreach (var example in trainable.Where(e => e.Id > counted.ThroughExampleId)) counted.Add(example.Class, Content.FeaturesOf(example));
        var expected = Content.NewStatistics();
        foreach (var example in trainable) expected.Add(example.Class, Content.FeaturesOf(example));
        foreach (string name in expected.Classes.Union(counted.Classes))
        {
            bool same = expected.Of(name) is { } a && counted.Of(name) is { } b && a.Count == b.Count && a.Sum.AsSpan().SequenceEqual(b.Sum) && a.Gram.Values.AsSpan().SequenceEqual(b.Gram.Values);
            if (!same) problems.Add($"the statistics of class {name} count {counted.Of(name)?.Count ?? 0}, the store has {expected.Of(name)?.Count ?? 0}");
        }
    }
}
