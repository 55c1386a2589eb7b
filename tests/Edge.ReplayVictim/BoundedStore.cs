using Edge.Storage;

namespace Edge.ReplayVictim;

/// <summary>A store from which the policy soon lets examples go, and the statistics that must count every one of them before it does: kept in step as the service keeps them.</summary>
internal sealed class BoundedStore : IDisposable
{
    private readonly string folder;
    private readonly StatisticsFile file;
    private ulong savedThroughId;

    private BoundedStore(string folder, ReplayBufferOptions options)
    {
        this.folder = folder;
        file = Content.StatisticsIn(folder);
        Statistics = file.Load("victim", Content.FeatureCount) ?? Content.NewStatistics();
        savedThroughId = Statistics.ThroughExampleId;
        Buffer = ReplayBuffer.Open(Content.StoreIn(folder), options, TimeProvider.System, ReplayAccess.Serve, trims: false);
    }

    /// <summary>The store.</summary>
    public ReplayBuffer Buffer { get; private set; }

    /// <summary>Sums over everything that was ever acknowledged, is not held out, and was not forgotten.</summary>
    public ClassStatistics Statistics { get; }

    /// <summary>Opens the store; what is too much for it leaves when it has been counted.</summary>
    public static async Task<BoundedStore> OpenAsync(string folder, ReplayBufferOptions options)
    {
        var store = new BoundedStore(folder, options);
        store.Count(await store.Buffer.TrainableAsync(store.Statistics.ThroughExampleId));
        await store.FitAsync();
        return store;
    }

    /// <summary>Does one thing.</summary>
    public async Task DoAsync(Deed deed)
    {
        switch (deed.Verb)
        {
            case "offer":
                SaveThrough(await Buffer.LeavingThroughAsync(deed.Count));
                var stored = await Buffer.OfferAsync(Content.Range(deed.First, deed.Count), null);
                Count(stored.Where(e => !Buffer.IsHeldOut(e.StartSeconds)));
                if (stored.Any(e => e.Role == ExampleRole.None && !Buffer.IsHeldOut(e.StartSeconds))) SaveThrough(stored[^1].Id);
                break;
            case "settle":
                ulong through = (await Buffer.DrawAsync()).ThroughId;
                SaveThrough(through);
                await Buffer.SettleAsync(through);
                break;
            case "trim":
                await ReopenAsync(Content.Trimmed);
                await ReopenAsync(Content.Bounded);
                break;
            case "copy":
                await Buffer.CopyAsync();
                break;
            case "forget":
                await Buffer.ForgetAsync(deed.Class);
                Statistics.Remove(deed.Class);
                file.Forget(deed.Class);
                break;
            default:
                throw new InvalidOperationException($"nobody does '{deed}'");
        }
    }

    /// <summary>What it holds: window, role, whether it waits for a round; and how far ids have been given.</summary>
    public async Task<IReadOnlyList<string>> HeldAsync()
    {
        var waiting = (await Buffer.DrawAsync()).Fresh.Select(e => e.Id).ToHashSet();
        Example[] all = [.. await Buffer.TrainableAsync(), .. await Buffer.AnchorsAsync()];
        return [.. all.OrderBy(e => e.Id).Select(e => $"{e.Id} window {e.WindowId} {e.Role}{(waiting.Contains(e.Id) ? " waits" : "")}"), $"ids through {Buffer.Counts.AcknowledgedCount}"];
    }

    /// <inheritdoc/>
    public void Dispose() => Buffer.Dispose();

    private async Task ReopenAsync(ReplayBufferOptions options)
    {
        Buffer.Dispose();
        Buffer = ReplayBuffer.Open(Content.StoreIn(folder), options, TimeProvider.System, ReplayAccess.Serve, trims: false);
        await FitAsync();
    }

    private async Task FitAsync()
    {
        SaveThrough(await Buffer.LeavingThroughAsync(0));
        await Buffer.TrimAsync();
    }

    private void Count(IEnumerable<Example> examples)
    {
        foreach (var example in examples) Statistics.Add(example.Class, Content.FeaturesOf(example));
        Statistics.ThroughExampleId = Buffer.Counts.AcknowledgedCount;
    }

    private void SaveThrough(ulong exampleId)
    {
        if (exampleId <= savedThroughId || Statistics.ThroughExampleId <= savedThroughId) return;
        file.Save(Statistics);
        savedThroughId = Statistics.ThroughExampleId;
    }
}
