using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Edge.Runtime.Commands;
using Edge.Runtime.Stages;
using Edge.Runtime.Tests.Learning;
using Edge.Runtime.Updates;
using Edge.Runtime.Updates.Checks;
using Edge.Runtime.Updates.Envelopes;
using Edge.Runtime.Updates.States;

namespace Edge.Runtime.Tests.Commands;

/// <summary>The executable as a person or a script meets it: exit codes, what stands on standard output, what on standard error.</summary>
[Collection(nameof(FirstRound))]
public sealed class CommandLineTests : IDisposable
{
    private readonly DataFolder data = new();

    public void Dispose() => data.Dispose();

    [Fact]
    public async Task Help_names_every_verb()
    {
        var ended = await RunAsync("--help");
        Assert.Equal((0, ""), (ended.ExitCode, ended.Errors));
        foreach (string verb in new[] { "run", "train", "config", "doctor" }) Assert.Matches($@"(?m)^  {verb}\s", ended.Output);
        Assert.Contains("--until-end", (await RunAsync("run", "--help")).Output);
    }

    [Fact]
    public void Every_verb_ends_its_help_with_its_exit_codes_once()
    {
        int count = 0;
        Look(EdgeCommand.Create(), []);
        Assert.True(count > 30, $"only {count} verbs");

        void Look(Command command, string[] path)
        {
            foreach (var verb in command.Subcommands) Look(verb, [.. path, verb.Name]);
            if (command.Subcommands.Count > 0) return;
            count++;
            using var output = new StringWriter();
            Assert.Equal(0, EdgeCommand.Create().Parse([.. path, "--help"]).Invoke(new InvocationConfiguration { Output = output }));
            string last = output.ToString().TrimEnd().Split('\n')[^1];
            Assert.True(last.StartsWith("Exit codes: 0 ", StringComparison.Ordinal) && last.Contains(", 64 command line", StringComparison.Ordinal), $"{string.Join(' ', path)} ends its help with: {last}");
            Assert.DoesNotMatch("(?i)ends with [0-9]|exit code [0-9]", output.ToString());
        }
    }

    [Theory]
    [InlineData("fly")]
    [InlineData()]
    [InlineData("config")]
    [InlineData("config", "validate")]
    [InlineData("train")]
    [InlineData("run", "--no-such-option")]
    [InlineData("run", "--for", "-1")]
    [InlineData("run", "--for", "0")]
    [InlineData("run", "--for", "1e12")]
    [InlineData("run", "--for", "soon")]
    [InlineData("run", "--until-end")]
    [InlineData("label", "--device", "d", "--window", "x", "--class", "c")]
    [InlineData("watch", "--broker", "nonsense")]
    [InlineData("config", "push", "x", "--rollout", "some")]
    public async Task A_command_line_that_makes_no_sense_is_told_so_and_exits_64(params string[] arguments)
    {
        var ended = await RunAsync(arguments);
        Assert.Equal((64, ""), (ended.ExitCode, ended.Output));
        Assert.NotEmpty(ended.Errors);
        Assert.DoesNotContain("   at ", ended.Errors); // No stack trace for a typing error.
        Assert.False(Directory.Exists(data["edge-data"]));
    }

    [Theory]
    [InlineData(64, "--for soon: expected a number such as 2.5.", "run", "--for", "soon")]
    [InlineData(64, "--window x: expected a whole number, 0 or more.", "label", "--device", "d", "--window", "x", "--class", "c")]
    [InlineData(64, "--threads two: expected a whole number.", "infer", "--model", "m", "--data", "d", "--threads", "two")]
    [InlineData(64, "--not-after soon: expected a time such as 2027-01-31T00:00:00Z.", "config", "sign", "f", "--key", "k", "--version", "1", "--not-after", "soon")]
    [InlineData(64, "--version is missing: the version of the document, from 1", "config", "sign", "f", "--key", "k")]
    [InlineData(64, "--version 0: expected a whole number from 1 on.", "config", "sign", "f", "--key", "k", "--version", "0")]
    [InlineData(64, "--rollout 101: expected 0 to 100 percent.", "config", "sign", "f", "--key", "k", "--version", "1", "--rollout", "101")]
    [InlineData(70, "edge train: '/nowhere' is not the folder of a round", "train", "--round", "/nowhere")]
    [InlineData(70, "Correct the path", "config", "push", "/nowhere", "--device", "d")]
    [InlineData(70, "--ca-file /nowhere: there is no such file", "watch", "--tls", "--ca-file", "/nowhere", "--for", "1")]
    [InlineData(70, "there is no data set at", "bench", "--data", "nowhere.csv")]
    public async Task What_is_wrong_is_said_in_words_with_place_and_remedy(int code, string expected, params string[] arguments)
    {
        var ended = await RunAsync(arguments);
        Assert.Equal((code, ""), (ended.ExitCode, ended.Output));
        Assert.Contains(expected, ended.Errors);
        Assert.DoesNotContain("System.", ended.Errors);
        Assert.DoesNotContain("   at ", ended.Errors);
    }

    [Fact]
    public async Task Keys_and_documents_that_are_mistaken_for_others_are_refused_in_one_line()
    {
        Assert.Equal(0, (await RunAsync("config", "keygen", "op")).ExitCode);
        File.WriteAllText(data["patch.json"], """{ "drift": { "threshold": 9 } }""");
        await SaysAsync("'op.pub.pem': it is no private key", "config", "sign", "patch.json", "--key", "op.pub.pem", "--version", "3");
        await SaysAsync("Take another NAME", "config", "keygen", "op");
        Assert.Equal(0, (await RunAsync("config", "keyring", "--key", "op.pub.pem=config+keys", "--version", "1", "--out", "keys.json")).ExitCode);
        await SaysAsync("'drift' is unknown; expected only payload, signature, keyId, algorithm, schema; remove it or correct its name. 'edge config sign' writes an envelope", "config", "verify", "patch.json", "--keys", "keys.json");
        File.WriteAllBytes(data["latin.json"], [0xe9]);
        await SaysAsync("'latin.json': it is not UTF-8; save it in that encoding", "config", "verify", "latin.json", "--keys", "keys.json");
        await SaysAsync("'latin.json': it is not UTF-8", "config", "verify", "patch.json", "--keys", "latin.json");
        await SaysAsync("'latin.json': it is not UTF-8", "config", "sign", "latin.json", "--keys", "--key", "op.key.pem");
        await SaysAsync("'op.pub.pem': it is no private key", "config", "sign", "latin.json", "--keys", "--key", "op.pub.pem");
        await SaysAsync("'latin.json': it is not UTF-8", "config", "push", "latin.json", "--device", "d", "--watch");

        async Task SaysAsync(string expected, params string[] arguments)
        {
            var ended = await RunAsync(arguments);
            Assert.Equal((70, ""), (ended.ExitCode, ended.Output));
            Assert.Contains(expected, ended.Errors);
            Assert.Single(ended.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        }
    }

    [Theory]
    [InlineData("op.key.pem")]
    [InlineData("op.pub.pem")]
    public async Task A_key_pair_is_written_whole_or_not_at_all_and_never_over_another(string there)
    {
        File.WriteAllText(data[there], "another key");
        var ended = await RunAsync("config", "keygen", "op");
        Assert.Equal((70, ""), (ended.ExitCode, ended.Output));
        Assert.Contains($"'{there}' is there already", ended.Errors);
        Assert.Equal([data[there]], Directory.GetFiles(data.Path, "op*"));
        Assert.Equal("another key", File.ReadAllText(data[there]));
    }

    [Fact]
    public async Task A_broken_configuration_exits_78_with_all_its_problems()
    {
        File.WriteAllText(data["broken.json"], """{ "window": { "length": 1, "strid": 2 }, "sensor": { "kind": "radar" } }""");
        foreach (string[] verb in new string[][] { ["config", "validate", "broken.json"], ["config", "show", "broken.json"], ["run", "-c", "broken.json"], ["doctor", "-c", "broken.json"] })
        {
            var ended = await RunAsync(verb);
            Assert.Equal((78, ""), (ended.ExitCode, ended.Output));
            string[] lines = ended.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(3, lines.Length);
            Assert.All(lines, line => Assert.StartsWith("broken.json: ", line));
            foreach (string place in new[] { "window.length", "window.strid", "sensor.kind" }) Assert.Contains(lines, line => line.Contains(place, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Validation_answers_in_JSON_when_asked_to()
    {
        File.WriteAllText(data["broken.json"], """{ "window": { "length": 1 } }""");
        var refused = await RunAsync("config", "validate", "broken.json", "--json");
        Assert.Equal((78, ""), (refused.ExitCode, refused.Errors));
        using (var verdict = OneLine(refused))
        {
            Assert.False(verdict.RootElement.GetProperty("isValid").GetBoolean());
            Assert.Equal("window.length", verdict.RootElement.GetProperty("problems")[0].GetProperty("path").GetString());
        }

        File.WriteAllText(data["good.json"], "{}");
        var accepted = await RunAsync("config", "validate", "good.json", "--json");
        Assert.Equal(0, accepted.ExitCode);
        using var good = OneLine(accepted);
        Assert.Equal(RunningConfig.Read(null).Verdict.Hash, good.RootElement.GetProperty("hash").GetString());
        Assert.Equal(0, (await RunAsync("config", "validate", "good.json")).ExitCode);
    }

    [Fact]
    public async Task A_configuration_file_that_is_not_there_is_named()
    {
        var ended = await RunAsync("run", "--config", "nowhere.json");
        Assert.Equal(78, ended.ExitCode);
        Assert.Contains("nowhere.json", ended.Errors);
    }

    [Fact]
    public async Task The_schema_is_the_one_in_the_repository()
    {
        var ended = await RunAsync("config", "schema");
        Assert.Equal(0, ended.ExitCode);
        Assert.Equal(File.ReadAllText(Path.Combine(EdgeProgram.Repository, "device-config", "device.schema.json")).TrimEnd(), ended.Output.TrimEnd());
        using var parsed = OneLine(await RunAsync("config", "schema", "--json"));
        Assert.Equal("object", parsed.RootElement.GetProperty("type").GetString());
    }

    [Fact]
    public async Task The_effective_configuration_is_shown_with_every_default()
    {
        var ended = await RunAsync("config", "show");
        Assert.Equal(0, ended.ExitCode);
        Assert.Equal(Encoding.UTF8.GetString(RunningConfig.Read(null).Verdict.CanonicalUtf8).TrimEnd(), ended.Output.TrimEnd());

        File.WriteAllText(data["mine.json"], """{ "sensor": { "speed": 7 } }""");
        using var mine = OneLine(await RunAsync("config", "show", "mine.json", "--json"));
        Assert.Equal(7, mine.RootElement.GetProperty("sensor").GetProperty("speed").GetDouble());
        Assert.Equal(64, mine.RootElement.GetProperty("window").GetProperty("stride").GetInt32());
    }

    [Fact]
    public async Task The_doctor_looks_at_everything_the_service_needs()
    {
        File.WriteAllText(data["device.json"], """{ "telemetry": { "port": 0 } }""");
        var ended = await RunAsync("doctor", "--json", "--config", "device.json");
        Assert.Equal("", ended.Errors);
        using var report = OneLine(ended);
        var findings = report.RootElement.GetProperty("findings").EnumerateArray().ToDictionary(f => f.GetProperty("name").GetString()!, f => f);
        foreach (string name in new[] { "libtorch (training)", "CUDA driver", "provider tensorrt", "provider cuda", "provider cpu", "inference", "I2C buses", "MQTT broker", "disk", "clock" }) Assert.Contains(name, findings.Keys);
        foreach (string name in new[] { "provider cpu", "MQTT broker", "clock" }) Assert.Equal("ok", findings[name].GetProperty("state").GetString());
        if (File.Exists(Path.Combine(AppContext.BaseDirectory, "libLibTorchSharp.so"))) Assert.Equal("ok", findings["libtorch (training)"].GetProperty("state").GetString());
        Assert.All(findings.Values, f => Assert.True(f.GetProperty("state").GetString() == "ok" || f.GetProperty("remedy").GetString()!.Length > 0, $"{f} has no remedy"));
        Assert.Equal(findings.Values.Any(f => f.GetProperty("state").GetString() == "missing") ? 1 : 0, ended.ExitCode);
    }

    [Fact]
    public async Task The_doctor_finds_a_port_that_is_taken_and_an_archive_that_is_missing()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        File.WriteAllText(data["device.json"], $$"""{ "telemetry": { "port": {{port}} }, "sensor": { "kind": "uciHar", "uciHar": { "path": "/nowhere" } } }""");
        var ended = await RunAsync("doctor", "--config", "device.json");
        Assert.Equal(1, ended.ExitCode);
        Assert.Matches($@"MISSING\s+MQTT broker\s+port {port} is taken", ended.Output);
        Assert.Matches(@"MISSING\s+UCI HAR archive\s+.*/nowhere", ended.Output);
        Assert.Contains("-> ", ended.Output);
    }

    [Fact]
    public async Task A_fresh_start_does_not_take_the_data_from_under_a_service_that_runs()
    {
        using var held = DataDirectory.Take(data["edge-data"]);
        var ended = await RunAsync("run", "--fresh", "--headless");
        Assert.Equal((70, ""), (ended.ExitCode, ended.Output));
        Assert.Contains("held by another edge service", ended.Errors);
        Assert.Equal([data["edge-data"]], Directory.GetDirectories(data.Path));
    }

    [Fact]
    public async Task Configuration_on_trial_with_which_the_service_cannot_start_is_rolled_back_with_the_reason_and_the_file_runs()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        File.WriteAllText(data["device.json"], """{ "telemetry": { "port": 0 } }""");
        var clock = new SystemDeviceClock(TimeProvider.System);
        ConfigMachine.Open(data["edge-data/config"], clock).Stage(new AcceptedOverlay(3, KeyId.Unsigned, Encoding.UTF8.GetBytes($$"""{ "telemetry": { "port": {{((IPEndPoint)listener.LocalEndpoint).Port}} } }""")), "", null, []);

        using var service = EdgeProgram.Start(data.Path, "run", "--headless", "--config", "device.json");
        var ended = EdgeProgram.EndAsync(service);
        while (!File.Exists(data["edge-data/snapshots/current"]) && !ended.IsCompleted) await Task.Delay(20, TestContext.Current.CancellationToken);
        Assert.False(ended.IsCompleted, "the service gave up");
        await EdgeProgram.RunOtherAsync("kill", data.Path, "-TERM", service.Id.ToString());
        var end = await ended;
        Assert.Equal(0, end.ExitCode);
        Assert.Contains("cannot be run and was set aside", end.Errors + end.Output);
        var machine = ConfigMachine.Open(data["edge-data/config"], clock);
        Assert.Null(machine.Good);
        Assert.Equal((AttemptResult.RolledBack, ReasonCode.StartFailed), (machine.State.LastAttempt!.Result, Assert.Single(machine.State.LastAttempt.Reasons).Code));
    }

    [Fact]
    public async Task A_diff_shows_each_change_with_what_it_costs_and_the_heaviest_decides()
    {
        File.WriteAllText(data["a.json"], "{}");
        File.WriteAllText(data["b.json"], """{ "drift": { "threshold": 7 }, "replay": { "capacity": 400 } }""");
        var ended = await RunAsync("config", "diff", "a.json", "b.json");
        Assert.Equal((0, "pipeline  replay.capacity: 306 -> 400\nlive      drift.threshold: 8 -> 7\nthe whole is pipeline\n"), (ended.ExitCode, ended.Output));
        using var json = OneLine(await RunAsync("config", "diff", "a.json", "b.json", "--json"));
        Assert.Equal("pipeline", json.RootElement.GetProperty("change").GetString());
        File.WriteAllText(data["c.json"], """{ "window": { "length": 64, "stride": 32 } }""");
        Assert.EndsWith("the whole is snapshot\n", (await RunAsync("config", "diff", "b.json", "c.json", "--patch")).Output, StringComparison.Ordinal);
    }

    private Task<Ended> RunAsync(params string[] arguments) => EdgeProgram.RunAsync(data.Path, arguments);

    private static JsonDocument OneLine(Ended ended)
    {
        Assert.Single(ended.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        return JsonDocument.Parse(ended.Output);
    }
}
