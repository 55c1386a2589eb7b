using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Edge.Telemetry.Mqtt;
using Microsoft.Extensions.Logging.Abstractions;

namespace Edge.Benchmarks.OverTheAir;

/// <summary>A message of the device, as its operator heard it.</summary>
/// <param name="Suffix">Topic below <c>edge/{id}/</c>.</param>
/// <param name="Body">The payload.</param>
/// <param name="Ticks">When it was there; see <see cref="Stopwatch"/>.</param>
internal sealed record HeardMessage(string Suffix, JsonObject Body, long Ticks);

/// <summary><c>edge run</c> in a folder of its own, which outlives its processes, and an operator at the same broker who hears and tells. At the end nothing of it is left.</summary>
internal sealed class MeasuredDevice : IAsyncDisposable
{
    /// <summary>Name in topics.</summary>
    public const string Id = "d1";

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(240);
    private readonly Topics topics = new("edge", Id);
    private readonly MqttLink link;
    private readonly CancellationTokenSource stop = new();
    private readonly Task running, hearing;
    private readonly Lock gate = new();
    private readonly List<HeardMessage> heard = [];
    private readonly StringBuilder said = new();
    private Process? process;

    /// <summary>A device that is not started yet.</summary>
    /// <param name="brokerPort">Broker on 127.0.0.1.</param>
    /// <param name="config">What its document has beside name and broker.</param>
    public MeasuredDevice(int brokerPort, string config)
    {
        var document = JsonNode.Parse(config)!.AsObject();
        document["device"] = new JsonObject { ["id"] = Id };
        document["inference"] = new JsonObject { ["providers"] = new JsonArray("cpu") };
        document["telemetry"] = new JsonObject { ["broker"] = "external", ["port"] = brokerPort, ["summarySeconds"] = 0.25 };
        File.WriteAllText(Path.Combine(Folder, "config.json"), document.ToJsonString());
        link = new MqttLink(new MqttLinkOptions { Host = "127.0.0.1", Port = brokerPort, ClientId = $"operator-{Guid.NewGuid():n}", Subscriptions = [$"edge/{Id}/#"], InboundCapacity = 10_000 }, NullLogger.Instance, TimeProvider.System, new Random(1));
        running = link.RunAsync(stop.Token);
        hearing = HearAsync();
    }

    /// <summary>Its working folder.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("edge-config-bench-").FullName;

    /// <summary>Its data.</summary>
    public string Data => Path.Combine(Folder, "edge-data");

    /// <summary>The snapshot to run at the next start; empty before the first.</summary>
    public string CurrentSnapshotId => File.Exists(Path.Combine(Data, "snapshots", "current")) ? File.ReadAllText(Path.Combine(Data, "snapshots", "current")).Trim() : "";

    /// <summary>Starts the service, and waits until it classifies.</summary>
    /// <returns>The first summary with a window in it.</returns>
    public async Task<JsonObject> StartAsync()
    {
        long from = Stopwatch.GetTimestamp();
        process = Process.Start(new ProcessStartInfo(EdgeVerb.Program, ["run", "--config", "config.json", "--headless", "--json"]) { WorkingDirectory = Folder, RedirectStandardError = true, RedirectStandardOutput = true })!;
        process.ErrorDataReceived += (_, line) => Say(line.Data);
        process.OutputDataReceived += (_, line) => Say(line.Data);
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        return (await HearsAsync("prediction", from, body => body["latest"] is not null, "it classifies")).Body;
    }

    /// <summary>Ctrl-C, and waits until it has ended.</summary>
    public async Task StopAsync()
    {
        using (var kill = Process.Start("/bin/kill", ["-INT", $"{process!.Id}"])) await kill.WaitForExitAsync();
        await process.WaitForExitAsync().WaitAsync(s_patience);
        if (process.ExitCode != 0) throw new InvalidOperationException($"edge run ended with {process.ExitCode}: {Said}");
        process.Dispose();
        process = null;
    }

    /// <summary>Tells what is desired, retained.</summary>
    /// <returns>When it was published; see <see cref="Stopwatch"/>.</returns>
    public long Desire(long version, string config)
    {
        byte[] payload = Encoding.UTF8.GetBytes($$"""{ "version": {{version}}, "config": {{config}} }""");
        long now = Stopwatch.GetTimestamp();
        link.Send(new OutboundMessage("bench", topics.ConfigDesired, payload, Delivery.RetainedEvent));
        return now;
    }

    /// <summary>Waits for a message.</summary>
    /// <param name="suffix">Its topic below the device's.</param>
    /// <param name="from">It must have come after that; see <see cref="Stopwatch"/>.</param>
    /// <param name="condition">What it must say.</param>
    /// <param name="what">That as a clause, for when it does not come.</param>
    /// <param name="patience">How long from now on; four minutes without it.</param>
    public async Task<HeardMessage> HearsAsync(string suffix, long from, Func<JsonObject, bool> condition, string what, TimeSpan? patience = null)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            if (Heard(suffix, from).FirstOrDefault(message => condition(message.Body)) is { } found) return found;
            if (process is { HasExited: true }) throw new InvalidOperationException($"the device ended with {process.ExitCode} while it was waited until {what}: {Said}");
            if (Stopwatch.GetElapsedTime(start) > (patience ?? s_patience)) throw new TimeoutException($"within {(patience ?? s_patience).TotalSeconds:0} s it was not heard that {what}; last: {string.Join('\n', Heard(suffix, 0).TakeLast(3).Select(message => message.Body.ToJsonString()))}\n{Said}");
            await Task.Delay(1);
        }
    }

    /// <summary>Waits until a version is active and its cost is told.</summary>
    public Task<HeardMessage> IsActiveAsync(long version, long from) =>
        HearsAsync("config/reported", from, body => (long?)body["active"]!["version"] == version && (string?)body["lastAttempt"]?["result"] == "applied" && body["lastAttempt"]!["gapWindows"] is not null, $"version {version} is active");

    /// <summary>Messages of one topic that came after <paramref name="from"/>, in order.</summary>
    public IReadOnlyList<HeardMessage> Heard(string suffix, long from)
    {
        lock (gate) return [.. heard.Where(message => message.Suffix == suffix && message.Ticks >= from)];
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (process is { HasExited: false })
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
        }

        process?.Dispose();
        await stop.CancelAsync();
        await running;
        await hearing;
        link.Dispose();
        stop.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private string Said
    {
        get
        {
            lock (said) return said.ToString(Math.Max(0, said.Length - 4000), Math.Min(4000, said.Length));
        }
    }

    private void Say(string? line)
    {
        lock (said) said.AppendLine(line);
    }

    private async Task HearAsync()
    {
        int prefix = $"edge/{Id}/".Length;
        try
        {
            await foreach (var message in link.Inbound.ReadAllAsync(stop.Token))
            {
                long now = Stopwatch.GetTimestamp();
                if (message.Payload.IsEmpty || message.Retained || JsonNode.Parse(message.Payload.Span) is not JsonObject body) continue;
                lock (gate) heard.Add(new HeardMessage(message.Topic[prefix..], body, now));
            }
        }
        catch (OperationCanceledException)
        {
            // The end.
        }
    }
}
