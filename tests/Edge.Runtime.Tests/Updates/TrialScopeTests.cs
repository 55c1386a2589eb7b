using Edge.Config;
using Edge.Runtime.Updates.Trials;

namespace Edge.Runtime.Tests.Updates;

/// <summary>What a change makes a trial look at.</summary>
public sealed class TrialScopeTests
{
    [Fact]
    public void On_trial_as_much_is_kept_as_either_configuration_keeps()
    {
        var good = new ReplaySection { Capacity = 300, CapacityKiB = 0, AnchorCapacity = 10, FreshCapacity = 500, KeepCopies = 2 };
        var tried = good with { Capacity = 12, CapacityKiB = 64, AnchorCapacity = 60, FreshCapacity = 20, KeepCopies = 0, CommitBatchSize = 7 };
        Assert.Equal(good with { AnchorCapacity = 60, CommitBatchSize = 7 }, ReplayRoom.DuringTrial(good, tried));
        Assert.Equal(128, ReplayRoom.DuringTrial(tried, tried with { CapacityKiB = 128 }).CapacityKiB);
        Assert.Equal(tried, ReplayRoom.DuringTrial(tried, tried));
    }

    [Theory]
    [InlineData("""{ "telemetry": { "port": 1884 } }""", true, false)]
    [InlineData("""{ "telemetry": { "summarySeconds": 9 } }""", false, false)] // The running service takes it: the connection stays.
    [InlineData("""{ "training": { "learningRate": 0.5 } }""", false, true)]
    [InlineData("""{ "telemetry": { "host": "broker" }, "training": { "epochs": 7 } }""", true, true)]
    [InlineData("""{ "sensor": { "sampleRateHz": 25 } }""", false, false)]
    public void A_trial_looks_at_the_broker_and_at_rounds_only_where_they_are_changed(string patch, bool broker, bool training)
    {
        var tried = DeviceConfigReader.Read(System.Text.Encoding.UTF8.GetBytes(patch), "test").Config!;
        Assert.Equal(new TrialScope(broker, training), TrialScope.Of(new DeviceConfig(), tried));
    }
}
