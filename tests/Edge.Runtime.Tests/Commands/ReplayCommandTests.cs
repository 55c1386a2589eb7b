using System.Runtime.InteropServices;
using System.Text.Json;
using Edge.Config;
using Edge.Runtime.Stages;
using Edge.Runtime.Updates;
using Edge.Storage;

namespace Edge.Runtime.Tests.Commands;

/// <summary>The verbs of the memory, as a person meets them.</summary>
public sealed class ReplayCommandTests : IDisposable
{
    private static readonly DeviceConfig s_config = RunningConfig.Read(null).Verdict.Config!;
    private readonly DataFolder data = new();

    public void Dispose() => data.Dispose();

    [Fact]
    public async Task Stats_and_list_say_what_is_there_and_change_nothing()
    {
        await FillAsync();
        byte[] before = File.ReadAllBytes(data["edge-data/replay.db"]);
        using (var stats = await OneLineAsync("stats", "--json"))
        {
            var root = stats.RootElement;
            Assert.Equal(["sitting", "walking"], root.GetProperty("classes").EnumerateArray().Select(c => c.GetProperty("class").GetString()));
            Assert.Equal(40, root.GetProperty("classes").EnumerateArray().Sum(c => c.GetProperty("replay").GetInt32() + c.GetProperty("anchor").GetInt32() + c.GetProperty("fresh").GetInt32()));
            Assert.Equal((40L, 0L, 0L), (root.GetProperty("exampleCount").GetInt64(), root.GetProperty("corruptCount").GetInt64(), root.GetProperty("quarantinedCount").GetInt64()));
            Assert.InRange(root.GetProperty("writeAmplification").GetDouble(), 1, 9);
        }

        Assert.Contains("per byte of samples", (await RunAsync("stats")).Output);
        var listed = await RunAsync("list", "--class", "walking", "--limit", "3", "--json");
        Assert.Equal(3, listed.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Contains("17 more are not shown", listed.Errors);
        using var first = JsonDocument.Parse(listed.Output.Split('\n')[0]);
        Assert.Equal((1, "walking", 1.0), (first.RootElement.GetProperty("id").GetInt32(), first.RootElement.GetProperty("class").GetString(), first.RootElement.GetProperty("startSeconds").GetDouble()));
        Assert.Equal(5, (await RunAsync("list", "--from", "3", "--to", "8")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Equal(before, File.ReadAllBytes(data["edge-data/replay.db"]));
    }

    [Fact]
    public async Task What_is_exported_is_imported_into_another_device_once()
    {
        await FillAsync();
        var exported = await RunAsync("export", "memory.npz");
        Assert.Equal((0, ""), (exported.ExitCode, exported.Errors));
        File.WriteAllText(data["other.json"], """{ "device": { "dataDirectory": "other" } }""");
        using (var done = await OneLineAsync("import", "memory.npz", "--config", "other.json", "--json")) Assert.Equal((40, 0), (done.RootElement.GetProperty("takenCount").GetInt32(), done.RootElement.GetProperty("heldAlready").GetInt32()));
        using (var again = await OneLineAsync("import", "memory.npz", "--config", "other.json", "--json")) Assert.Equal((0, 40), (again.RootElement.GetProperty("takenCount").GetInt32(), again.RootElement.GetProperty("doneBefore").GetInt32()));
        using (var forced = await OneLineAsync("import", "memory.npz", "--again", "--config", "other.json", "--json")) Assert.Equal((0, 40), (forced.RootElement.GetProperty("takenCount").GetInt32(), forced.RootElement.GetProperty("heldAlready").GetInt32()));
        Assert.Equal((await RunAsync("list", "--limit", "0")).Output, (await RunAsync("list", "--limit", "0", "--config", "other.json")).Output);
        Assert.Equal(0, (await RunAsync("verify", "--config", "other.json")).ExitCode);
    }

    [Fact]
    public async Task An_import_lets_nothing_go_that_the_statistics_do_not_count_yet()
    {
        await FillAsync();
        await RunAsync("export", "memory.npz");
        File.WriteAllText(data["other.json"], """{ "device": { "dataDirectory": "other" }, "replay": { "freshCapacity": 8, "capacity": 10 }, "training": { "roundExamples": 8 } }""");
        using (await OneLineAsync("import", "memory.npz", "--config", "other.json", "--json"))
        {
        }

        var options = ServiceHost.OptionsOf(s_config) with { CopyCount = 0, FreshCapacity = 8, Capacity = 10 };
        using var buffer = ReplayBuffer.Open(data["other/replay.db"], options, TimeProvider.System, ReplayAccess.Serve, trims: false); // As the service does.
        Assert.Equal(40, (await buffer.TrainableAsync()).Count + (await buffer.AnchorsAsync()).Count);
        Assert.True(await buffer.LeavingThroughAsync(0) > 0);
        await buffer.TrimAsync();
        Assert.Equal(8, buffer.Counts.FreshCount);
    }

    [Fact]
    public async Task Windows_that_are_none_of_the_device_are_refused_with_a_reason()
    {
        await FillAsync();
        using (var buffer = ReplayBuffer.Open(data["edge-data/replay.db"], ServiceHost.OptionsOf(s_config), TimeProvider.System))
            await buffer.OfferAsync([new Example { WindowId = 1, Class = "juggling", StartSeconds = 99, LabelledAt = DateTimeOffset.UnixEpoch, Samples = new float[9 * 128] }], null);
        await RunAsync("export", "strange.npz", "--class", "juggling");
        File.WriteAllText(data["other.json"], """{ "device": { "dataDirectory": "other" } }""");
        var classes = await RunAsync("import", "strange.npz", "--config", "other.json");
        Assert.Equal(70, classes.ExitCode);
        Assert.Contains("the classes juggling are not in labels.classes (walking, ", classes.Errors);
        File.WriteAllText(data["other.json"], """{ "device": { "dataDirectory": "other" }, "window": { "length": 64, "stride": 32 } }""");
        await RunAsync("export", "memory.npz", "--class", "walking");
        Assert.Contains("the windows have 128 samples per channel; window.length is 64", (await RunAsync("import", "memory.npz", "--config", "other.json")).Errors);
    }

    [Fact]
    public async Task A_damaged_store_is_found_by_verify_refused_by_stats_and_repaired_by_compact()
    {
        await FillAsync();
        Assert.Equal((0, "40 examples are good, 0 records are not; nothing is wrong\n", ""), await PlainAsync("verify"));
        using (var file = new FileStream(data["edge-data/replay.db"], FileMode.Open, FileAccess.Write)) file.Write(new byte[8192]);
        var verified = await RunAsync("verify");
        Assert.Equal(1, verified.ExitCode);
        Assert.Contains("LiteDB fails after 0 records", verified.Output);
        Assert.Contains("40 examples are good", verified.Output);
        var stats = await RunAsync("stats");
        Assert.Equal(70, stats.ExitCode);
        Assert.Contains("'edge replay compact', or the next start of the service, restores it", stats.Errors);
        var compacted = await RunAsync("compact");
        Assert.Equal(0, compacted.ExitCode);
        Assert.Contains("40 examples were read from it, 0 taken from a copy, 0 records at most are lost", compacted.Errors);
        Assert.Contains("put aside", (await RunAsync("verify")).Output); // It says so until somebody has looked.
        using var after = await OneLineAsync("stats", "--json");
        Assert.Equal(40, after.RootElement.GetProperty("classes").EnumerateArray().Sum(c => c.GetProperty("replay").GetInt32() + c.GetProperty("anchor").GetInt32()));
    }

    [Fact]
    public async Task A_class_is_forgotten_everywhere_when_it_is_confirmed()
    {
        var secret = (await FillAsync()).Where(e => e.Class == "sitting").ToList();
        var statistics = new ClassStatistics("bank", 3);
        statistics.Add("sitting", new float[] { 1, 2, 3 });
        statistics.Add("walking", new float[] { 4, 5, 6 });
        new StatisticsFile(data["edge-data/statistics.bin"]).Save(statistics);
        File.WriteAllText(data["edge-data/forgetting.json"], """{"evaluationCount":1,"best":[{"class":"sitting","bestPercent":90},{"class":"walking","bestPercent":80}]}""");

        var asked = await RunAsync("forget", "--class", "sitting");
        Assert.Equal(64, asked.ExitCode);
        Assert.Contains("20 examples of 'sitting' would be deleted for ever, and nobody can be asked here. Add --yes.", asked.Errors);
        Assert.Contains(Directory.GetFiles(data["edge-data"]), file => Holds(file, secret[0]));

        using (var done = await OneLineAsync("forget", "--class", "sitting", "--yes", "--json")) Assert.Equal((20, true, true), (done.RootElement.GetProperty("exampleCount").GetInt32(), done.RootElement.GetProperty("inStatistics").GetBoolean(), done.RootElement.GetProperty("inMemory").GetBoolean()));
        foreach (string file in Directory.GetFiles(data["edge-data"], "*", SearchOption.AllDirectories))
        {
            Assert.All(secret, example => Assert.False(Holds(file, example), $"{file} holds {example.Id}"));
            Assert.False(File.ReadAllBytes(file).AsSpan().IndexOf("sitting"u8) >= 0, $"{file} names it");
        }

        Assert.Equal(["walking"], new StatisticsFile(data["edge-data/statistics.bin"]).Load("bank", 3)!.Classes);
        Assert.Equal(0, (await RunAsync("verify")).ExitCode);
        Assert.True(File.Exists(data["edge-data/replay-copies/000001.db"]));
        using var again = await OneLineAsync("forget", "--class", "sitting", "--yes", "--json");
        Assert.Equal(0, again.RootElement.GetProperty("exampleCount").GetInt32());
    }

    [Fact]
    public async Task A_store_in_use_is_refused_with_its_holder_and_its_copy_can_be_read()
    {
        await FillAsync();
        using var buffer = ReplayBuffer.Open(data["edge-data/replay.db"], ServiceHost.OptionsOf(s_config) with { CopyCount = 0 }, TimeProvider.System);
        Assert.Contains("there is no copy of the replay buffer", (await RunAsync("stats", "--copy")).Errors);
        await buffer.CopyAsync();
        foreach (string[] verb in new string[][] { ["stats"], ["list"], ["export", "x.npz"], ["verify"], ["compact"], ["forget", "--class", "walking", "--yes"] })
        {
            var refused = await RunAsync(verb);
            Assert.Equal((70, ""), (refused.ExitCode, refused.Output));
            Assert.Contains($"is in use by process {Environment.ProcessId} (", refused.Errors);
        }

        Assert.Equal(40, (await RunAsync("list", "--limit", "0", "--copy")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Equal(0, (await RunAsync("verify", "--copy")).ExitCode);
        Assert.Equal(0, (await RunAsync("export", "x.npz", "--copy")).ExitCode);
        Assert.Contains("40 ", (await RunAsync("stats", "--copy")).Output);
    }

    [Fact]
    public async Task Where_there_is_no_store_it_is_said_and_none_is_made()
    {
        foreach (string[] verb in new string[][] { ["stats"], ["list"], ["export", "x.npz"], ["verify"], ["compact"], ["forget", "--class", "walking", "--yes"] })
        {
            var ended = await RunAsync(verb);
            Assert.Equal((70, ""), (ended.ExitCode, ended.Output));
            Assert.Contains("there is no replay buffer in", ended.Errors);
        }

        Assert.Empty(Directory.GetFileSystemEntries(data.Path));
        Assert.Equal(64, (await RunAsync("forget")).ExitCode);
        Assert.Equal(64, (await RunAsync("list", "--limit", "-1")).ExitCode);
        Assert.Equal(64, (await RunAsync("list", "--role", "nobody")).ExitCode);
    }

    /// <summary>Twenty windows each of two classes, at 1, 2, 3, … seconds.</summary>
    private async Task<IReadOnlyList<Example>> FillAsync()
    {
        Directory.CreateDirectory(data["edge-data"]);
        using var buffer = ReplayBuffer.Open(data["edge-data/replay.db"], ServiceHost.OptionsOf(s_config) with { CopyCount = 0 }, TimeProvider.System);
        var examples = Enumerable.Range(1, 40).Select(i => new Example
        {
            WindowId = (ulong)i,
            Class = i <= 20 ? "walking" : "sitting",
            StartSeconds = i,
            LabelledAt = DateTimeOffset.UnixEpoch.AddSeconds(i),
            Samples = [.. Enumerable.Range(0, 9 * 128).Select(v => i + v / 1024f)],
        }).ToList();
        return [.. await buffer.OfferAsync(examples[..20], null), .. await buffer.OfferAsync(examples[20..], null)];
    }

    private Task<Ended> RunAsync(params string[] arguments) => EdgeProgram.RunAsync(data.Path, ["replay", .. arguments]);

    private async Task<(int, string, string)> PlainAsync(params string[] arguments) => await RunAsync(arguments) is var ended ? (ended.ExitCode, ended.Output, ended.Errors) : default;

    private async Task<JsonDocument> OneLineAsync(params string[] arguments)
    {
        var ended = await RunAsync(arguments);
        Assert.True(ended.ExitCode == 0, ended.Errors);
        Assert.Single(ended.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        return JsonDocument.Parse(ended.Output);
    }

    private static bool Holds(string file, Example example) => File.ReadAllBytes(file).AsSpan().IndexOf(MemoryMarshal.AsBytes<float>(example.Samples)) >= 0;
}
