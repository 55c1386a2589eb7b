using System.Text.Json;
using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Runtime.Stages;
using Edge.Telemetry.Messages;
using Edge.Telemetry.Mqtt;
using Edge.Telemetry.Tests.Mqtt;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Edge.Runtime.Tests.Stages;

/// <summary>A device that the broker does not let hear its topics says so in its retained status.</summary>
public sealed class DeafDeviceTests : IDisposable
{
    private readonly DataFolder data = new();
    private readonly FakeTimeProvider time = new();

    public void Dispose() => data.Dispose();

    [Fact]
    public async Task The_retained_status_names_refused_subscriptions_until_they_are_granted()
    {
        var topics = new Topics("edge", "device");
        await using var broker = new ScriptedBroker((_, _) => 0) { Grant = topic => topic == topics.ConfigDesired ? (byte)0x87 : (byte)1 };
        using var link = new MqttLink(new MqttLinkOptions { Host = "127.0.0.1", Port = broker.Port, ClientId = "device", Subscriptions = topics.Inbound }, NullLogger<MqttLink>.Instance, TimeProvider.System, new Random(1));
        using var device = new TelemetryRig(data, topics, link, new Reporter(topics, "boot", time, link.SendAsync), new ProviderChain(new InferenceSection()), new ServiceState(time), time);
        await device.StartAsync();

        await device.UntilAsync(() => Status() is { } status && status.TryGetProperty("subscriptionsRefused", out var refused)
            && refused.GetArrayLength() == 1
            && refused[0].GetProperty("topic").GetString() == topics.ConfigDesired
            && refused[0].GetProperty("reason").GetString()!.StartsWith("NotAuthorized", StringComparison.Ordinal));
        broker.Grant = _ => 1;
        await device.UntilAsync(() => Status() is { } status && !status.TryGetProperty("subscriptionsRefused", out _));
        await device.StopAsync();

        JsonElement? Status() => broker.TakenOn(topics.Status) is { Count: > 0 } told ? JsonDocument.Parse(told[^1]).RootElement : null;
    }
}
