using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Edge.EndToEnd.Tests.World;
using Edge.Telemetry.Mqtt;
using Microsoft.Extensions.Logging.Abstractions;

namespace Edge.EndToEnd.Tests;

/// <summary>Measures, asserts nothing about time: from the publish of a live change to the report that it is active, over mosquitto on this machine, without a hold. Runs with EDGE_BENCH=1.</summary>
public sealed class ConfigLatencyBench
{
    private const int Count = 60;

    [Fact]
    public async Task From_publish_to_reported_active()
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable("EDGE_BENCH") == "1", "a measurement; set EDGE_BENCH=1");
        await using var broker = await Mosquitto.StartAsync();
        await using var fleet = await Fleet.ListenAsync(broker.Port);
        await using var device = await DeviceFolder.Create(broker.Port).With("updates.trialSeconds", 0).With("training.enabled", false).With("sensor.speed", 1).WithFirstSnapshotAsync();
        device.Run();
        await fleet.HearsAsync("status", s => (string?)s["state"] == "online", "the device is online");
        var topics = new Topics("edge", DeviceFolder.DeviceId);
        var link = new MqttLink(new MqttLinkOptions { Host = "127.0.0.1", Port = broker.Port, ClientId = "bench", Subscriptions = [topics.ConfigReported] }, NullLogger.Instance, TimeProvider.System, new Random(1));
        using var stop = new CancellationTokenSource();
        var run = link.RunAsync(stop.Token);
        await link.Inbound.ReadAsync(TestContext.Current.CancellationToken); // The retained report.
        var took = new List<double>();
        for (int version = 1; version <= Count; version++)
        {
            string payload = string.Create(CultureInfo.InvariantCulture, $$"""{ "version": {{version}}, "config": { "drift": { "threshold": {{5 + (version / 100.0)}} } } }""");
            long start = Stopwatch.GetTimestamp();
            link.Send(new OutboundMessage("bench", topics.ConfigDesired, System.Text.Encoding.UTF8.GetBytes(payload), Delivery.RetainedEvent));
            while ((long?)JsonNode.Parse((await link.Inbound.ReadAsync(TestContext.Current.CancellationToken)).Payload.Span)!["active"]!["version"] != version)
            {
            }

            took.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        await stop.CancelAsync();
        await run;
        took.Sort();
        TestContext.Current.TestOutputHelper!.WriteLine(string.Create(CultureInfo.InvariantCulture, $"publish to reported active, {Count} live changes: p50 {took[Count / 2]:0.0} ms, p90 {took[Count * 9 / 10]:0.0} ms, max {took[^1]:0.0} ms"));
    }
}
