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
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Edge.Runtime.Tests.Stages;

/// <summary>The telemetry stage of a device that does nothing else.</summary>
internal sealed class TelemetryRig : IDisposable
{
    private readonly TelemetryStage stage;
    private readonly FakeTimeProvider time;
    private readonly FaultRecord faults = new();
    private readonly DeviceConfig config = new();

    public TelemetryRig(DataFolder data, Topics topics, MqttLink link, Reporter reporter, ProviderChain chain, ServiceState state, FakeTimeProvider time)
    {
        this.time = time;
        var (live, clock) = (new LiveConfig(config), new TestClock());
        var desired = new DesiredConfig(
            new UpdateState(ConfigMachine.Open(data["config"], clock), KeyRingStore.Open("", data["config"]), clock), RunningConfig.Read(null), live, new RunRequest(),
            new UpdateSurroundings { DeviceId = "device", BrokerIsLoopback = true, AccuracyPercent = () => null, Tell = reporter.ConfigReported });
        var offers = new SnapshotIntake(data["incoming"], new IntakeSurroundings { Facts = () => throw new InvalidOperationException("nothing is offered"), RunningGraph = () => null, Ask = _ => { }, Refuse = (_, _) => { } }, time);
        stage = new TelemetryStage(
            link, topics, reporter, new Flows(false, state, new SampleBlockPool(1, 1), new WindowPool(TestSnapshot.Window)), desired, offers, new RunRequest(), live, state, chain, time,
            NullLogger<TelemetryStage>.Instance, faults, new ApplicationLifetime(NullLogger<ApplicationLifetime>.Instance));
    }

    public void Dispose() => stage.Dispose();

    public Task StartAsync() => stage.StartAsync(TestContext.Current.CancellationToken);

    public Task StopAsync() => stage.StopAsync(TestContext.Current.CancellationToken);

    /// <summary>Lets summaries fall due until it holds.</summary>
    public async Task UntilAsync(Func<bool> holds)
    {
        while (!holds())
        {
            Assert.Null(faults.First);
            time.Advance(TimeSpan.FromSeconds(config.Telemetry.SummarySeconds));
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }
    }
}
