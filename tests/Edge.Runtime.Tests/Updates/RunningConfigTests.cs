using System.Text;
using Edge.Runtime.Updates;
using Edge.Runtime.Updates.Checks;
using Edge.Runtime.Updates.Envelopes;
using Edge.Runtime.Updates.States;

namespace Edge.Runtime.Tests.Updates;

/// <summary>What the device was started with, and over it what was accepted over the air.</summary>
public sealed class RunningConfigTests : IDisposable
{
    private readonly DataFolder data = new();

    public void Dispose() => data.Dispose();

    [Fact]
    public void Without_a_file_the_defaults_run()
    {
        var active = RunningConfig.Read(null);
        Assert.True(active.Verdict.IsValid);
        Assert.Equal("default", active.Source);
        Assert.Equal(active.Verdict.Hash, active.With(null).Verdict.Hash);
        Assert.Same(active, active.AsLeftIn(data.Path));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{ "sensor": { "speed": 3 } }""")]
    public void A_file_is_a_file_even_if_it_says_nothing(string text)
    {
        File.WriteAllText(data["device.json"], text);
        Assert.Equal("file", RunningConfig.Read(data["device.json"]).Source);
    }

    [Fact]
    public void What_was_accepted_lies_over_the_file_and_leaves_the_rest_of_it()
    {
        File.WriteAllText(data["device.json"], """{ "sensor": { "speed": 3 }, "telemetry": { "summarySeconds": 9 } }""");
        var active = RunningConfig.Read(data["device.json"]).With(Overlay("""{ "telemetry": { "summarySeconds": 2 } }"""));
        Assert.Equal((3.0, 2.0, "desired"), (active.Verdict.Config!.Sensor.Speed, active.Verdict.Config.Telemetry.SummarySeconds, active.Source));
    }

    [Fact]
    public void A_last_good_document_that_no_longer_fits_the_file_is_set_aside_with_the_reason_and_the_file_runs()
    {
        var machine = ConfigMachine.Open(data["config"], new TestClock());
        machine.Stage(Overlay("""{ "window": { "stride": 100 } }"""), "", null, []);
        machine.BeginTrial(2, TimeSpan.FromMinutes(1));
        machine.Promote([]);
        File.WriteAllText(data["device.json"], """{ "window": { "length": 64, "stride": 32 } }""");
        var active = RunningConfig.Read(data["device.json"]).WithGoodOf(machine);
        Assert.Equal(("file", 32), (active.Source, active.Verdict.Config!.Window.Stride));
        var reason = Assert.Single(machine.State.LastAttempt!.Reasons);
        Assert.Equal(ReasonCode.NoLongerValid, reason.Code);
        Assert.Contains("window.stride", reason.Text);
        Assert.Null(ConfigMachine.Open(data["config"], new TestClock()).Good);
    }

    [Fact]
    public void A_file_that_is_refused_has_every_problem_in_its_verdict()
    {
        File.WriteAllText(data["device.json"], """{ "sensor": { "sped": 3 }, "window": { "length": 0 } }""");
        var active = RunningConfig.Read(data["device.json"]);
        Assert.False(active.Verdict.IsValid);
        Assert.Equal(2, active.Verdict.Problems.Count);
    }

    private static AcceptedOverlay Overlay(string config) => new(1, KeyId.Unsigned, Encoding.UTF8.GetBytes(config));
}
