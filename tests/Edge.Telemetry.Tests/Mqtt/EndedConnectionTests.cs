using Edge.Telemetry.Mqtt;

namespace Edge.Telemetry.Tests.Mqtt;

/// <summary>A broker that ends the connection says no to a message only where its reason says so.</summary>
public class EndedConnectionTests
{
    private const string Alarm = "edge/pump-7/forgetting/alarm";

    [Theory]
    [InlineData(0x89)]
    [InlineData(0x8B)]
    [InlineData(0x97)]
    [InlineData(0x98)]
    public async Task What_is_never_dropped_is_not_given_up_for_a_reason_of_the_broker_s(byte reason)
    {
        await using ScriptedBroker broker = new((_, _) => 0) { End = topic => topic == Alarm ? reason : null };
        await using Device device = new Device(broker.Port, Hasty).Start();
        device.Link.Send(AlarmOf("1"));
        await Eventually.Holds(() => broker.Seen.Count > Suspicion.GivenUpAfter + 2, "more connections have ended with it than it takes");
        broker.End = _ => null;
        await Eventually.Holds(() => device.Link.State.QueuedCount == 0, "it is acknowledged");
        Assert.Equal(["1"], broker.TakenOn(Alarm));
        Assert.Equal((0L, 0L), (device.Link.State.RefusedCount, device.Link.State.NeverDroppedLostCount));
    }

    [Theory]
    [InlineData(0x83)]
    [InlineData(0x87)]
    public async Task What_is_denied_with_the_end_of_the_connection_waits_alone_and_the_rest_goes_on(byte reason)
    {
        await using ScriptedBroker broker = new((_, _) => 0) { End = topic => topic == Alarm ? reason : null };
        await using Device device = new(broker.Port, Hasty);
        device.Link.Send(AlarmOf("1"));
        device.Link.Send(AlarmOf("2"));
        device.Event(1);
        device.Start();
        await Eventually.Holds(() => device.Link.State is { QueuedCount: 2, ParkedCount: 2, Connected: true }, "the event is acknowledged, and both alarms wait");
        Assert.Equal([1], broker.TakenOn(device.Topics.Training).Select(Device.RoundOf));
        Assert.Equal((0L, 0L), (device.Link.State.RefusedCount, device.Link.State.NeverDroppedLostCount));
    }

    [Theory]
    [InlineData(0x81)]
    [InlineData(0x82)]
    [InlineData(0x95)]
    public async Task What_is_no_good_is_given_up_after_ten_connections(byte reason)
    {
        await using ScriptedBroker broker = new((_, _) => 0) { End = topic => topic == Alarm ? reason : null };
        await using Device device = new(broker.Port, Hasty);
        device.Link.Send(AlarmOf("1"));
        device.Event(1);
        device.Start();
        await Eventually.Holds(() => device.Link.State is { QueuedCount: 0, PublishedCount: 1 }, "the event is acknowledged");
        Assert.Equal((1L, 1L), (device.Link.State.RefusedByName["forgettingAlarm"], device.Link.State.NeverDroppedLostCount));
    }

    [Theory]
    [InlineData(MqttProtocol.V5)]
    [InlineData(MqttProtocol.V311)]
    public async Task A_state_that_ends_every_connection_waits_and_does_not_hold_up_the_queue(MqttProtocol protocol)
    {
        await using Mosquitto mosquitto = await Mosquitto.StartAsync("max_packet_size 2000");
        await using ScriptedBroker scripted = new((_, _) => 0) { End = topic => topic == "edge/pump-7/big" ? (byte)0x95 : null };
        await using Device device = new(protocol == MqttProtocol.V5 ? scripted.Port : mosquitto.Port, options => Hasty(options) with { Protocol = protocol });
        device.Link.Send(new OutboundMessage("big", "edge/pump-7/big", new byte[protocol == MqttProtocol.V5 ? 1 : 3000], Delivery.LatestState));
        device.Online();
        device.Event(1);
        device.Link.Send(AlarmOf("1"));
        device.Start();
        await Eventually.Holds(() => device.Link.State is { QueuedCount: 0, PublishedCount: >= 3, ParkedCount: 1, Connected: true }, "everything else is acknowledged");
        Assert.Equal((0L, 0L), (device.Link.State.RefusedCount, device.Link.State.NeverDroppedLostCount));
    }

    private static MqttLinkOptions Hasty(MqttLinkOptions options) => options with { MaxPause = TimeSpan.FromSeconds(0.1) };

    private static OutboundMessage AlarmOf(string text) => new("forgettingAlarm", Alarm, System.Text.Encoding.UTF8.GetBytes(text), Delivery.NeverDrop);
}
