using System.Text.Json.Nodes;

namespace Edge.EndToEnd.Tests.World;

/// <summary>An operator who changes one thing after the other: each document is the whole of what is desired, under the next version.</summary>
internal sealed class Desired(Fleet fleet, ITestOutputHelper? report = null)
{
    private readonly List<(string What, long Gap)> gaps = [];

    /// <summary>What is desired now, as a merge patch over the device's file.</summary>
    public JsonObject Config { get; private set; } = [];

    public int Version { get; private set; }

    /// <summary>Who is told and heard; another one after the device has moved.</summary>
    public Fleet Fleet { get; set; } = fleet;

    /// <summary>The start that said that the latest change is active. Messages of the starts before it may still come: they wait in the outbox.</summary>
    public string Boot { get; private set; } = "";

    /// <summary>What each change has cost.</summary>
    public IReadOnlyList<(string What, long Gap)> Gaps => gaps;

    /// <summary>Tells a change, and waits until it is active and its cost is reported.</summary>
    /// <param name="what">For the report.</param>
    /// <param name="patch">What is to be other than it is desired now; a null takes it out.</param>
    /// <param name="heardBy">Who hears the answer, where the change moves the device elsewhere.</param>
    public async Task<JsonObject> BecomesAsync(string what, string patch, Fleet? heardBy = null)
    {
        await TellAsync(patch);
        Fleet = heardBy ?? Fleet;
        var reported = await Fleet.HearsAsync("config/reported", r => (long?)r["active"]!["version"] == Version && r["lastAttempt"]?["gapWindows"] is not null && (string?)r["lastAttempt"]!["result"] == "applied", $"{what}: version {Version} is active");
        gaps.Add((what, (long)reported["lastAttempt"]!["gapWindows"]!));
        Boot = (string)reported["bootId"]!;
        report?.WriteLine($"{what}: {gaps[^1].Gap} windows");
        return reported;
    }

    /// <summary>Tells a change, and waits for that end of it.</summary>
    public async Task<JsonObject> EndsAsync(string result, string patch)
    {
        var before = Config.DeepClone().AsObject();
        await TellAsync(patch);
        Config = before;
        var reported = await Fleet.HearsAsync("config/reported", r => (long?)r["lastAttempt"]?["version"] == Version && (string?)r["lastAttempt"]!["result"] == result, $"version {Version} is {result}");
        return reported["lastAttempt"]!.AsObject();
    }

    private Task TellAsync(string patch)
    {
        Merge(Config, JsonNode.Parse(patch)!.AsObject());
        return Fleet.TellAsync("config/desired", new JsonObject { ["version"] = ++Version, ["config"] = Config.DeepClone() }.ToJsonString(), retain: true);
    }

    private static void Merge(JsonObject target, JsonObject patch)
    {
        foreach (var (name, value) in patch.ToList())
        {
            if (value is null) target.Remove(name);
            else if (value is JsonObject part && target[name] is JsonObject inside) Merge(inside, part);
            else target[name] = value.DeepClone();
        }
    }
}
