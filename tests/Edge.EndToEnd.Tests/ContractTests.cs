using System.Collections.Concurrent;
using System.Diagnostics;
using Edge.EndToEnd.Tests.World;
using Edge.Telemetry.Tests.Contract;

namespace Edge.EndToEnd.Tests;

/// <summary>Everything that a running service publishes keeps Telemetry/asyncapi.yaml: topic, QoS, retain flag and payload. What comes seldom (drift, alarms of forgetting, a restored memory, a fetched snapshot) is held against it wherever a test brings it about: see <see cref="Fleet"/>.</summary>
public sealed class ContractTests
{
    private const string Prefix = $"edge/{DeviceFolder.DeviceId}/";
    private static readonly string[] s_usual = ["config/reported", "forgetting", "label/request", "label/result", "prediction", "snapshot", "status", "training"];

    [Fact]
    public async Task Everything_that_a_running_service_publishes_keeps_the_contract()
    {
        var contract = AsyncApiContract.Read();
        await using var broker = await Mosquitto.StartAsync();
        ConcurrentQueue<(int Qos, bool Retain, string Topic, string Payload)> heard = new();
        using var listener = Listen(broker.Port, heard);
        try
        {
            await using var device = DeviceFolder.Create(broker.Port).With("labels.requestsPerHour", 3600);
            await using var fleet = await Fleet.ListenAsync(broker.Port);
            var run = device.Run();
            await fleet.HearsAsync("status", s => (string?)s["state"] == "online", "the device is online");
            await fleet.TellAsync("label", """{ "windowId": "x" }""");
            await fleet.TellAsync("config/desired", """{ "version": 1, "config": { "telemetry": { "summarySeconds": 0.2 } } }""");
            await fleet.TellAsync("config/desired", """{ "version": 2, "config": { "window": { "stride": -1 } } }""");
            await fleet.HearsAsync("snapshot", s => (string?)s["event"] == "promoted", "a candidate is promoted");
            await Eventually.Holds(() => s_usual.All(suffix => heard.Any(message => message.Topic == Prefix + suffix)), "every usual topic is heard", () => string.Join('\n', heard.Select(message => message.Topic).Distinct()));
            run.CtrlC();
            Assert.Equal(0, await run.EndAsync());
            await Eventually.Holds(() => heard.Any(message => message.Topic == Prefix + "status" && message.Payload.Contains("offline", StringComparison.Ordinal)), "it says good-bye");
        }
        finally
        {
            listener.Kill();
            await listener.WaitForExitAsync(CancellationToken.None);
        }

        List<string> breaches = [];
        foreach (var (qos, retain, topic, payload) in heard.Where(message => message.Topic.StartsWith("edge/", StringComparison.Ordinal)))
        {
            if (!topic.StartsWith(Prefix, StringComparison.Ordinal) || contract.Find(topic[Prefix.Length..]) is not { } agreed)
            {
                breaches.Add($"{topic} is no topic of the contract");
                continue;
            }

            if (!agreed.IsSent) continue; // What this test said.
            if ((qos, retain) != (agreed.QualityOfService, agreed.Retain)) breaches.Add($"{topic}: QoS {qos}, retain {retain}; the contract says {agreed.QualityOfService}, {agreed.Retain}");
            breaches.AddRange(await contract.BreachesAsync(agreed.Suffix, payload));
        }

        Assert.Empty(breaches);
    }

    /// <summary>Hears everything on the broker, with the retain flag as it was published.</summary>
    private static Process Listen(int port, ConcurrentQueue<(int Qos, bool Retain, string Topic, string Payload)> heard)
    {
        var process = Process.Start(new ProcessStartInfo(Mosquitto.PathOf("mosquitto_sub"), ["-h", "127.0.0.1", "-p", $"{port}", "-V", "5", "-q", "2", "--retain-as-published", "-t", "#", "-F", "%q\t%r\t%t\t%p"])
        {
            RedirectStandardOutput = true,
        })!;
        process.OutputDataReceived += (_, line) =>
        {
            if (line.Data?.Split('\t', 4) is [string qos, string retain, string topic, string payload]) heard.Enqueue((int.Parse(qos, System.Globalization.CultureInfo.InvariantCulture), retain == "1", topic, payload));
        };
        process.BeginOutputReadLine();
        return process;
    }
}
