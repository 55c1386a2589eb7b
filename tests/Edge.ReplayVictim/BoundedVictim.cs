namespace Edge.ReplayVictim;

/// <summary>A process at work on a store from which examples leave. It says on standard output which deed it begins and when it is done, each line at once.</summary>
internal sealed class BoundedVictim(BoundedStore store)
{
    private readonly TextWriter say = new StreamWriter(Console.OpenStandardOutput()) { AutoFlush = true };
    private readonly Random chance = new(); // Moments and sizes differ from run to run; what is done is said.

    /// <summary>What a stage does, again and again.</summary>
    public static IReadOnlyDictionary<string, Func<BoundedVictim, Task>> Stages { get; } = new Dictionary<string, Func<BoundedVictim, Task>>
    {
        ["evict"] = async victim =>
        {
            await victim.OfferAsync();
            if (victim.chance.Next(4) == 0) await victim.DoAsync(new Deed("settle"));
        },
        ["trim"] = async victim =>
        {
            await victim.OfferAsync();
            await victim.DoAsync(new Deed("settle")); // What waits for a round leaves in a change of its own.
            await victim.DoAsync(new Deed("trim"));
        },
        ["copy"] = async victim =>
        {
            await victim.OfferAsync();
            await victim.DoAsync(new Deed("copy"));
        },
        ["forget"] = async victim =>
        {
            await victim.OfferAsync();
            await victim.DoAsync(new Deed("forget", Class: Content.ClassNames[victim.chance.Next(Content.ClassNames.Length)].ToString()));
        },
    };

    /// <summary>Works until it is killed.</summary>
    public static async Task<int> RunAsync(string folder, string stage)
    {
        using var store = await BoundedStore.OpenAsync(folder, Content.Bounded);
        var victim = new BoundedVictim(store);
        while (true) await Stages[stage](victim);
    }

    private Task OfferAsync() => DoAsync(new Deed("offer", store.Buffer.Counts.AcknowledgedCount + 1, 1 + chance.Next(25)));

    private async Task DoAsync(Deed deed)
    {
        say.WriteLine($"begin {deed}");
        await store.DoAsync(deed);
        say.WriteLine("done");
    }
}
