using Edge.Telemetry.Mqtt;
using Microsoft.Extensions.Time.Testing;

namespace Edge.Telemetry.Tests.Mqtt;

public class OutgoingMessagesTests
{
    [Fact]
    public void A_message_stays_until_it_is_acknowledged()
    {
        OutgoingMessages outgoing = Of(16);
        _ = outgoing.Add(Event("a"));
        _ = outgoing.Add(Event("b"));
        Outgoing a = Take(outgoing);
        Assert.Equal((2, false), (outgoing.Count, outgoing.IsDrained));

        outgoing.Remove(a);
        Assert.Equal("b", Take(outgoing).Message.Topic);
        Assert.Equal(1, outgoing.Count);
    }

    [Fact]
    public void What_was_in_flight_comes_again_first_and_in_order_on_the_next_connection()
    {
        OutgoingMessages outgoing = Of(16);
        foreach (string topic in new[] { "a", "b", "c", "d" })
        {
            _ = outgoing.Add(Event(topic));
        }

        outgoing.Remove(Take(outgoing));
        Take(outgoing);
        Take(outgoing);
        outgoing.Rewind();

        Assert.Equal(["b", "c", "d"], TakeAll(outgoing));
    }

    [Fact]
    public async Task A_receipt_says_what_became_of_its_own_message_and_not_of_another_that_is_sent_again()
    {
        OutgoingMessages outgoing = Of(16);
        _ = outgoing.Add(new OutboundMessage("any", "a", default, Delivery.RetainedEvent));
        outgoing.Remove(Take(outgoing));
        outgoing.Rewind(); // "a" is sent again as the state of its topic.
        TaskCompletionSource<string?> acknowledged = new(), refused = new();
        _ = outgoing.Add(new OutboundMessage("any", "a", default, Delivery.RetainedEvent), acknowledged);
        _ = outgoing.Add(Event("b"), refused);
        Outgoing own = Take(outgoing);
        outgoing.Rewind();
        Assert.False(acknowledged.Task.IsCompleted);

        outgoing.Remove(own = Take(outgoing));
        Assert.Equal("a", own.Message.Topic);
        Assert.Null(await acknowledged.Task);
        outgoing.Remove(Take(outgoing), "not for you");
        Assert.Equal("not for you", await refused.Task);
    }

    [Fact]
    public async Task A_receipt_says_that_its_message_was_given_up()
    {
        OutgoingMessages outgoing = Of(1);
        TaskCompletionSource<string?> receipt = new();
        _ = outgoing.Add(Event("a"), receipt);
        _ = outgoing.Add(Event("b"));
        Assert.Contains("beyond a limit of the queue", await receipt.Task, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_the_latest_state_of_a_topic_is_sent_and_it_goes_before_events()
    {
        OutgoingMessages outgoing = Of(16);
        _ = outgoing.Add(Event("a"));
        _ = outgoing.Add(State("status", 1));
        OutboundMessage latest = State("status", 2);
        _ = outgoing.Add(latest);

        Outgoing first = Take(outgoing);
        Assert.Same(latest, first.Message);
        Assert.False(outgoing.IsDelivered(latest));
        outgoing.Remove(first);
        Assert.True(outgoing.IsDelivered(latest));
        Assert.Equal(["a"], TakeAll(outgoing));
    }

    [Fact]
    public void A_state_that_changes_while_it_is_in_flight_is_sent_again_after_its_acknowledgement()
    {
        OutgoingMessages outgoing = Of(16);
        _ = outgoing.Add(State("status", 1));
        Outgoing first = Take(outgoing);
        _ = outgoing.Add(State("status", 2));
        Assert.Empty(TakeAll(outgoing)); // never two of one topic in flight: the older could win

        outgoing.Remove(first);
        Assert.True(outgoing.WhenAvailable().IsCompleted);
        Assert.Equal(["status"], TakeAll(outgoing));
    }

    [Fact]
    public void A_new_connection_sends_every_state_again_but_a_queued_one_only_once()
    {
        OutgoingMessages outgoing = Of(16);
        _ = outgoing.Add(State("status", 1));
        _ = outgoing.Add(RetainedEvent("snapshot", 1));
        while (outgoing.TryTake(out Outgoing next))
        {
            outgoing.Remove(next);
        }

        outgoing.Rewind();
        Assert.Equal(["status", "snapshot"], TakeAll(outgoing));
        _ = outgoing.Add(RetainedEvent("snapshot", 2));
        outgoing.Rewind();
        Assert.Equal(["status", "snapshot"], TakeAll(outgoing));
    }

    [Fact]
    public void Every_retained_event_counts_until_the_queue_overflows_and_then_the_latest_is_still_sent()
    {
        OutgoingMessages outgoing = Of(16);
        OutboundMessage second = RetainedEvent("snapshot", 2);
        _ = outgoing.Add(RetainedEvent("snapshot", 1));
        _ = outgoing.Add(second);
        for (int i = 0; i < 16; i++)
        {
            _ = outgoing.Add(Event("a"));
        }

        Assert.Equal(2, outgoing.DroppedByName["snapshot"]);
        Assert.Same(second, Take(outgoing).Message);
    }

    [Fact]
    public void An_event_in_flight_is_not_the_one_that_is_dropped()
    {
        OutgoingMessages outgoing = Of(16);
        foreach (int i in Enumerable.Range(0, 16))
        {
            _ = outgoing.Add(Event($"{i}"));
        }

        Take(outgoing);
        _ = outgoing.Add(Event("16"));
        outgoing.Rewind();

        Assert.Equal(Enumerable.Range(0, 17).Where(i => i != 1).Select(i => $"{i}"), TakeAll(outgoing));
    }

    [Fact]
    public void Of_a_gauge_only_the_newest_waits_and_one_that_has_arrived_is_not_sent_again()
    {
        OutgoingMessages outgoing = Of(16);
        for (int i = 0; i < 3; i++)
        {
            _ = outgoing.Add(Gauge("prediction", (byte)i));
        }

        Outgoing taken = Take(outgoing);
        Assert.Equal((2, false), (taken.Message.Payload.Span[0], taken.Message.Retain));
        Assert.Equal(new Dictionary<string, long> { ["prediction"] = 2 }, outgoing.CoalescedByName);
        Assert.Empty(outgoing.DroppedByName);

        outgoing.Rewind();
        Assert.Equal(["prediction"], TakeAll(outgoing)); // It was in flight: nobody knows.
        outgoing.Remove(taken);
        outgoing.Rewind();
        Assert.Empty(TakeAll(outgoing));
    }

    [Fact]
    public void What_is_never_dropped_takes_no_place_among_the_events_and_keeps_its_place_in_the_order()
    {
        OutgoingMessages outgoing = Of(16);
        for (int i = 0; i < 40; i++)
        {
            _ = outgoing.Add(i % 2 == 0 ? Never($"{i}") : Event($"{i}"));
        }

        Assert.Equal(4, outgoing.DroppedByName.Values.Sum());
        Assert.Equal(Enumerable.Range(0, 40).Where(i => i % 2 == 0 || i > 7).Select(i => $"{i}"), TakeAll(outgoing));
        Assert.Equal(0, outgoing.NeverDroppedLostCount);
    }

    [Fact]
    public void Events_keep_their_limit_in_bytes_and_one_that_is_larger_than_it_drops_no_other()
    {
        OutgoingMessages outgoing = new(new OutgoingLimits { EventBytes = 1000 }, TimeProvider.System);
        for (int i = 0; i < 4; i++)
        {
            _ = outgoing.Add(Event($"{i}", 400));
        }

        _ = outgoing.Add(Event("large", 1001));
        Assert.Equal(["2", "3"], TakeAll(outgoing));
        Assert.Equal(new Dictionary<string, long> { ["0"] = 1, ["1"] = 1, ["large"] = 1 }, outgoing.DroppedByName);
    }

    [Fact]
    public void Events_that_are_too_old_are_dropped_and_what_is_never_dropped_is_not()
    {
        FakeTimeProvider time = new(DateTimeOffset.UnixEpoch.AddYears(56));
        OutgoingMessages outgoing = new(new OutgoingLimits { EventAge = TimeSpan.FromHours(1) }, time);
        _ = outgoing.Add(Event("old"));
        _ = outgoing.Add(Never("alarm"));
        time.Advance(TimeSpan.FromMinutes(50));
        _ = outgoing.Add(Event("young"));
        time.Advance(TimeSpan.FromMinutes(50));

        Assert.Equal(["alarm", "young"], TakeAll(outgoing));
        Assert.Equal(new Dictionary<string, long> { ["old"] = 1 }, outgoing.DroppedByName);
    }

    [Fact]
    public void A_retained_event_that_is_too_old_is_sent_as_a_state_at_once()
    {
        FakeTimeProvider time = new(DateTimeOffset.UnixEpoch.AddYears(56));
        OutgoingMessages outgoing = new(new OutgoingLimits { EventAge = TimeSpan.FromHours(1) }, time);
        _ = outgoing.Add(RetainedEvent("snapshot", 1));
        time.Advance(TimeSpan.FromHours(2));
        Assert.True(Take(outgoing).IsState);
        Assert.Equal(1, outgoing.DroppedByName["snapshot"]);
    }

    [Fact]
    public void Where_memory_is_full_events_go_first_and_then_the_newest_that_should_never_be_dropped_is_refused_and_counted()
    {
        OutgoingMessages outgoing = new(new OutgoingLimits { MemoryBytes = 16_384 }, TimeProvider.System);
        _ = outgoing.Add(Event("event", 4000));
        int taken = 0;
        while (outgoing.NeverDroppedLostCount == 0)
        {
            _ = outgoing.Add(Never($"{taken++}", 1000));
        }

        Assert.True(outgoing.MemoryBytes <= 16_384);
        Assert.Equal(1, outgoing.DroppedByName["event"]);
        Assert.Equal(Enumerable.Range(0, taken - 1).Select(i => $"{i}"), TakeAll(outgoing));
    }

    private static OutgoingMessages Of(int capacity) => new(new OutgoingLimits { EventCount = capacity }, TimeProvider.System);

    private static OutboundMessage Gauge(string topic, byte value) => new(topic, topic, new byte[] { value }, Delivery.Gauge);

    private static OutboundMessage Never(string topic, int bytes = 1) => new(topic, topic, new byte[bytes], Delivery.NeverDrop);

    private static OutboundMessage Event(string topic, int bytes) => new(topic, topic, new byte[bytes], Delivery.Event);

    private static OutboundMessage Event(string topic) => new(topic, topic, new byte[1], Delivery.Event);

    private static OutboundMessage State(string topic, byte version) => new(topic, topic, new byte[] { version }, Delivery.LatestState);

    private static OutboundMessage RetainedEvent(string topic, byte version) => new(topic, topic, new byte[] { version }, Delivery.RetainedEvent);

    private static Outgoing Take(OutgoingMessages outgoing)
    {
        Assert.True(outgoing.TryTake(out Outgoing next));
        return next;
    }

    private static List<string> TakeAll(OutgoingMessages outgoing)
    {
        List<string> topics = [];
        while (outgoing.TryTake(out Outgoing next))
        {
            topics.Add(next.Message.Topic);
        }

        return topics;
    }
}
