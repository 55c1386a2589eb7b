using Edge.LinkVictim;

namespace Edge.Telemetry.Tests.Mqtt;

/// <summary>A short run of what <c>tests/link-chaos.sh</c> does for ten minutes.</summary>
public class ChaosTests
{
    [Fact]
    public async Task Whatever_happens_to_broker_network_and_device_every_acknowledged_message_arrives_in_order()
    {
        Assert.SkipUnless(Broker.IsInstalled, Mosquitto.WhyNot);

        ChaosReport report = await ChaosHarness.RunAsync(
            new ChaosPlan(8, TimeSpan.FromSeconds(20), 100, Seed: 1), TestContext.Current.TestOutputHelper!.WriteLine, TestContext.Current.CancellationToken);

        TestContext.Current.TestOutputHelper!.WriteLine(report.ToString());
        Assert.Empty(report.Problems);
        Assert.True(report.AcknowledgedCount > 10, report.ToString()); // That something was sent at all; how much is the machine's.
    }
}
