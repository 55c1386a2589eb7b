using Edge.Telemetry.Mqtt;
using Microsoft.Extensions.Time.Testing;

namespace Edge.Telemetry.Tests.Mqtt;

/// <summary>When what a broker refuses for now is tried again, and what room it takes meanwhile.</summary>
public class ParkedMessagesTests
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch.AddYears(56));

    [Fact]
    public void One_of_the_topic_is_tried_after_one_two_four_and_at_most_sixty_seconds()
    {
        OutgoingMessages outgoing = Of();
        _ = outgoing.Add(Never("a", 1));
        _ = outgoing.Add(Never("a", 2));
        Assert.Equal(TimeSpan.FromSeconds(1), Park(outgoing, Take(outgoing)));
        Assert.Null(Park(outgoing, Take(outgoing))); // In flight with it: no news.

        foreach (int seconds in new[] { 1, 2, 4, 8, 16, 32, 60, 60 })
        {
            _time.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromTicks(1));
            Assert.False(outgoing.TryTake(out _));
            Task available = outgoing.WhenAvailable();
            _time.Advance(TimeSpan.FromMilliseconds(1));
            Assert.True(available.IsCompleted); // Whoever waits is woken for it.
            Outgoing tried = Take(outgoing);
            Assert.False(outgoing.TryTake(out _));
            Assert.Null(Park(outgoing, tried));
        }

        Assert.Equal((2, 2), (outgoing.ParkedCount, outgoing.Count));
    }

    [Fact]
    public void A_new_connection_tries_it_at_once_and_when_it_is_taken_all_follow_in_order_before_what_is_newer()
    {
        OutgoingMessages outgoing = Of();
        for (byte i = 1; i <= 3; i++) _ = outgoing.Add(Never("a", i));
        _ = outgoing.Add(Never("b", 4));
        Outgoing[] sent = [Take(outgoing), Take(outgoing), Take(outgoing)];
        foreach (Outgoing one in sent) Park(outgoing, one, isDenied: true);
        outgoing.Rewind();

        Outgoing tried = Take(outgoing);
        Assert.Equal(1, tried.Message.Payload.Span[0]);
        outgoing.Remove(tried);
        Assert.Equal([2, 3, 4], TakeAll(outgoing));
        Assert.Equal(0, outgoing.ParkedCount);
    }

    [Fact]
    public void A_connection_lost_while_one_was_tried_tries_the_same_one_again()
    {
        OutgoingMessages outgoing = Of();
        for (byte i = 1; i <= 2; i++) _ = outgoing.Add(Never("a", i));
        Park(outgoing, Take(outgoing), isDenied: true);
        outgoing.Rewind();
        Take(outgoing);
        outgoing.Rewind();
        Assert.Equal([1], TakeAll(outgoing));
    }

    [Fact]
    public void What_comes_for_a_denied_topic_waits_behind_and_what_comes_for_others_does_not()
    {
        OutgoingMessages outgoing = Of();
        _ = outgoing.Add(Never("a", 1));
        Park(outgoing, Take(outgoing), isDenied: true);
        _ = outgoing.Add(Never("a", 2));
        _ = outgoing.Add(Never("b", 3));
        Assert.Equal([3], TakeAll(outgoing));
        Assert.Equal(2, outgoing.ParkedCount);
    }

    [Fact]
    public void What_comes_for_a_topic_that_is_not_denied_is_sent()
    {
        OutgoingMessages outgoing = Of();
        _ = outgoing.Add(Never("a", 1));
        Park(outgoing, Take(outgoing));
        _ = outgoing.Add(Never("a", 2));
        Assert.Equal([2], TakeAll(outgoing));
    }

    [Fact]
    public void What_is_parked_takes_no_room_from_what_the_broker_might_take()
    {
        OutgoingMessages events = new(new OutgoingLimits { EventCount = 16 }, _time);
        _ = events.Add(Event("denied", 1));
        Park(events, Take(events));
        for (byte i = 2; i <= 17; i++) _ = events.Add(Event("well", i));
        Assert.Equal(new Dictionary<string, long> { ["denied"] = 1 }, events.DroppedByName);
        Assert.Equal(0, events.ParkedCount);

        OutgoingMessages never = new(new OutgoingLimits { MemoryBytes = 16_384 }, _time);
        _ = never.Add(new OutboundMessage("denied", "denied", new byte[4000], Delivery.NeverDrop));
        Park(never, Take(never), isDenied: true);
        for (int i = 0; i < 12; i++) _ = never.Add(new OutboundMessage("well", "well", new byte[1000], Delivery.NeverDrop));
        Assert.Equal((1L, 1L), (never.DroppedByName["denied"], never.NeverDroppedLostCount));
        Assert.Equal(12, TakeAll(never).Count);
    }

    [Fact]
    public void An_old_event_is_dropped_where_it_is_parked_too()
    {
        OutgoingMessages outgoing = new(new OutgoingLimits { EventAge = TimeSpan.FromHours(1) }, _time);
        _ = outgoing.Add(Event("a", 1));
        Park(outgoing, Take(outgoing));
        _time.Advance(TimeSpan.FromHours(2));
        Assert.False(outgoing.TryTake(out _));
        Assert.Equal((0, 1L), (outgoing.Count, outgoing.DroppedByName["a"]));
    }

    [Fact]
    public void A_tried_message_that_is_given_up_leaves_the_turn_to_the_next()
    {
        OutgoingMessages outgoing = Of();
        for (byte i = 1; i <= 2; i++) _ = outgoing.Add(Never("a", i));
        Outgoing[] sent = [Take(outgoing), Take(outgoing)];
        foreach (Outgoing one in sent) Park(outgoing, one, isDenied: true);
        _time.Advance(TimeSpan.FromSeconds(1));
        outgoing.Remove(Take(outgoing), "it can never be taken");
        Assert.Equal([2], TakeAll(outgoing));
        Assert.Equal(1, outgoing.NeverDroppedLostCount);
    }

    [Fact]
    public void A_stop_does_not_wait_for_what_is_parked()
    {
        OutgoingMessages outgoing = Of();
        _ = outgoing.Add(Never("a", 1));
        _ = outgoing.Add(new OutboundMessage("s", "s", new byte[1], Delivery.LatestState));
        Outgoing state = Take(outgoing), never = Take(outgoing);
        Assert.False(outgoing.IsDrained);
        Park(outgoing, state);
        Park(outgoing, never);
        Assert.True(outgoing.IsDrained);
    }

    private OutgoingMessages Of() => new(new OutgoingLimits(), _time);

    private static OutboundMessage Never(string topic, byte content) => new(topic, topic, new[] { content }, Delivery.NeverDrop);

    private static OutboundMessage Event(string topic, byte content) => new(topic, topic, new[] { content }, Delivery.Event);

    private static TimeSpan? Park(OutgoingMessages outgoing, Outgoing sent, bool isDenied = false)
    {
        Assert.True(outgoing.TryPark(sent, isDenied, out TimeSpan? pause));
        return pause;
    }

    private static Outgoing Take(OutgoingMessages outgoing)
    {
        Assert.True(outgoing.TryTake(out Outgoing next));
        return next;
    }

    private static List<byte> TakeAll(OutgoingMessages outgoing)
    {
        List<byte> contents = [];
        while (outgoing.TryTake(out Outgoing next)) contents.Add(next.Message.Payload.Span[0]);
        return contents;
    }
}
