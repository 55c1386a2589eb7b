using System.Text.Json.Nodes;
using Edge.Runtime.Updates;

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
        Assert.Same(active, active.WithOverlay(data.Path, out string? setAside));
        Assert.Null(setAside);
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
        RunningConfig.Keep(data["config"], new AcceptedOverlay(1, new JsonObject { ["telemetry"] = new JsonObject { ["summarySeconds"] = 2 } }));
        var active = RunningConfig.Read(data["device.json"]).WithOverlay(data["config"], out _);
        Assert.Equal((3.0, 2.0), (active.Verdict.Config!.Sensor.Speed, active.Verdict.Config.Telemetry.SummarySeconds));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{ "version": 2 }""")]
    [InlineData("""{ "version": "two", "config": {} }""")]
    [InlineData("""{ "version": 2, "config": { "window": { "length": 1 } } }""")]
    [InlineData("""{ "version": 2, "config": { "no": 1, "no": 2 } }""")]
    public void An_overlay_that_cannot_be_used_is_set_aside_with_the_reason_and_the_file_runs(string damage)
    {
        File.WriteAllText(data["desired.json"], damage);
        var active = RunningConfig.Read(null).WithOverlay(data.Path, out string? setAside);
        Assert.NotNull(setAside);
        Assert.NotEmpty(setAside);
        Assert.Equal("default", active.Source);
        Assert.False(File.Exists(data["desired.json"]));
        Assert.Equal(damage, File.ReadAllText(data["desired.refused.json"]));
        active.WithOverlay(data.Path, out setAside);
        Assert.Null(setAside); // Said once.
    }

    [Fact]
    public void An_overlay_that_no_longer_fits_the_file_is_set_aside()
    {
        RunningConfig.Keep(data.Path, new AcceptedOverlay(1, new JsonObject { ["window"] = new JsonObject { ["stride"] = 100 } }));
        File.WriteAllText(data["device.json"], """{ "window": { "length": 64, "stride": 32 } }""");
        var active = RunningConfig.Read(data["device.json"]).WithOverlay(data.Path, out string? setAside);
        Assert.Contains("window.stride", setAside);
        Assert.Equal(("file", 32), (active.Source, active.Verdict.Config!.Window.Stride));
    }

    [Fact]
    public void A_file_that_is_refused_has_every_problem_in_its_verdict()
    {
        File.WriteAllText(data["device.json"], """{ "sensor": { "sped": 3 }, "window": { "length": 0 } }""");
        var active = RunningConfig.Read(data["device.json"]);
        Assert.False(active.Verdict.IsValid);
        Assert.Equal(2, active.Verdict.Problems.Count);
    }
}
