namespace Edge.ReplayVictim;

/// <summary>What a store is doing when it is killed. A new stage is a line here: its name, what the victim does, and the line of the victim's after which it is killed.</summary>
internal static class Stages
{
    /// <summary>Runs until killed.</summary>
    public static IReadOnlyDictionary<string, Func<Victim, Task>> All { get; } = new Dictionary<string, Func<Victim, Task>>
    {
        ["open"] = victim => ForeverAsync(() => victim.OfferAsync(1 + victim.Chance.Next(8))),
        ["steady"] = victim => ForeverAsync(() => victim.OfferAsync(1 + victim.Chance.Next(40))),
        ["checkpoint"] = victim => ForeverAsync(() => victim.OfferAsync(1 + victim.Chance.Next(40))),
        ["compaction"] = victim => ForeverAsync(async () =>
        {
            await victim.OfferAsync(8);
            victim.Say("compact");
            await victim.Buffer.CompactAsync(null, CancellationToken.None);
        }),
        ["import"] = victim => ForeverAsync(() => victim.ImportAsync(1 + victim.Chance.Next(40))),
        ["settle"] = victim => ForeverAsync(async () =>
        {
            await victim.OfferAsync(8);
            victim.Say("settle");
            await victim.Buffer.SettleAsync((await victim.Buffer.DrawAsync()).ThroughId);
        }),
    };

    /// <summary>Said by the victim when what the stage is named for begins.</summary>
    public static string BeginningOf(string stage) => stage switch { "open" or "steady" => "ack", "checkpoint" => "offer", "compaction" => "compact", "import" => "import", _ => "settle" };

    private static async Task ForeverAsync(Func<Task> work)
    {
        while (true) await work();
    }
}
