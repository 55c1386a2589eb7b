using System.Globalization;
using Edge.Storage;

namespace Edge.ReplayVictim;

/// <summary>A process at work on a store. It says on standard output what it begins and what is acknowledged, each line at once.</summary>
internal sealed class Victim
{
    private readonly TextWriter say = new StreamWriter(Console.OpenStandardOutput()) { AutoFlush = true };
    private readonly StatisticsFile file;
    private readonly ClassStatistics statistics;
    private PrototypeBank? prototypes;

    private Victim(string folder, ReplayBuffer buffer)
    {
        (Buffer, file) = (buffer, Content.StatisticsIn(folder));
        statistics = file.Load("victim", Content.FeatureCount) ?? Content.NewStatistics();
        NextWindow = buffer.Counts.AcknowledgedCount + 1; // As many ids as windows, or more: no window comes twice.
    }

    public ReplayBuffer Buffer { get; }

    public ulong NextWindow { get; private set; }

    /// <summary>Moments differ from run to run; what is written does not depend on it.</summary>
    public Random Chance { get; } = new();

    public static async Task<int> RunAsync(string folder, string stage)
    {
        using var buffer = ReplayBuffer.Open(Content.StoreIn(folder), Content.Options, TimeProvider.System);
        var victim = new Victim(folder, buffer);
        await victim.CatchUpAsync();
        await Stages.All[stage](victim);
        return 0;
    }

    public void Say(string what) => say.WriteLine(what);

    public void Acknowledge(IEnumerable<Example> examples) => Say("ack " + string.Join(' ', examples.Select(e => e.WindowId.ToString(CultureInfo.InvariantCulture))));

    public Example[] Next(int count)
    {
        var batch = Content.Range(NextWindow, count);
        NextWindow += (ulong)count;
        return batch;
    }

    /// <summary>Offers a batch with the prototypes that count it in, says when it is acknowledged, counts it in the statistics, and now and then saves those.</summary>
    public async Task OfferAsync(int count)
    {
        var batch = Next(count);
        prototypes ??= new PrototypeBank("victim", Content.FeatureCount);
        foreach (var example in batch.Where(e => !Buffer.IsHeldOut(e.StartSeconds))) prototypes.Add(example.Class, Content.FeaturesOf(example));
        Say("offer");
        var stored = await Buffer.OfferAsync(batch, prototypes);
        Acknowledge(batch);
        foreach (var example in stored.Where(e => e.Role is ExampleRole.Replay or ExampleRole.Fresh)) statistics.Add(example.Class, Content.FeaturesOf(example));
        statistics.ThroughExampleId = stored[^1].Id;
        if (Chance.Next(4) == 0) file.Save(statistics);
    }

    /// <summary>Imports the next rows of a source that never ends; the row is the window's place in it.</summary>
    public async Task ImportAsync(int count)
    {
        const string source = "endless";
        long row = await Buffer.ImportedAsync(source);
        var batch = Content.Range(ImportedWindow(row), count);
        prototypes = null; // An import deletes them.
        Say("import");
        await Buffer.ImportAsync(batch, source, row + count);
        Acknowledge(batch);
    }

    /// <summary>What the store acknowledged after the statistics were saved is counted in, as the service does.</summary>
    private async Task CatchUpAsync()
    {
        prototypes = await Buffer.PrototypesAsync();
        foreach (var example in await Buffer.TrainableAsync(statistics.ThroughExampleId)) statistics.Add(example.Class, Content.FeaturesOf(example));
        statistics.ThroughExampleId = Buffer.Counts.AcknowledgedCount;
    }

    private static ulong ImportedWindow(long row) => 1_000_000_000 + (ulong)row;
}
