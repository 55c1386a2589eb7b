using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Edge.Runtime.Fleet.Watching;
using Edge.Telemetry.Messages;
using Edge.Telemetry.Mqtt;
using Microsoft.Extensions.Time.Testing;
using Spectre.Console;

namespace Edge.Runtime.Tests.Fleet;

/// <summary>What an operator sees of a fleet follows from its messages: who is in trouble, who is silent, and nothing that a stranger's bytes could put on the terminal.</summary>
public sealed class FleetBoardTests
{
    private readonly FakeTimeProvider time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly FleetBoard board;

    public FleetBoardTests() => board = new FleetBoard("edge", TimeSpan.FromSeconds(60), time, capacity: 5);

    [Fact]
    public void A_row_gathers_what_the_topics_of_a_device_say()
    {
        Hear("d1", "status", new { state = "online", snapshotId = "s1", ts = Now });
        Hear("d1", "snapshot", new { @event = "promoted", snapshotId = "s2", anchorAccuracyPercent = 81.26, ts = Now });
        Hear("d1", "forgetting", new { averageAccuracyPercent = 64.5, overallAccuracyPercent = 79.94, perClass = new object[] { new { @class = "sitting", forgettingPoints = 2.5 }, new { @class = "walking", forgettingPoints = 7.25 } } });
        Hear("d1", "drift", new { what = "inputs", channel = "accX", score = 1.456, alarm = false });
        Hear("d1", "drift", new { what = "inputs", channel = "accX", score = 1.456, alarm = true });
        Hear("d1", "prediction", new { messagesDropped = new { drift = 2, training = 3 } });
        Hear("d1", "config/reported", new { active = new { version = 6 }, lastAttempt = new { version = 7, result = "rolledBack", codes = new[] { "latencyTooHigh" } } });
        var row = Assert.Single(board.Rows);
        Assert.Equal(("online", "s2", 79.9, new WorstForgetting("walking", 7.2), 5L), (row.State, row.Snapshot, row.AnchorAccuracyPercent, row.WorstForgetting, row.MessagesDropped));
        Assert.Equal(("inputs", "accX", 1.46, 1L), (row.Drift!.What, row.Drift.Channel, row.Drift.Score, row.DriftAlarmCount));
        Assert.Equal(new ConfigShown(6, 7, "rolledBack", ["latencyTooHigh"]), row.Config);
        Assert.Equal([DeviceTrouble.RolledBack, DeviceTrouble.Forgetting, DeviceTrouble.Drifting, DeviceTrouble.Dropping], row.Trouble);
    }

    [Fact]
    public void What_the_broker_has_kept_fills_the_row_at_once()
    {
        var at = Now.AddMinutes(-3);
        board.Hear(Message("d1", "status", Status(1, new { what = "inputs", channel = "accX", score = 1.456, windowId = 77, at }), retained: true));
        var row = Assert.Single(board.Rows);
        Assert.Equal((81.3, new WorstForgetting("walking", 27.5), 1L), (row.AnchorAccuracyPercent, row.WorstForgetting, row.DriftAlarmCount));
        Assert.Equal(new DriftShown("inputs", "accX", 1.46, 77, at), row.Drift);
        Assert.Equal([DeviceTrouble.Forgetting, DeviceTrouble.Drifting], row.Trouble);
        Assert.Matches(@"81\.3 % +27\.5 walking +inputs accX 1\.5, 3 min", Shown());
    }

    [Fact]
    public void Of_a_device_without_an_alarm_it_is_shown_how_far_it_is_from_one()
    {
        Assert.Equal(["driftAlarmCount"], ChangedAfter("prediction", "status", Status(0, null)).Where(name => name.StartsWith("drift", StringComparison.Ordinal)));
        Assert.Matches("27\\.5 walking +none  ", Shown());
        Assert.Null(Hear("d1", "prediction", new { driftScore = 0.4249 }));
        Assert.Contains("none, 0.42 of 1", Shown());
    }

    [Fact]
    public void An_alarm_is_one_alarm_by_whichever_topic_it_comes_first()
    {
        var alarm = new { alarm = true, what = "inputs", score = 1.2, windowId = 77, ts = Now };
        var status = Status(1, new { what = "inputs", score = 1.2, windowId = 77, at = Now });
        Hear("first", "drift", alarm);
        Assert.DoesNotContain("drift", Hear("first", "status", status)!.Changed);
        Hear("second", "status", status);
        Assert.Null(Hear("second", "drift", alarm));
        Assert.All(board.Rows, row => Assert.Equal(1, row.DriftAlarmCount));

        Hear("second", "drift", new { alarm = true, what = "embedding", score = 2, windowId = 30, ts = Now.AddMinutes(-1) }); // It waited for the broker, and the newer one did not.
        Assert.Equal("inputs", board.Rows.Single(row => row.Device == "second").Drift!.What);
    }

    [Fact]
    public void There_is_one_accuracy_whoever_says_it_and_of_two_the_one_measured_later_counts()
    {
        board.Hear(Message("d1", "status", Status(0, null), retained: true));
        board.Hear(Message("d1", "snapshot", new { @event = "promoted", anchorAccuracyPercent = 91.7, ts = Now.AddHours(-1) }, retained: true)); // A broker hands over what it had kept in any order.
        Assert.Equal(81.3, board.Rows[0].AnchorAccuracyPercent);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(Hear("d1", "forgetting", new { averageAccuracyPercent = 60, overallAccuracyPercent = 81.26, perClass = new[] { new { @class = "walking", forgettingPoints = 27.5 } }, ts = Now }));
    }

    [Fact]
    public void The_last_will_takes_away_nothing_that_was_known()
    {
        Hear("d1", "status", Status(1, new { what = "inputs", windowId = 77, score = 1.2, at = Now }));
        Hear("d1", "status", new { state = "offline", reason = "lwt", ts = Now.AddHours(-5) });
        var row = board.Rows[0];
        Assert.Equal((81.3, 27.5, "inputs", 1L), (row.AnchorAccuracyPercent, row.WorstForgetting!.Points, row.Drift!.What, row.DriftAlarmCount));
    }

    [Fact]
    public void Trouble_is_at_the_top_the_worst_first()
    {
        Hear("well", "status", new { state = "online" });
        Hear("stopped", "status", new { state = "offline", reason = "stopped" });
        Hear("lost", "status", new { state = "offline", reason = "lwt" });
        Hear("refusing", "config/reported", new { active = new { }, lastAttempt = new { version = 1, result = "refused" } });
        Assert.Equal(["lost", "refusing", "stopped", "well"], board.Rows.Select(row => row.Device));
    }

    [Fact]
    public void A_device_whose_clock_runs_ahead_is_stale_and_done_drifting_as_soon_as_any_other()
    {
        board.Hear(Message("d1", "status", new { state = "online", ts = Now.AddDays(1) }, retained: true));
        Hear("d1", "drift", new { alarm = true, what = "inputs", ts = Now.AddDays(1) });
        Assert.Equal(Now, board.Rows[0].LastSeen);
        time.Advance(TimeSpan.FromMinutes(10));
        board.Tick();
        Assert.Equal([DeviceTrouble.Stale], board.Rows[0].Trouble);
    }

    [Fact]
    public void A_device_that_says_it_is_there_and_is_not_heard_of_is_stale_until_it_is()
    {
        Hear("d1", "status", new { state = "online" });
        Hear("gone", "status", new { state = "offline", reason = "stopped" });
        time.Advance(TimeSpan.FromSeconds(60));
        Assert.Empty(board.Tick());
        time.Advance(TimeSpan.FromSeconds(1));
        var change = Assert.Single(board.Tick());
        Assert.Equal(("d1", true), (change.Device, change.Row!.Stale));
        Assert.Equal(["stale", "trouble"], change.Changed);
        Assert.Equal(["stale", "trouble"], Hear("d1", "training", new { @event = "progress" })!.Changed);
        Assert.Empty(board.Rows.Single(row => row.Device == "d1").Trouble);
    }

    [Fact]
    public void What_the_broker_had_kept_is_as_old_as_the_device_says_and_the_last_will_is_no_sign_of_life()
    {
        board.Hear(Message("d1", "status", new { state = "online", ts = Now.AddMinutes(-5) }, retained: true));
        Assert.Equal((true, Now.AddMinutes(-5)), (board.Rows[0].Stale, board.Rows[0].LastSeen));
        Hear("d1", "prediction", new { });
        time.Advance(TimeSpan.FromSeconds(30));
        Hear("d1", "status", new { state = "offline", reason = "lwt", ts = Now });
        Assert.Equal(Now.AddSeconds(-30), board.Rows[0].LastSeen);
    }

    [Fact]
    public void That_it_was_heard_of_again_is_no_change_and_a_change_names_what_changed()
    {
        Assert.Empty(Hear("d1", "prediction", new { snapshotId = "s1" })!.Changed); // New.
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.Null(Hear("d1", "prediction", new { snapshotId = "s1", windowsSeen = 12 }));
        Assert.Equal(Now, board.Rows[0].LastSeen);
        Assert.Equal(["snapshot"], Hear("d1", "prediction", new { snapshotId = "s2" })!.Changed);
    }

    [Fact]
    public void A_device_whose_retained_status_is_cleared_is_gone_and_no_more_than_the_capacity_are_kept()
    {
        for (int i = 0; i < 7; i++) Hear($"d{i}", "status", new { state = "online" });
        Assert.Equal((5, 2L), (board.Count, board.TurnedAwayCount));
        Assert.Null(board.Hear(new InboundMessage("edge/d0/status", ReadOnlyMemory<byte>.Empty, false))!.Row);
        Assert.Equal(4, board.Count);
    }

    [Theory]
    [InlineData("edge/d1/status", "")]
    [InlineData("edge/d1/status", "[1]")]
    [InlineData("edge/d1/status", "{\"state\":")]
    [InlineData("edge/d\u001b[2J/status", "{}")]
    [InlineData("edge/status", "{}")]
    [InlineData("other/d1/status", "{}")]
    public void What_no_device_sends_makes_no_row(string topic, string payload)
    {
        Assert.Null(board.Hear(new InboundMessage(topic, Encoding.UTF8.GetBytes(payload), false)));
        Assert.Equal(0, board.Count);
    }

    [Fact]
    public void A_text_cannot_move_the_cursor_nor_take_the_memory_and_a_wrong_type_is_as_if_it_were_not_there()
    {
        Hear("d1", "status", new { state = "on\u001b[2Jline" + new string('x', 5000), reason = 7, snapshotId = new[] { 1 } });
        var row = board.Rows[0];
        Assert.StartsWith("on [2Jline", row.State);
        Assert.Equal((200, null, null), (row.State!.Length, row.Reason, row.Snapshot));
    }

    private object Status(long driftAlarms, object? latestDrift) => new { state = "online", anchorAccuracyPercent = 81.26, worstForgetting = new { @class = "walking", points = 27.5 }, driftAlarms, latestDrift, ts = Now };

    private IReadOnlyList<string> ChangedAfter(string first, string suffix, object body)
    {
        Hear("d1", first, new { });
        return Hear("d1", suffix, body)!.Changed;
    }

    private string Shown()
    {
        using var text = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(text) });
        console.Profile.Width = 300;
        console.Write(FleetTable.Picture(board, new LinkState { Broker = "127.0.0.1:1883", Connected = true, Since = Now }, Now, 300, 50));
        return text.ToString();
    }

    private DateTimeOffset Now => time.GetUtcNow();

    private RowChange? Hear(string device, string suffix, object body) => board.Hear(Message(device, suffix, body, retained: false));

    private static InboundMessage Message(string device, string suffix, object body, bool retained) => new($"edge/{device}/{suffix}", Encoding.UTF8.GetBytes(JsonNode.Parse(JsonSerializer.Serialize(body))!.ToJsonString()), retained);
}
