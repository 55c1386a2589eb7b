using System.Text.Json;
using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Runtime.Sensors;
using Edge.Runtime.Stages;
using Edge.Runtime.Tests.Inference;
using Edge.Runtime.Tests.Updates;
using Edge.Runtime.Updates;
using Edge.Runtime.Updates.Offers;
using Edge.Runtime.Updates.States;
using Edge.Runtime.Updates.Trust;
using Edge.Runtime.Windowing;
using Edge.Telemetry.Messages;
using Edge.Telemetry.Mqtt;
using Edge.Telemetry.Tests.Mqtt;
using Microsoft.Extensions.Hosting.Internal;
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
        var reporter = new Reporter(topics, "boot", time, link.SendAsync);
        var (config, faults, state, clock) = (new DeviceConfig(), new FaultRecord(), new ServiceState(time), new TestClock());
        var live = new LiveConfig(config);
        var desired = new DesiredConfig(
            new UpdateState(ConfigMachine.Open(data["config"], clock), KeyRingStore.Open("", data["config"]), clock), RunningConfig.Read(null), live, new RunRequest(),
            new UpdateSurroundings { DeviceId = "device", BrokerIsLoopback = true, AccuracyPercent = () => null, Tell = reporter.ConfigReported });
        var offers = new SnapshotIntake(data["incoming"], new IntakeSurroundings { Facts = () => throw new InvalidOperationException("nothing is offered"), RunningGraph = () => null, Ask = _ => { }, Refuse = (_, _) => { } }, time);
        using var stage = new TelemetryStage(
            link, topics, reporter, new Flows(false, state, new SampleBlockPool(1, 1), new WindowPool(TestSnapshot.Window)), desired, offers, new RunRequest(), live, state, new ProviderChain(new InferenceSection()), time,
            NullLogger<TelemetryStage>.Instance, faults, new ApplicationLifetime(NullLogger<ApplicationLifetime>.Instance));
        await stage.StartAsync(TestContext.Current.CancellationToken);

        await Until(status => status.TryGetProperty("subscriptionsRefused", out var refused)
            && refused.GetArrayLength() == 1
            && refused[0].GetProperty("topic").GetString() == topics.ConfigDesired
            && refused[0].GetProperty("reason").GetString()!.StartsWith("NotAuthorized", StringComparison.Ordinal));
        broker.Grant = _ => 1;
        await Until(status => !status.TryGetProperty("subscriptionsRefused", out _));
        await stage.StopAsync(TestContext.Current.CancellationToken);

        async Task Until(Func<JsonElement, bool> holds)
        {
            while (broker.TakenOn(topics.Status) is not { Count: > 0 } told || !holds(JsonDocument.Parse(told[^1]).RootElement))
            {
                Assert.Null(faults.First);
                time.Advance(TimeSpan.FromSeconds(config.Telemetry.SummarySeconds));
                await Task.Delay(10, TestContext.Current.CancellationToken);
            }
        }
    }
}
