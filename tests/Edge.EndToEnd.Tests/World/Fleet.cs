using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Edge.Telemetry.Tests.Contract;

namespace Edge.EndToEnd.Tests.World;

/// <summary>A message from the device as an independent client received it.</summary>
/// <param name="Topic">Topic below <c>edge/{deviceId}/</c>.</param>
/// <param name="IsRetained">Whether the broker handed it out as the retained one.</param>
/// <param name="Body">The payload.</param>
internal sealed record Heard(string Topic, bool IsRetained, JsonObject Body)
{
    public string BootId => (string)Body["bootId"]!;

    public long Seq => (long)Body["seq"]!;

    public string? Event => (string?)Body["event"];

    public override string ToString() => $"{Topic}{(IsRetained ? " (retained)" : "")} {Body.ToJsonString()}";
}

/// <summary>Whoever watches the devices: a running mosquitto_sub with everything that it received, and mosquitto_pub for what the devices are told. Every message of a device is held against Telemetry/asyncapi.yaml; one that breaks it ends the test.</summary>
internal sealed class Fleet : IAsyncDisposable
{
    private readonly string root;
    private readonly ConcurrentQueue<Heard> heard = new();
    private readonly ConcurrentQueue<string> unreadable = new();
    private readonly Process process;
    private readonly int port;
    private readonly ConcurrentQueue<string> complaints = new();
    private readonly Task judging;
    private readonly Channel<Heard> toJudge = Channel.CreateUnbounded<Heard>(new UnboundedChannelOptions { SingleReader = true });
    private readonly ConcurrentQueue<string> breaches = new();
    private volatile bool subscribed;

    private Fleet(int port, string root)
    {
        (this.port, this.root) = (port, root);
        judging = JudgeAsync();
        process = Process.Start(new ProcessStartInfo(Mosquitto.PathOf("mosquitto_sub"), ["-h", "127.0.0.1", "-p", $"{port}", "-V", "5", "-q", "1", "-t", $"{root}#", "-t", "probe/#", "-F", "%r\t%t\t%p"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        process.ErrorDataReceived += (_, line) => complaints.Enqueue(line.Data ?? "");
        process.BeginErrorReadLine();
        process.OutputDataReceived += (_, line) => Take(line.Data);
        process.BeginOutputReadLine();
    }

    /// <summary>All messages so far, in order of arrival.</summary>
    public IReadOnlyList<Heard> All => [.. heard];

    /// <summary>Lines that were no JSON object.</summary>
    public IReadOnlyList<string> Unreadable => [.. unreadable];

    /// <summary>Starts to listen to one device; returns when the subscription stands.</summary>
    /// <param name="port">Port of the broker.</param>
    /// <param name="root">First level of the device's topics.</param>
    /// <param name="device">Its id.</param>
    public static async Task<Fleet> ListenAsync(int port, string root = "edge", string device = DeviceFolder.DeviceId)
    {
        var fleet = new Fleet(port, $"{root}/{device}/");
        for (int probe = 0; !fleet.subscribed; probe++)
        {
            Assert.True(probe < 120, $"mosquitto_sub {(fleet.process.HasExited ? "has ended" : "runs")} without a subscription, and said: {string.Join(' ', fleet.complaints)}");
            await fleet.PublishAsync($"probe/{Guid.NewGuid():n}", "?", retain: true);
            for (int look = 0; look < 20 && !fleet.subscribed; look++) await Task.Delay(50, TestContext.Current.CancellationToken);
        }

        return fleet;
    }

    /// <summary>Windows that the latest prediction summary counts; 0 before the first.</summary>
    public long WindowsSeen => On("prediction") is [.., var latest] ? (long)latest["windowsSeen"]! : 0;

    /// <summary>Messages of one topic, in order of arrival. What came twice (at least once is promised) is there once.</summary>
    public IReadOnlyList<JsonObject> On(string topic) => [.. heard.Where(message => message.Topic == topic).DistinctBy(message => (message.BootId, message.Seq)).Select(message => message.Body)];

    /// <summary>Waits for a message and returns it.</summary>
    public async Task<JsonObject> HearsAsync(string topic, Func<JsonObject, bool> condition, string what)
    {
        JsonObject? found = null;
        await Eventually.Holds(() => (found = On(topic).FirstOrDefault(condition)) is not null || !breaches.IsEmpty, what, () => string.Join('\n', heard.Where(message => message.Topic == topic).TakeLast(10).Concat(heard.TakeLast(5))));
        Assert.Empty(breaches);
        return found!;
    }

    /// <summary>Says something to the device.</summary>
    public Task TellAsync(string topic, string payload, bool retain = false) => PublishAsync(root + topic, payload, retain);

    /// <summary>Says many things to the device, one after the other, in one connection.</summary>
    public async Task TellLinesAsync(string topic, IReadOnlyList<string> payloads)
    {
        using var publisher = Process.Start(new ProcessStartInfo(Mosquitto.PathOf("mosquitto_pub"), ["-h", "127.0.0.1", "-p", $"{port}", "-V", "5", "-q", "1", "-t", root + topic, "-l"]) { RedirectStandardInput = true })!;
        foreach (string payload in payloads) await publisher.StandardInput.WriteLineAsync(payload);
        publisher.StandardInput.Close();
        await publisher.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, publisher.ExitCode);
    }

    public async ValueTask DisposeAsync()
    {
        process.Kill();
        await process.WaitForExitAsync(CancellationToken.None);
        process.Dispose();
        toJudge.Writer.TryComplete();
        await judging;
        Assert.Empty(breaches);
    }

    /// <summary>Beside the test, so that none waits for it.</summary>
    private async Task JudgeAsync()
    {
        var contract = AsyncApiContract.Read();
        await foreach (var message in toJudge.Reader.ReadAllAsync(CancellationToken.None))
        {
            if (contract.Find(message.Topic) is { IsSent: false }) continue; // What this side said.
            foreach (string breach in await contract.BreachesAsync(message.Topic, message.Body.ToJsonString())) breaches.Enqueue(breach);
        }
    }

    private async Task PublishAsync(string topic, string payload, bool retain)
    {
        using var publisher = Process.Start(Mosquitto.PathOf("mosquitto_pub"), ["-h", "127.0.0.1", "-p", $"{port}", "-V", "5", "-q", "1", "-t", topic, "-m", payload, .. retain ? new[] { "-r" } : []]);
        await publisher.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, publisher.ExitCode);
    }

    private void Take(string? line)
    {
        if (line?.Split('\t', 3) is not [string retained, string topic, string payload]) return;
        if (topic.StartsWith("probe/", StringComparison.Ordinal))
        {
            subscribed = true;
            return;
        }

        string name = topic[root.Length..];
        if (name is "label" or "config/desired" or "snapshot/offer" or "snapshot/chunk") return; // What this side said.
        try
        {
            var message = new Heard(name, retained == "1", JsonNode.Parse(payload)!.AsObject());
            heard.Enqueue(message);
            toJudge.Writer.TryWrite(new Heard(name, message.IsRetained, JsonNode.Parse(payload)!.AsObject())); // Its own copy: reading a JsonObject is not for two threads.
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentOutOfRangeException)
        {
            unreadable.Enqueue(line);
        }
    }
}
