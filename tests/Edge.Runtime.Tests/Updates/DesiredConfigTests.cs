using System.Text;
using Edge.Runtime.Inference;
using Edge.Runtime.Stages;
using Edge.Runtime.Updates;
using Edge.Runtime.Updates.Checks;
using Edge.Runtime.Updates.States;
using Edge.Runtime.Updates.Trials;
using Edge.Runtime.Updates.Trust;
using Edge.Telemetry.Messages;

namespace Edge.Runtime.Tests.Updates;

/// <summary>Configuration from the air through its life in a service: staged, tried, kept or rolled back, and nothing on disk unless it passed all checks.</summary>
public sealed class DesiredConfigTests : IDisposable
{
    private readonly DataFolder data = new();
    private readonly TestClock clock = new();
    private readonly List<ConfigReportedMessage> told = [];
    private LiveConfig live = null!;
    private string diskRefusesAt = ""; // A point between two writes; see ConfigMachine.Open.

    public void Dispose() => data.Dispose();

    [Fact]
    public void A_live_change_runs_at_once_is_on_trial_and_stays_when_it_has_proved_itself()
    {
        var desired = Start();
        Assert.False(desired.Judge(Message(3, """{ "telemetry": { "summarySeconds": 2 } }""")));
        Assert.Equal(2, live.Current.Telemetry.SummarySeconds);
        Assert.True(desired.IsOnTrial);
        Assert.Equal([ConfigResult.Staged, ConfigResult.Trial], told.Select(t => t.LastAttempt!.Result));
        Assert.Equal((null, "default"), (told[^1].Active.Version, told[^1].Active.Source)); // Not the last good one yet.

        Assert.False(desired.End(desired.Tried!, Kept));
        var last = told[^1];
        Assert.Equal((3L, "desired", ConfigResult.Applied, ConfigStage.Active), (last.Active.Version, last.Active.Source, last.LastAttempt!.Result, last.LastAttempt.Stage));
        Assert.Equal((last.Active.Hash, "unsigned", ConfigTrust.Unsigned), (last.LastAttempt.Hash, last.LastAttempt.KeyId, last.Trust));
        Assert.Equal(3, ConfigMachine.Look(data["config"])!.Version);
    }

    [Fact]
    public void A_live_change_that_fails_is_taken_back_at_once_and_not_tried_again_until_its_version_changes()
    {
        var desired = Start();
        desired.Judge(Message(3, """{ "telemetry": { "summarySeconds": 2 } }"""));
        Assert.False(desired.End(desired.Tried!, Failed));
        Assert.Equal(5, live.Current.Telemetry.SummarySeconds);
        Assert.Equal((null, ConfigResult.RolledBack, "latencyTooHigh"), (told[^1].Active.Version, told[^1].LastAttempt!.Result, Assert.Single(told[^1].LastAttempt!.Codes!)));

        desired.Judge(Message(3, """{ "telemetry": { "summarySeconds": 2 } }""")); // Retained, so it comes again after every connect.
        Assert.Equal((5, ConfigResult.RolledBack), (live.Current.Telemetry.SummarySeconds, told[^1].LastAttempt!.Result));
        desired = Start(); // And after every start.
        desired.Judge(Message(3, """{ "telemetry": { "summarySeconds": 2 } }"""));
        Assert.Equal((5, ConfigResult.RolledBack), (live.Current.Telemetry.SummarySeconds, told[^1].LastAttempt!.Result));
        desired.Judge(Message(4, """{ "telemetry": { "summarySeconds": 2 } }"""));
        Assert.Equal((2, ConfigResult.Trial), (live.Current.Telemetry.SummarySeconds, told[^1].LastAttempt!.Result));
    }

    [Fact]
    public void A_heavier_change_asks_for_a_restart_and_the_next_start_tries_it()
    {
        var desired = Start();
        Assert.True(desired.Judge(Message(3, """{ "replay": { "capacity": 400 } }""")));
        Assert.Equal(306, live.Current.Replay.Capacity);
        Assert.Equal(ConfigResult.Staged, told[^1].LastAttempt!.Result);
        desired = Start();
        Assert.Equal((400, true), (live.Current.Replay.Capacity, desired.IsOnTrial));
        Assert.True(desired.End(desired.Tried!, Failed)); // Back means another restart.
        desired = Start();
        Assert.Equal(306, live.Current.Replay.Capacity);
        desired.Arrived();
        Assert.Equal((ConfigPhase.Active, ConfigResult.RolledBack), (ConfigMachine.Open(data["config"], clock).State.Phase, told[^1].LastAttempt!.Result));
    }

    [Fact]
    public void What_the_anchors_chose_is_laid_aside_while_another_snapshot_is_on_trial_and_comes_back_with_the_old_one()
    {
        File.WriteAllText(data["statistics.bin"], "counted over months");
        File.WriteAllText(data["readout.json"], "chosen before");
        var desired = Start();
        Assert.True(desired.Judge(Message(3, """{ "window": { "length": 64, "stride": 32 }, "updates": { "acceptNewSnapshot": true } }""")));
        Start();
        File.WriteAllText(data["readout.json"], "chosen in the trial");
        desired = Start(); // One attempt more; what is laid aside stays what it was.
        Assert.True(desired.End(desired.Tried!, Failed));
        Start();
        Assert.Equal(("chosen before", "counted over months"), (File.ReadAllText(data["readout.json"]), File.ReadAllText(data["statistics.bin"])));
        Assert.Empty(Directory.GetDirectories(data["config"], "read-out-of-*"));

        desired = Start();
        desired.Judge(Message(4, """{ "window": { "length": 64, "stride": 32 }, "updates": { "acceptNewSnapshot": true } }"""));
        desired = Start();
        File.WriteAllText(data["readout.json"], "chosen in the trial");
        desired.End(desired.Tried!, Kept);
        Start();
        Assert.Equal("chosen in the trial", File.ReadAllText(data["readout.json"]));
        Assert.Empty(Directory.GetDirectories(data["config"], "read-out-of-*"));
    }

    [Fact]
    public void What_a_trial_was_first_to_write_of_the_read_out_goes_with_it()
    {
        var desired = Start();
        Assert.True(desired.Judge(Message(3, """{ "window": { "length": 64, "stride": 32 }, "updates": { "acceptNewSnapshot": true } }""")));
        desired = Start();
        File.WriteAllText(data["readout.json"], "chosen in the trial, for another snapshot");
        Assert.True(desired.End(desired.Tried!, Failed));
        Start();
        Assert.False(File.Exists(data["readout.json"]));
    }

    [Fact]
    public void What_the_anchors_chose_comes_back_too_where_the_trial_is_superseded_by_one_that_needs_no_other_snapshot()
    {
        File.WriteAllText(data["readout.json"], "chosen before");
        var desired = Start();
        desired.Judge(Message(3, """{ "window": { "length": 64, "stride": 32 }, "updates": { "acceptNewSnapshot": true } }"""));
        desired = Start();
        File.WriteAllText(data["readout.json"], "chosen in the trial");
        Assert.True(desired.Judge(Message(4, """{ "drift": { "threshold": 7 } }""")));
        desired = Start();
        Assert.Equal((7, "chosen before"), (live.Current.Drift.Threshold, File.ReadAllText(data["readout.json"])));
        desired.End(desired.Tried!, Kept);
        Start();
        Assert.Equal("chosen before", File.ReadAllText(data["readout.json"]));
    }

    [Fact]
    public void What_could_not_be_brought_back_at_one_start_is_brought_back_at_the_next()
    {
        File.WriteAllText(data["readout.json"], "chosen before");
        var desired = Start();
        desired.Judge(Message(3, """{ "window": { "length": 64, "stride": 32 }, "updates": { "acceptNewSnapshot": true } }"""));
        desired = Start();
        desired.End(desired.Tried!, Failed);
        File.Delete(data["readout.json"]);
        Directory.CreateDirectory(data["readout.json"]); // No file can take its place.
        desired = Start();
        desired.Arrived();
        Assert.Equal(ConfigPhase.Active, ConfigMachine.Open(data["config"], clock).State.Phase);
        Directory.Delete(data["readout.json"]);
        Start();
        Assert.Equal("chosen before", File.ReadAllText(data["readout.json"]));
    }

    [Fact]
    public void A_newer_version_takes_the_place_of_one_on_trial_and_going_back_is_to_the_last_good_one()
    {
        var desired = Start();
        desired.Judge(Message(3, """{ "drift": { "threshold": 6 } }"""));
        desired.End(desired.Tried!, Kept);
        desired.Judge(Message(4, """{ "drift": { "threshold": 7 } }"""));
        var superseded = desired.Tried!;
        desired.Judge(Message(5, """{ "drift": { "threshold": 8 } }"""));
        Assert.Equal("superseded", Assert.Single(Assert.Single(told, t => t.LastAttempt is { Version: 4, Result: ConfigResult.Superseded }).LastAttempt!.Codes!));
        Assert.Equal(8, live.Current.Drift.Threshold);
        desired.End(superseded, Kept); // Judged too late: it is not what is on trial any more.
        Assert.True(desired.IsOnTrial);
        desired.End(desired.Tried!, Failed);
        Assert.Equal((6, 3L), (live.Current.Drift.Threshold, told[^1].Active.Version));
        Assert.False(desired.Judge(Message(4, """{ "drift": { "threshold": 7 } }""")));
        Assert.Equal("versionOlder", Assert.Single(told[^1].LastAttempt!.Codes!));
    }

    [Fact]
    public void A_live_change_that_comes_while_a_heavier_one_waits_for_its_restart_has_all_its_attempts_after_that()
    {
        var desired = Start();
        Assert.True(desired.Judge(Message(2, """{ "replay": { "capacity": 400 } }""")));
        Assert.False(desired.Judge(Message(3, """{ "drift": { "threshold": 7 }, "updates": { "trialAttempts": 1 } }"""))); // Before the pipeline has stopped.
        desired = Start(wasInterrupted: false); // As version 2 wanted.
        Assert.Equal((7, 3L), (live.Current.Drift.Threshold, desired.Tried?.Version));
        desired = Start(); // Killed.
        Assert.Equal(("tooManyAttempts", null), (Assert.Single(desired.LastAttempt!.Codes!), desired.Tried));
    }

    [Fact]
    public void What_changes_nothing_is_active_at_once_under_its_new_version()
    {
        var desired = Start();
        Assert.False(desired.Judge(Message(1, """{ "telemetry": { "summarySeconds": 5 } }""")));
        Assert.Equal((1L, ConfigResult.Applied), (told[^1].Active.Version, told[^1].LastAttempt!.Result));
    }

    [Fact]
    public void The_content_of_what_is_on_trial_under_another_version_stays_on_trial_and_going_back_is_to_the_last_good_one()
    {
        var desired = Start();
        desired.Judge(Message(1, """{ "telemetry": { "summarySeconds": 2 } }"""));
        Assert.False(desired.Judge(Message(2, """{ "telemetry": { "summarySeconds": 2 } }""")));
        Assert.Equal((2L, ConfigResult.Trial, null), (desired.Tried?.Version, told[^1].LastAttempt!.Result, told[^1].Active.Version));
        desired.End(desired.Tried!, Failed);
        Assert.Equal((5, null), (live.Current.Telemetry.SummarySeconds, told[^1].Active.Version));
    }

    [Theory]
    [InlineData("""{ "replay": { "capacity": 400 } }""")]
    [InlineData("""{ "replay": { "capacity": 400 }, "updates": { "trialSeconds": 0 } }""")] // A hold of nothing is for what changes in a running service.
    public void What_runs_on_trial_after_a_restart_does_not_become_the_last_good_one_by_being_sent_again(string again)
    {
        var desired = Start();
        Assert.True(desired.Judge(Message(1, """{ "replay": { "capacity": 400 } }""")));
        desired = Start();
        Assert.False(desired.Judge(Message(2, again)));
        Assert.Equal((2L, ConfigResult.Trial, null), (desired.Tried?.Version, told[^1].LastAttempt!.Result, told[^1].Active.Version));
        Assert.True(desired.End(desired.Tried!, Failed));
        Assert.False(desired.Judge(Message(3, again))); // Before the pipeline has stopped, what was rolled back still runs.
        Assert.Null(told[^1].Active.Version);
        Assert.Equal(306, desired.GoodConfig.Replay.Capacity);
    }

    [Fact]
    public void An_unsigned_document_does_not_move_the_device_to_a_broker_from_which_it_would_take_nothing()
    {
        var desired = Start();
        desired.Judge(Message(1, """{ "telemetry": { "broker": "external", "host": "broker.example" } }"""));
        Assert.Equal("unsigned", Assert.Single(told[^1].LastAttempt!.Codes!));
        Assert.True(desired.Judge(Message(2, """{ "telemetry": { "broker": "external", "host": "127.0.0.1", "port": 1884 } }""")));
    }

    [Fact]
    public void With_no_time_to_hold_a_live_change_is_active_when_the_call_returns()
    {
        var desired = Start();
        desired.Judge(Message(1, """{ "telemetry": { "summarySeconds": 2 }, "updates": { "trialSeconds": 0 } }"""));
        Assert.Equal((1L, ConfigResult.Applied), (told[^1].Active.Version, told[^1].LastAttempt!.Result));
    }

    [Fact]
    public void A_refusal_has_a_code_for_every_reason_and_writes_nothing()
    {
        var desired = Start();
        Assert.False(desired.Judge(Message(1, """{ "window": { "length": 1, "strid": 2 }, "sensor": { "speed": "fast" } }""")));
        var attempt = told[^1].LastAttempt!;
        Assert.Equal((ConfigResult.Refused, ConfigStage.Checks, 3), (attempt.Result, attempt.Stage, attempt.Reasons.Count));
        Assert.Equal(["invalid", "invalid", "invalid"], attempt.Codes);
        Assert.False(Directory.Exists(data["config"]));
    }

    [Fact]
    public void A_report_that_cannot_be_made_changes_nothing()
    {
        var desired = Start(tell: _ => { });
        desired.Judge(Message(3, """{ "telemetry": { "summarySeconds": 2 } }"""));
        desired.End(desired.Tried!, Kept);
        Assert.Equal(3, ConfigMachine.Look(data["config"])!.Version);
    }

    [Fact]
    public void A_disk_that_refuses_it_is_a_reason_too_and_the_device_goes_on()
    {
        File.WriteAllText(data["config"], "a file where the folder belongs");
        var desired = Start();
        Assert.False(desired.Judge(Message(1, """{ "telemetry": { "summarySeconds": 2 } }""")));
        Assert.Equal((5, "notWritten"), (live.Current.Telemetry.SummarySeconds, Assert.Single(told[^1].LastAttempt!.Codes!)));
    }

    [Fact]
    public void Without_any_key_nothing_is_taken_from_a_broker_that_is_not_on_the_device_itself()
    {
        var desired = Start(brokerIsLoopback: false);
        Assert.False(desired.Judge(Message(1, """{ "drift": { "threshold": 7 } }""")));
        Assert.Equal((ConfigTrust.Nothing, "unsigned"), (desired.Trust, Assert.Single(told[^1].LastAttempt!.Codes!)));
        Assert.False(Directory.Exists(data["config"]));
        Assert.Equal(ConfigTrust.Unsigned, Start().Trust);
    }

    [Fact]
    public void A_device_that_is_told_to_take_nothing_takes_nothing()
    {
        File.WriteAllText(data["device.json"], """{ "updates": { "accept": false } }""");
        var desired = Start(file: data["device.json"]);
        Assert.False(desired.Judge(Message(1, """{ "updates": { "accept": true } }""")));
        Assert.Equal((ConfigTrust.Nothing, "notAccepted"), (desired.Trust, Assert.Single(told[^1].LastAttempt!.Codes!)));
        Assert.False(Directory.Exists(data["config"]));
    }

    [Fact]
    public void A_disk_that_refuses_a_newer_one_leaves_what_is_on_trial_on_trial()
    {
        var desired = Start();
        Assert.True(desired.Judge(Message(3, """{ "replay": { "capacity": 400 } }""")));
        desired = Start(); // On trial, and not to be exchanged for the last good one in a running service.
        diskRefusesAt = "stage.state.begin";
        Assert.False(desired.Judge(Message(4, """{ "replay": { "capacity": 400 }, "drift": { "threshold": 7 } }""")));
        Assert.Equal((4L, ConfigResult.Refused, "notWritten"), (told[^1].LastAttempt!.Version, told[^1].LastAttempt!.Result, Assert.Single(told[^1].LastAttempt!.Codes!)));
        Assert.Equal((400, 3L), (live.Current.Replay.Capacity, desired.Tried?.Version));
        Assert.DoesNotContain(told, t => t.LastAttempt?.Result == ConfigResult.Superseded);

        diskRefusesAt = "";
        Assert.False(desired.End(desired.Tried!, Kept));
        Assert.Equal((3L, ConfigResult.Applied), (told[^1].Active.Version, told[^1].LastAttempt!.Result));
    }

    [Fact]
    public void A_newer_one_whose_trial_cannot_be_written_is_left_for_the_last_good_one_by_a_restart_where_the_service_runs_what_only_a_restart_ends()
    {
        var desired = Start();
        Assert.True(desired.Judge(Message(3, """{ "replay": { "capacity": 400 } }""")));
        desired = Start();
        diskRefusesAt = "try.state.begin";
        Assert.True(desired.Judge(Message(4, """{ "replay": { "capacity": 400 }, "drift": { "threshold": 7 } }""")));
        Assert.Equal((4L, "notWritten"), (told[^1].LastAttempt!.Version, Assert.Single(told[^1].LastAttempt!.Codes!)));
        diskRefusesAt = "";
        Start();
        Assert.Equal(306, live.Current.Replay.Capacity);
    }

    private static TrialVerdict Kept => new(TrialDecision.Promote, [], []);

    private static TrialVerdict Failed => new(TrialDecision.RollBack, [new Reason(ReasonCode.LatencyTooHigh, "too slow")], []);

    private DesiredConfig Start(Action<ConfigReportedMessage>? tell = null, string? file = null, bool brokerIsLoopback = true, bool wasInterrupted = true)
    {
        var machine = ConfigMachine.Open(data["config"], clock, at =>
        {
            if (at == diskRefusesAt) throw new IOException("no space left on device");
        });
        var running = UpdateStart.Choose(RunningConfig.Read(file), machine, new KeptReadOut(new ReadOutFiles(data["statistics.bin"], data["readout.json"]), data["config"]), "", Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance, wasInterrupted);
        live = new LiveConfig(running.Verdict.Config!);
        return new DesiredConfig(new UpdateState(machine, KeyRingStore.Open("", data["config"]), clock), running, live, new RunRequest(), new UpdateSurroundings { DeviceId = "d1", BrokerIsLoopback = brokerIsLoopback, AccuracyPercent = () => null, Tell = tell ?? told.Add });
    }

    private static byte[] Message(long version, string config) => Encoding.UTF8.GetBytes($$"""{ "version": {{version}}, "config": {{config}} }""");
}
