using Edge.Telemetry.Messages;
using Edge.Telemetry.Mqtt;

namespace Edge.Telemetry.Tests.Mqtt;

/// <summary>A broker's no to one message is about that message: it holds up no other, and what should never be dropped is not given up for it.</summary>
public class RefusedMessageTests
{
    private const string Alarm = "edge/pump-7/forgetting/alarm";

    [Theory]
    [InlineData(0x80, "UnspecifiedError")]
    [InlineData(0x83, "ImplementationSpecificError")]
    [InlineData(0x87, "NotAuthorized")]
    [InlineData(0x90, "TopicNameInvalid")]
    [InlineData(0x97, "QuotaExceeded")]
    public async Task What_is_never_dropped_and_refused_for_now_waits_alone_and_arrives_in_order_when_it_is_taken(byte reason, string name)
    {
        await using ScriptedBroker broker = new((topic, _) => topic == Alarm ? reason : (byte)0);
        await using Device device = new Device(broker.Port).Start();
        device.Link.Send(AlarmOf("1"));
        for (int i = 1; i <= 50; i++) device.Event(i);
        device.Link.Send(AlarmOf("2"));
        device.Event(51);

        await Eventually.Holds(() => broker.TakenOn(device.Topics.Training).Count == 51 && device.Link.State is { QueuedCount: 2, ParkedCount: 2 }, "everything else is acknowledged");
        LinkState state = device.Link.State;
        Assert.Equal(Enumerable.Range(1, 51), broker.TakenOn(device.Topics.Training).Select(Device.RoundOf));
        Assert.Equal((0L, 0L, 0L), (state.ReconnectCount, state.RefusedCount, state.NeverDroppedLostCount));
        Assert.Contains(name, state.LastError, StringComparison.Ordinal);

        broker.Answer = (_, _) => 0;
        await Eventually.Holds(() => device.Link.State is { QueuedCount: 0, ParkedCount: 0 }, "the alarms are acknowledged");
        Assert.Equal(["1", "2"], broker.TakenOn(Alarm));
        Assert.Equal(0, device.Link.State.ReconnectCount);
    }

    [Fact]
    public async Task A_status_that_is_refused_holds_up_nothing_and_the_latest_one_is_told_when_it_is_taken()
    {
        await using ScriptedBroker broker = new((topic, _) => topic.EndsWith("/status", StringComparison.Ordinal) ? (byte)0x97 : (byte)0);
        await using Device device = new Device(broker.Port).Start();
        device.Reporter.Status(new StatusMessage { State = DeviceState.Starting });
        await Eventually.Holds(() => device.Link.State.ParkedCount == 1, "the status was refused");
        device.Online();
        device.Event(1);
        await Eventually.Holds(() => device.Link.State is { QueuedCount: 0, ParkedCount: 1, PublishedCount: 1 }, "the event is acknowledged");

        broker.Answer = (_, _) => 0;
        await Eventually.Holds(() => device.Link.State.ParkedCount == 0, "the status is acknowledged");
        Assert.Equal(["online"], broker.TakenOn(device.Topics.Status).Select(Device.StateOf));
        Assert.Equal((0L, 0L), (device.Link.State.ReconnectCount, device.Link.State.RefusedCount));
    }

    [Fact]
    public async Task Of_a_topic_that_is_denied_events_that_may_be_dropped_are_given_up_by_name()
    {
        await using ScriptedBroker broker = new((topic, _) => topic.EndsWith("/training", StringComparison.Ordinal) ? (byte)0x87 : (byte)0);
        await using Device device = new Device(broker.Port).Start();
        device.Event(1);
        device.Event(2);
        await Eventually.Holds(() => device.Link.State is { QueuedCount: 0, RefusedCount: 2 }, "both were given up");
        Assert.Equal(new Dictionary<string, long> { ["training"] = 2 }, device.Link.State.RefusedByName);
        Assert.Equal(0, device.Link.State.ParkedCount);
    }

    [Fact]
    public async Task What_the_broker_can_never_take_is_given_up_and_counts_as_lost_where_it_should_never_be_dropped()
    {
        await using ScriptedBroker broker = new((topic, _) => topic == Alarm ? (byte)0x99 : (byte)0);
        await using Device device = new Device(broker.Port).Start();
        device.Link.Send(AlarmOf("1"));
        device.Event(1);
        await Eventually.Holds(() => device.Link.State is { QueuedCount: 0, PublishedCount: 1 }, "the event is acknowledged, and nothing waits");
        LinkState state = device.Link.State;
        Assert.Equal((1L, 1L, 0L), (state.RefusedByName["forgettingAlarm"], state.NeverDroppedLostCount, state.ReconnectCount));
    }

    [Theory]
    [InlineData(0x87)]
    [InlineData(0x97)]
    public async Task Who_waits_for_word_is_told_of_any_refusal(byte reason)
    {
        await using ScriptedBroker broker = new((_, _) => reason);
        await using Device device = new Device(broker.Port).Start();
        string? word = await device.Link.DeliverAsync(new OutboundMessage("operator", "edge/x", "1"u8.ToArray(), Delivery.Event)).WaitAsync(Eventually.Limit, TestContext.Current.CancellationToken);
        Assert.Contains(reason == 0x87 ? "NotAuthorized" : "QuotaExceeded", word, StringComparison.Ordinal);
        Assert.Equal(0, device.Link.QueuedCount);
    }

    [Fact]
    public async Task A_message_refused_at_every_try_does_not_keep_the_others_of_its_topic()
    {
        await using ScriptedBroker broker = new((topic, _) => topic == Alarm ? (byte)0x83 : (byte)0);
        await using Device device = new Device(broker.Port).Start();
        foreach (string one in new[] { "poison", "1", "2" }) device.Link.Send(AlarmOf(one));
        await Eventually.Holds(() => device.Link.State.ParkedCount == 3, "all three were refused");

        broker.Answer = (_, payload) => payload == "poison" ? (byte)0x83 : (byte)0;
        await Eventually.Holds(() => broker.TakenOn(Alarm).Count == 2, "the others are taken");
        await Eventually.Holds(() => device.Link.State is { QueuedCount: 1, ParkedCount: 1, NeverDroppedLostCount: 0, ReconnectCount: 0 }, "the one waits on");
    }

    [Fact]
    public async Task What_was_acknowledged_behind_a_message_that_was_not_is_not_sent_again()
    {
        await using ScriptedBroker broker = new((topic, _) => topic == Alarm ? null : (byte?)0);
        await using Device device = new Device(broker.Port, options => options with { PublishTimeout = TimeSpan.FromSeconds(1) }).Start();
        device.Link.Send(AlarmOf("1"));
        for (int i = 1; i <= 5; i++) device.Event(i);
        await Eventually.Holds(() => device.Link.State is { QueuedCount: 1, ReconnectCount: >= 1 }, "the connection was given up");

        broker.Answer = (_, _) => 0;
        await Eventually.Holds(() => device.Link.State.QueuedCount == 0, "the alarm is acknowledged");
        Assert.Equal([1, 2, 3, 4, 5], broker.TakenOn(device.Topics.Training).Select(Device.RoundOf));
    }

    private static OutboundMessage AlarmOf(string text) => new("forgettingAlarm", Alarm, System.Text.Encoding.UTF8.GetBytes(text), Delivery.NeverDrop);
}
