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

    /// <summary>All stages: those of a store with room for everything, and those of one from which examples leave.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. All.Keys, .. BoundedVictim.Stages.Keys];

    /// <summary>Whether the stage is one of a store from which examples leave.</summary>
    public static bool IsBounded(string stage) => BoundedVictim.Stages.ContainsKey(stage);

    /// <summary>Said by the victim when what the stage is named for begins.</summary>
    public static string BeginningOf(string stage) => stage switch
    {
        "open" or "steady" => "ack",
        "checkpoint" => "offer",
        "compaction" => "compact",
        "import" or "settle" => stage,
        "evict" => "begin offer",
        _ => $"begin {stage}",
    };

    private static async Task ForeverAsync(Func<Task> work)
    {
        while (true) await work();
    }
}
