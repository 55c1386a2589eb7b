using Edge.Telemetry.Mqtt;

namespace Edge.Telemetry.Tests.Mqtt;

public class OutgoingMessagesTests
{
    [Fact]
    public void A_message_stays_until_it_is_acknowledged()
    {
        OutgoingMessages outgoing = new(16);
        outgoing.Add(Event("a"));
        outgoing.Add(Event("b"));
        Outgoing a = Take(outgoing);
        Assert.Equal((2, false), (outgoing.Count, outgoing.IsDrained));

        outgoing.Remove(a);
        Assert.Equal("b", Take(outgoing).Message.Topic);
        Assert.Equal(1, outgoing.Count);
    }

    [Fact]
    public void What_was_in_flight_comes_again_first_and_in_order_on_the_next_connection()
    {
        OutgoingMessages outgoing = new(16);
        foreach (string topic in new[] { "a", "b", "c", "d" })
        {
            outgoing.Add(Event(topic));
        }

        outgoing.Remove(Take(outgoing));
        Take(outgoing);
        Take(outgoing);
        outgoing.Rewind();

        Assert.Equal(["b", "c", "d"], TakeAll(outgoing));
    }

    [Fact]
    public void Only_the_latest_state_of_a_topic_is_sent_and_it_goes_before_events()
    {
        OutgoingMessages outgoing = new(16);
        outgoing.Add(Event("a"));
        outgoing.Add(State("status", 1));
        OutboundMessage latest = State("status", 2);
        outgoing.Add(latest);

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
        OutgoingMessages outgoing = new(16);
        outgoing.Add(State("status", 1));
        Outgoing first = Take(outgoing);
        outgoing.Add(State("status", 2));
        Assert.Empty(TakeAll(outgoing)); // never two of one topic in flight: the older could win

        outgoing.Remove(first);
        Assert.True(outgoing.WhenAvailable().IsCompleted);
        Assert.Equal(["status"], TakeAll(outgoing));
    }

    [Fact]
    public void A_new_connection_sends_every_state_again_but_a_queued_one_only_once()
    {
        OutgoingMessages outgoing = new(16);
        outgoing.Add(State("status", 1));
        outgoing.Add(RetainedEvent("snapshot", 1));
        while (outgoing.TryTake(out Outgoing next))
        {
            outgoing.Remove(next);
        }

        outgoing.Rewind();
        Assert.Equal(["status", "snapshot"], TakeAll(outgoing));
        outgoing.Add(RetainedEvent("snapshot", 2));
        outgoing.Rewind();
        Assert.Equal(["status", "snapshot"], TakeAll(outgoing));
    }

    [Fact]
    public void Every_retained_event_counts_until_the_queue_overflows_and_then_the_latest_is_still_sent()
    {
        OutgoingMessages outgoing = new(16);
        OutboundMessage second = RetainedEvent("snapshot", 2);
        outgoing.Add(RetainedEvent("snapshot", 1));
        outgoing.Add(second);
        for (int i = 0; i < 16; i++)
        {
            outgoing.Add(Event("a"));
        }

        Assert.Equal(2, outgoing.DroppedByName["snapshot"]);
        Assert.Same(second, Take(outgoing).Message);
    }

    [Fact]
    public void An_event_in_flight_is_not_the_one_that_is_dropped()
    {
        OutgoingMessages outgoing = new(16);
        foreach (int i in Enumerable.Range(0, 16))
        {
            outgoing.Add(Event($"{i}"));
        }

        Take(outgoing);
        outgoing.Add(Event("16"));
        outgoing.Rewind();

        Assert.Equal(Enumerable.Range(0, 17).Where(i => i != 1).Select(i => $"{i}"), TakeAll(outgoing));
    }

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
