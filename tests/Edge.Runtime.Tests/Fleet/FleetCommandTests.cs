using System.Diagnostics;
using System.Text.Json.Nodes;
using Edge.LinkVictim;
using Edge.Telemetry.Mqtt;
using Microsoft.Extensions.Logging.Abstractions;

namespace Edge.Runtime.Tests.Fleet;

/// <summary>A fleet with the verbs alone: many devices in one process, seen, labelled, and brought to another configuration by shares. Real links, a real broker, the service's own files.</summary>
public sealed class FleetCommandTests : IDisposable
{
    private readonly DataFolder data = new();
    private Process? simulation;
    private string broker = "";

    public void Dispose()
    {
        if (simulation is { HasExited: false })
        {
            using var kill = Process.Start("kill", ["-TERM", $"{simulation.Id}"]); // It takes its folder along.
            if (!simulation.WaitForExit(TimeSpan.FromSeconds(10))) simulation.Kill();
        }

        simulation?.Dispose();
        data.Dispose();
    }

    [Fact]
    public async Task A_rollout_stops_at_its_threshold_goes_on_when_told_to_and_is_taken_back_and_every_summary_adds_up()
    {
        await SimulateAsync(12, "--failing", "25", "--seed", "3");
        File.WriteAllText(data["v7.json"], """{ "version": 7, "config": { "drift": { "threshold": 7 }, "updates": { "trialSeconds": 0.2 } } }""");
        File.WriteAllText(data["v8.json"], """{ "version": 8, "config": { "updates": { "trialSeconds": 0.2 } } }""");
        string[] push = ["config", "push", "v7.json", "--rollout", "50", "--stages", "100", "--watch", "--json", "--stage-seconds", "600"];

        var stopped = await LastAsync(1, [.. push, "--max-failed-percent", "0"]);
        Assert.Equal("stopped", (string?)stopped["state"]);
        AddsUp(stopped["summary"]!, 12);
        Assert.InRange((int)stopped["summary"]!["rolledBack"]!, 1, 3);
        Assert.Equal(70, (await RunAsync(push)).ExitCode); // Not again by mistake.

        var done = await LastAsync(0, [.. push, "--max-failed-percent", "100", "--resume"]);
        Assert.Equal(("done", 9, 3, 0), ((string?)done["state"], (int)done["summary"]!["active"]!, (int)done["summary"]!["rolledBack"]!, (int)done["summary"]!["silent"]!));
        AddsUp(done["summary"]!, 12);
        AddsUp((await LastAsync(0, "config", "status", "--summary", "--json"))["summary"]!, 12);

        Assert.Contains("9 that have it, or may have, are sent version 8", (await RunAsync("config", "abort", "--back-to", "v8.json")).Output);
        Assert.Equal(70, (await RunAsync([.. push, "--resume"])).ExitCode); // An aborted version is over.
        var rows = await RowsAsync(rows => rows.Count(row => row["config"] is not null) == 12 && rows.Count(row => (long?)row["config"]!["activeVersion"] == 8) == 9);
        Assert.Equal(3, rows.Count(row => row["config"]!["activeVersion"] is null && (string?)row["config"]!["result"] == "rolledBack")); // Still on their own file.
        var report = await EndAsync();
        Assert.Equal((9, 3), ((int)report["activeConfigs"]!["version 8"]!, (int)report["activeConfigs"]!["file"]!));
        Assert.True((double)report["cpuPercentPerDevice"]! > 0);
    }

    [Fact]
    public async Task A_paused_rollout_is_not_widened()
    {
        await SimulateAsync(6);
        File.WriteAllText(data["v7.json"], """{ "version": 7, "config": { "drift": { "threshold": 7 }, "updates": { "trialSeconds": 30 } } }""");
        using var push = EdgeProgram.Start(data.Path, "config", "push", "v7.json", "--rollout", "100", "--watch", "--json", "--broker", broker);
        var ended = EdgeProgram.EndAsync(push);
        while ((await RunAsync("config", "pause")).ExitCode != 0 && !ended.IsCompleted) await Task.Delay(50, TestContext.Current.CancellationToken);
        var end = await ended;
        Assert.Equal(1, end.ExitCode);
        Assert.Contains("\"state\":\"paused\"", end.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1]);
        Assert.Equal(1, (await RunAsync("config", "pause")).ExitCode);
    }

    [Fact]
    public async Task Only_devices_of_the_named_groups_are_reached()
    {
        await SimulateAsync(6, "--groups", "pumps,fans,valves");
        File.WriteAllText(data["v7.json"], """{ "version": 7, "config": { "drift": { "threshold": 7 }, "updates": { "trialSeconds": 0 } } }""");
        var summary = (await LastAsync(0, "config", "push", "v7.json", "--rollout", "100", "--groups", "pumps,valves", "--watch", "--json"))["summary"]!;
        Assert.Equal((4, 2), ((int)summary["active"]!, (int)summary["notTargeted"]!));
        AddsUp(summary, 6);
    }

    [Fact]
    public async Task A_signed_rollout_is_signed_again_for_each_share_and_a_rotation_of_keys_reaches_the_whole_fleet()
    {
        foreach (string name in (string[])["operator", "next", "root"]) await DoneAsync("config", "keygen", name);
        await DoneAsync("config", "keyring", "--version", "1", "--key", "operator.pub.pem=config", "--key", "root.pub.pem=keys", "--out", "keys.json");
        await DoneAsync("config", "keyring", "--version", "2", "--key", "next.pub.pem=config", "--key", "root.pub.pem=keys", "--out", "keys2.json");
        foreach (string key in (string[])["root", "operator"]) await DoneAsync("config", "sign", "keys2.json", "--keys", "--key", $"{key}.key.pem", "--out", $"keys2.by-{key}.json");
        await SimulateAsync(4, "--keys-file", "keys.json");
        for (int version = 7; version <= 9; version++) File.WriteAllText(data[$"v{version}.json"], $$"""{ "version": {{version}}, "config": { "drift": { "threshold": {{version}} }, "updates": { "trialSeconds": 0 } } }""");
        string[] Push(int version, params string[] more) => ["config", "push", $"v{version}.json", "--rollout", "50", "--stages", "100", "--watch", "--json", "--stage-seconds", "120", .. more];

        var unsigned = await LastAsync(1, Push(7));
        Assert.Equal("stopped", (string?)unsigned["state"]);
        Assert.True((int)unsigned["summary"]!["refusedByCode"]!["unsigned"]! > 0, unsigned.ToJsonString());
        var done = await LastAsync(0, Push(8, "--key", "operator.key.pem"));
        Assert.Equal((4, 0), ((int)done["summary"]!["active"]!, (int)done["summary"]!["refused"]!));
        AddsUp(done["summary"]!, 4);

        var refused = await LastAsync(1, "config", "push", "keys2.by-operator.json", "--keys", "--all", "--watch", "--json");
        Assert.Equal((0, 4), ((int)refused["taken"]!, refused["refused"]!.AsObject().Count));
        Assert.Contains("is not trusted for 'keys'", (string?)refused["refused"]!["sim-0001"]);
        var rotated = await LastAsync(0, "config", "push", "keys2.by-root.json", "--keys", "--all", "--watch", "--json");
        Assert.Equal((2, 4, 4, 0), ((int)rotated["version"]!, (int)rotated["total"]!, (int)rotated["taken"]!, rotated["refused"]!.AsObject().Count));

        var retired = await LastAsync(1, Push(9, "--key", "operator.key.pem"));
        Assert.True((int)retired["summary"]!["refusedByCode"]!["unknownKey"]! > 0, retired.ToJsonString());
        Assert.Equal(4, (int)(await LastAsync(0, Push(9, "--key", "next.key.pem")))["summary"]!["active"]!);
    }

    [Fact]
    public async Task Watch_shows_every_device_and_a_label_is_answered()
    {
        await SimulateAsync(8, "--pace", "60");
        var rows = await RowsAsync(rows => rows.Count(row => (string?)row["state"] == "online") >= 8);
        Assert.Equal(8, rows.Count);
        await RowsAsync(rows => rows.Count(row => row["anchorAccuracyPercent"] is not null && row["worstForgetting"] is not null && row["driftAlarmCount"] is not null) == 8);
        Assert.Contains("sim-0008", await ShownAsync("8 devices, 8 online", "watch"));

        while ((await RunAsync("label", "--device", "sim-0001", "--window", "1", "--class", "walking")).ExitCode != 0) await Task.Delay(100, TestContext.Current.CancellationToken); // Until it has had a window.
        var refused = await RunAsync("label", "--device", "sim-0001", "--window", "1", "--class", "flying", "--timeout", "60");
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("class 'flying' is none of walking", refused.Output);
        var nobody = await RunAsync("label", "--device", "nobody", "--window", "1", "--class", "walking", "--timeout", "0.5");
        Assert.Equal(70, nobody.ExitCode);
        Assert.Contains("'nobody' has not answered within 0.5 s", nobody.Errors);
        await ShownAsync("\"schema\":\"edge.label-request/1\"", "label", "--list", "--json");
    }

    [Fact]
    public async Task Watch_says_that_the_broker_is_lost_and_found_again()
    {
        int port;
        Process watch;
        await using (var first = await EmbeddedBroker.StartAsync(Ports.Free(), NullLogger.Instance, TestContext.Current.CancellationToken))
        {
            (port, broker) = (first.Port, $"127.0.0.1:{first.Port}");
            watch = EdgeProgram.Start(data.Path, "watch", "--json", "--broker", broker, "--for", "600");
            Assert.Equal("True", await NextAsync());
        }

        Assert.Equal("False", await NextAsync());
        await using var second = await EmbeddedBroker.StartAsync(port, NullLogger.Instance, TestContext.Current.CancellationToken);
        Assert.Equal("True", await NextAsync());
        await EdgeProgram.RunOtherAsync("kill", data.Path, "-TERM", watch.Id.ToString());
        Assert.Equal(1, (await EdgeProgram.EndAsync(watch)).ExitCode); // No device was heard of.
        watch.Dispose();

        async Task<string> NextAsync() => $"{(bool)JsonNode.Parse((await watch.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken))!)!["connected"]!}";
    }

    [Theory]
    [InlineData("watch", "--for", "0")]
    [InlineData("label", "--device", "d1")]
    [InlineData("label", "--list", "--window", "1")]
    [InlineData("label", "--device", "a/b", "--window", "1", "--class", "walking")]
    [InlineData("label", "--list", "--device", "")]
    [InlineData("simulate", "--devices", "0")]
    [InlineData("simulate", "--failing", "101")]
    [InlineData("config", "push", "x.json")]
    [InlineData("config", "push", "x.json", "--device", "d1", "--rollout", "10")]
    [InlineData("config", "push", "x.json", "--all")]
    [InlineData("config", "push", "x.json", "--keys", "--all", "--device", "d1")]
    [InlineData("config", "push", "x.json", "--stages", "50,10")]
    public async Task A_command_line_that_makes_no_sense_exits_64(params string[] arguments)
    {
        var ended = await EdgeProgram.RunAsync(data.Path, arguments);
        Assert.Equal((64, ""), (ended.ExitCode, ended.Output));
        Assert.NotEmpty(ended.Errors);
    }

    private static void AddsUp(JsonNode summary, int total)
    {
        int Of(string name) => (int)summary[name]!;
        Assert.Equal(total, Of("total"));
        Assert.Equal(total, Of("targeted") + Of("waiting") + Of("notTargeted"));
        Assert.Equal(Of("targeted"), Of("active") + Of("underWay") + Of("rolledBack") + Of("refused") + Of("silent"));
        Assert.Equal(Of("rolledBack"), summary["rolledBackByCode"]!.AsObject().Sum(pair => (int)pair.Value!));
    }

    /// <summary>Starts devices, and waits until the broker has all of them.</summary>
    private async Task SimulateAsync(int devices, params string[] more)
    {
        simulation = EdgeProgram.Start(data.Path, ["simulate", "--devices", $"{devices}", "--port", "0", "--for", "900", "--json", .. more]);
        string first = (await simulation.StandardError.ReadLineAsync(TestContext.Current.CancellationToken))!;
        broker = first.Split(" at ")[1].Split(' ')[0];
        await RowsAsync(rows => rows.Count(row => row["state"] is not null && row["config"] is not null) == devices);
    }

    private async Task<JsonNode> EndAsync()
    {
        await EdgeProgram.RunOtherAsync("kill", data.Path, "-TERM", simulation!.Id.ToString());
        var ended = await EdgeProgram.EndAsync(simulation);
        Assert.Equal(0, ended.ExitCode);
        return JsonNode.Parse(ended.Output)!;
    }

    /// <summary>The latest row of each device, as soon as they are as they should be.</summary>
    private async Task<IReadOnlyCollection<JsonNode>> RowsAsync(Func<IReadOnlyCollection<JsonNode>, bool> enough)
    {
        using var watch = EdgeProgram.Start(data.Path, "watch", "--json", "--for", "280", "--broker", broker);
        var rows = new Dictionary<string, JsonNode>();
        while (!enough(rows.Values))
        {
            string line = await watch.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) ?? throw new InvalidOperationException($"it never came true; the latest rows are {string.Join('\n', rows.Values)}");
            if (JsonNode.Parse(line) is { } said && (string?)said["event"] == "device") rows[(string)said["device"]!] = said;
        }

        watch.Kill();
        return rows.Values;
    }

    /// <summary>What a verb that looks for a while has printed, as soon as this is in it: it is given longer each time, for a machine that is slow.</summary>
    private async Task<string> ShownAsync(string wanted, params string[] arguments)
    {
        for (int seconds = 1; ; seconds *= 2)
        {
            string output = (await RunAsync([.. arguments, "--for", $"{seconds}"])).Output;
            if (output.Contains(wanted, StringComparison.Ordinal)) return output;
            Assert.True(seconds < 60, $"'{wanted}' is not in\n{output}");
        }
    }

    private async Task<JsonNode> LastAsync(int code, params string[] arguments)
    {
        var ended = await RunAsync(arguments);
        Assert.True(ended.ExitCode == code, $"{string.Join(' ', arguments)} ended with {ended.ExitCode}\n{ended.Output}{ended.Errors}");
        return Lines(ended.Output)[^1];
    }

    private async Task DoneAsync(params string[] arguments)
    {
        var ended = await EdgeProgram.RunAsync(data.Path, arguments);
        Assert.True(ended.ExitCode == 0, $"{string.Join(' ', arguments)}: {ended.Errors}");
    }

    private Task<Ended> RunAsync(params string[] arguments) => EdgeProgram.RunAsync(data.Path, [.. arguments, "--broker", broker]);

    private static JsonNode[] Lines(string output) => [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)];
}
