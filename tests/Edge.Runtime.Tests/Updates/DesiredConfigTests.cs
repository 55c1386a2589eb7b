using System.Text;
using Edge.Runtime.Updates;
using Edge.Telemetry.Messages;
using Microsoft.Extensions.Time.Testing;

namespace Edge.Runtime.Tests.Updates;

/// <summary>Configuration over the air: applied, unchanged, or refused with every reason, and nothing on disk unless it was applied.</summary>
public sealed class DesiredConfigTests : IDisposable
{
    private static readonly DateTimeOffset s_now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private readonly DataFolder data = new();

    public void Dispose() => data.Dispose();

    private string Overlay => data["config/desired.json"];

    [Fact]
    public void A_valid_document_is_applied_and_the_next_start_runs_with_it()
    {
        var desired = Of(RunningConfig.Read(null));
        Assert.True(desired.Judge(Message(3, """{ "telemetry": { "summarySeconds": 2 } }""")));
        var attempt = desired.LastAttempt!;
        Assert.Equal((3, ConfigResult.Applied, s_now), (attempt.Version, attempt.Result, attempt.At));
        Assert.Empty(attempt.Reasons);

        var next = RunningConfig.Read(null).WithOverlay(data["config"], out string? setAside);
        Assert.Null(setAside);
        Assert.Equal(("desired", 3L, 2.0), (next.Source, next.Overlay!.Version, next.Verdict.Config!.Telemetry.SummarySeconds));
        Assert.Equal(attempt.Hash, next.Verdict.Hash);
        Assert.Equal(new ActiveConfig(3, next.Verdict.Hash, "desired"), Of(next, attempt).Report().Active);
    }

    [Fact]
    public void The_same_document_again_is_no_news()
    {
        var message = Message(3, """{ "telemetry": { "summarySeconds": 2 } }""");
        var before = Of(RunningConfig.Read(null));
        before.Judge(message);
        var after = Of(RunningConfig.Read(null).WithOverlay(data["config"], out _), before.LastAttempt);
        Assert.False(after.Judge(message)); // Retained, so it comes again after every connect.
        Assert.Equal(ConfigResult.Applied, after.LastAttempt!.Result);
    }

    [Fact]
    public void A_document_that_changes_nothing_is_unchanged_and_not_written()
    {
        var desired = Of(RunningConfig.Read(null));
        Assert.False(desired.Judge(Message(1, """{ "telemetry": { "summarySeconds": 5 } }""")));
        Assert.Equal(ConfigResult.Unchanged, desired.LastAttempt!.Result);
        Assert.False(File.Exists(Overlay));
    }

    [Fact]
    public void All_reasons_are_given_at_once_and_nothing_is_written()
    {
        File.WriteAllText(data["device.json"], """{ "updates": { "accept": false } }""");
        var desired = Of(RunningConfig.Read(data["device.json"]), loopback: false);
        Assert.False(desired.Judge(Message(1, """{ "window": { "length": 1, "strid": 2 }, "sensor": { "speed": "fast" } }""")));
        var attempt = desired.LastAttempt!;
        Assert.Equal(ConfigResult.Refused, attempt.Result);
        Assert.Equal(5, attempt.Reasons.Count);
        Assert.Equal("updates.accept is false on this device; change it in the device's own config file", attempt.Reasons[0]);
        Assert.Equal("it is not signed, and the broker is not on the loopback interface; unsigned configuration is taken only from a broker on the device itself", attempt.Reasons[1]);
        Assert.Contains(attempt.Reasons, reason => reason.Contains("window.length", StringComparison.Ordinal));
        Assert.Contains(attempt.Reasons, reason => reason.Contains("window.strid", StringComparison.Ordinal));
        Assert.Contains(attempt.Reasons, reason => reason.Contains("sensor.speed", StringComparison.Ordinal));
        Assert.Empty(Directory.GetFileSystemEntries(data.Path, "desired*", SearchOption.AllDirectories));
    }

    [Theory]
    [InlineData(4, "version 4 is older than the active version 5; send a higher version, with the old content if that is what you want")]
    [InlineData(5, "version 5 is active with other content; give every change a new version")]
    public void A_version_is_never_taken_back_or_used_twice(long version, string reason)
    {
        Of(RunningConfig.Read(null)).Judge(Message(5, """{ "telemetry": { "summarySeconds": 2 } }"""));
        byte[] kept = File.ReadAllBytes(Overlay);
        var desired = Of(RunningConfig.Read(null).WithOverlay(data["config"], out _));
        Assert.False(desired.Judge(Message(version, """{ "telemetry": { "summarySeconds": 3 } }""")));
        Assert.Equal([reason], desired.LastAttempt!.Reasons);
        Assert.Equal(kept, File.ReadAllBytes(Overlay));
    }

    [Fact]
    public void A_document_that_comes_before_the_restart_is_measured_against_what_was_just_accepted()
    {
        var desired = Of(RunningConfig.Read(null));
        Assert.True(desired.Judge(Message(5, """{ "telemetry": { "summarySeconds": 2 } }""")));
        Assert.False(desired.Judge(Message(4, """{ "telemetry": { "summarySeconds": 3 } }""")));
        Assert.Contains("older than the active version 5", Assert.Single(desired.LastAttempt!.Reasons));
        Assert.Equal(5, RunningConfig.Read(null).WithOverlay(data["config"], out _).Overlay!.Version);
        Assert.True(desired.Judge(Message(6, "{}"))); // Back to the file's own, which is not what was accepted last.
    }

    [Theory]
    [InlineData("""{ "device": { "id": "other" } }""")]
    [InlineData("""{ "device": { "dataDirectory": "/tmp/other" } }""")]
    public void A_device_is_not_renamed_or_moved_over_the_air(string config)
    {
        var desired = Of(RunningConfig.Read(null));
        Assert.False(desired.Judge(Message(1, config)));
        Assert.Equal(["device.id and device.dataDirectory cannot be changed over the air: the device would not find its memory again"], desired.LastAttempt!.Reasons);
        Assert.False(File.Exists(Overlay));
    }

    [Theory]
    [InlineData("")]
    [InlineData("not json")]
    [InlineData("[]")]
    [InlineData("""{ "version": 1 }""")]
    [InlineData("""{ "config": {} }""")]
    [InlineData("""{ "version": 0, "config": {} }""")]
    [InlineData("""{ "version": 1, "config": [] }""")]
    [InlineData("""{ "version": 1, "config": {}, "extra": true }""")]
    public void A_message_that_is_none_is_refused_with_a_reason(string payload)
    {
        var desired = Of(RunningConfig.Read(null));
        Assert.False(desired.Judge(Encoding.UTF8.GetBytes(payload)));
        Assert.Equal(ConfigResult.Refused, desired.LastAttempt!.Result);
        Assert.Null(desired.LastAttempt.Version);
        Assert.NotEmpty(desired.LastAttempt.Reasons);
        Assert.False(File.Exists(Overlay));
    }

    [Fact]
    public void A_key_that_is_written_twice_is_refused_not_guessed()
    {
        var desired = Of(RunningConfig.Read(null));
        Assert.False(desired.Judge(Message(1, """{ "sensor": { "speed": 1, "speed": 2 } }""")));
        Assert.Contains("speed", Assert.Single(desired.LastAttempt!.Reasons));
    }

    [Fact]
    public void A_disk_that_refuses_it_is_a_reason_too()
    {
        File.WriteAllText(data["config"], "a file where the folder belongs");
        var desired = Of(RunningConfig.Read(null));
        Assert.False(desired.Judge(Message(1, """{ "telemetry": { "summarySeconds": 2 } }""")));
        Assert.StartsWith("it could not be written: ", Assert.Single(desired.LastAttempt!.Reasons));
    }

    private DesiredConfig Of(RunningConfig active, ConfigAttempt? last = null, bool loopback = true) => new(active, data["config"], loopback, last, new FakeTimeProvider(s_now));

    private static byte[] Message(long version, string config) => Encoding.UTF8.GetBytes($$"""{ "version": {{version}}, "config": {{config}} }""");
}
