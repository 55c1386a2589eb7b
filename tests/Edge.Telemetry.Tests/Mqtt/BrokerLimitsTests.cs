using Edge.Telemetry.Messages;
using Edge.Telemetry.Mqtt;

namespace Edge.Telemetry.Tests.Mqtt;

/// <summary>What a broker says of itself is honoured, and MQTT 3.1.1, in which it says nothing, works as well.</summary>
public class BrokerLimitsTests
{
    [Fact]
    public async Task A_message_larger_than_the_broker_takes_is_given_up_by_name_and_holds_up_nobody()
    {
        await using Mosquitto broker = await Mosquitto.StartAsync("max_packet_size 2000");
        await using MosquittoSub subscriber = await MosquittoSub.StartAsync(broker.Port, "edge/#");
        await using Device device = new Device(broker.Port).Start();
        await device.Connected();
        device.Link.Send(new OutboundMessage("big", "edge/big", new byte[3000], Delivery.NeverDrop));
        device.Event(1);

        await Eventually.Holds(() => subscriber.All.Count == 1 && device.Link.State.QueuedCount == 0, "the other arrived");
        LinkState state = device.Link.State;
        Assert.Equal(new Dictionary<string, long> { ["big"] = 1 }, state.RefusedByName);
        Assert.Contains("more than the broker takes (2000)", state.LastError, StringComparison.Ordinal);
        Assert.Equal((0L, 1L), (state.ReconnectCount, state.NeverDroppedLostCount));
    }

    [Fact]
    public async Task A_packet_exactly_as_large_as_the_broker_takes_arrives()
    {
        const int most = 2000, head = 1 + 2 + 2 + 8 + 2 + 1 + 3 + 16; // Flags, length, topic, packet id, one property: content type.
        await using Mosquitto broker = await Mosquitto.StartAsync($"max_packet_size {most}");
        await using Device device = new Device(broker.Port).Start();
        await device.Connected();
        device.Link.Send(new OutboundMessage("full", "edge/big", new byte[most - head], Delivery.NeverDrop));
        await Eventually.Holds(() => device.Link.State is { PublishedCount: 1 }, "it is acknowledged");

        device.Link.Send(new OutboundMessage("over", "edge/big", new byte[most - head + 1], Delivery.NeverDrop));
        await Eventually.Holds(() => device.Link.State is { RefusedCount: 1, ReconnectCount: 0 }, "one more byte is too many");
    }

    [Theory]
    [InlineData(3, 3)]
    [InlineData(100, 32)]
    public async Task The_window_is_no_wider_than_the_broker_allows(int allowed, int expected)
    {
        await using Mosquitto broker = await Mosquitto.StartAsync($"max_inflight_messages {allowed}");
        await using Device device = new Device(broker.Port).Start();
        await device.Connected();
        Assert.Equal(expected, device.Link.State.InFlightWindow);

        for (int i = 0; i < 200; i++) device.Event(i);
        await Eventually.Holds(() => device.Link.State is { PublishedCount: >= 200, QueuedCount: 0, ReconnectCount: 0 }, "all of them arrived");
    }

    [Fact]
    public async Task A_broker_that_keeps_nothing_gets_messages_and_a_last_will_that_are_not_retained()
    {
        await using Mosquitto broker = await Mosquitto.StartAsync("retain_available false");
        await using Device device = new Device(broker.Port).Start();
        device.Online();
        device.Reporter.Snapshot(new SnapshotMessage { Event = SnapshotEvent.Initial, SnapshotId = "s000001", Round = 0 });

        await Eventually.Holds(() => device.Link.State is { Connected: true, PublishedCount: >= 2, QueuedCount: 0 }, "the messages are acknowledged");
    }

    [Fact]
    public async Task A_broker_that_acknowledges_nothing_is_refused_with_the_reason()
    {
        await using Mosquitto broker = await Mosquitto.StartAsync("max_qos 0");
        await using Device device = new Device(broker.Port, options => options with { LastWill = null }).Start();

        await Eventually.Holds(() => device.Link.State.LastError is not null, "the refusal is known");
        Assert.Contains("QoS 0 only", device.Link.State.LastError, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_keep_alive_that_the_broker_asks_for_is_kept()
    {
        await using Mosquitto broker = await Mosquitto.StartAsync("max_keepalive 10"); // Mosquitto takes no less.
        MqttLinkOptions options = new() { Host = "127.0.0.1", Port = broker.Port, ClientId = "edge-pump-7", KeepAlive = TimeSpan.FromSeconds(60), ConnectTimeout = TimeSpan.FromSeconds(30) };
        using MqttConnection connection = await MqttConnection.OpenAsync(options, TimeProvider.System, new CredentialReading(), new Inbox(1), TestContext.Current.CancellationToken);
        Assert.Equal(TimeSpan.FromSeconds(10), connection.KeepAlive);
    }

    [Fact]
    public async Task With_MQTT_3_1_1_events_go_out_and_what_was_sent_to_an_absent_device_comes_in()
    {
        await using Mosquitto broker = await Mosquitto.StartAsync();
        await using MosquittoSub subscriber = await MosquittoSub.StartAsync(broker.Port, "edge/#");
        await using (Device before = new Device(broker.Port, Speaks311).Start())
        {
            before.Online();
            before.Event(1);
            await Eventually.Holds(() => before.Link.State is { PublishedCount: 2 }, "both are acknowledged");
        }

        await using Device device = new(broker.Port, Speaks311);
        await MosquittoClients.PublishAsync(broker.Port, device.Topics.Label, """{"windowId":42,"class":"walking"}""");
        device.Start();
        InboundMessage label = await device.Link.Inbound.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Eventually.Limit, TestContext.Current.CancellationToken);
        Assert.Equal(42ul, LabelMessage.Read(label.Payload).Message!.WindowId);
        Assert.Equal(["online", "offline"], subscriber.All.Where(seen => seen.Topic == device.Topics.Status).Select(seen => Device.StateOf(seen.Payload)));
    }

    [Fact]
    public async Task With_MQTT_3_1_1_a_hung_broker_is_noticed_while_publishing()
    {
        await using Mosquitto broker = await Mosquitto.StartAsync();
        await using Device device = new Device(broker.Port, options => Speaks311(Device.Hasty(options)) with { PublishTimeout = TimeSpan.FromMinutes(5) }).Start();
        await device.Connected();
        broker.Freeze();
        int sent = 0;
        await Eventually.Holds(
            () =>
            {
                device.Event(++sent);
                return !device.Link.State.Connected;
            },
            "the hung broker was noticed");
        broker.Thaw();
    }

    [Fact]
    public async Task A_broker_that_answers_pings_and_acknowledges_nothing_is_left_however_steadily_messages_come()
    {
        await using ForgetfulBroker broker = new();
        await using Device device = new Device(broker.Port, options => Speaks311(options) with { PublishTimeout = TimeSpan.FromSeconds(1), InFlightWindow = 4096, QueueCapacity = 100_000 }).Start();
        await device.Connected();
        int sent = 0;
        await Eventually.Holds(
            () =>
            {
                device.Event(++sent);
                return device.Link.State.LastError is not null;
            },
            "the broker was left");
        Assert.Contains("no acknowledgement within 1 s", device.Link.State.LastError, StringComparison.Ordinal);
        Assert.Equal((0L, 0L), (device.Link.State.PublishedCount, device.Link.State.DroppedCount));
    }

    [Fact]
    public async Task A_message_that_ends_every_connection_is_found_and_given_up_and_the_others_arrive_in_order()
    {
        await using Mosquitto broker = await Mosquitto.StartAsync("max_packet_size 2000");
        await using MosquittoSub subscriber = await MosquittoSub.StartAsync(broker.Port, "edge/+/training");
        await using Device device = new(broker.Port, options => Speaks311(options) with { MaxPause = TimeSpan.FromSeconds(0.1) });
        device.Event(1);
        device.Link.Send(new OutboundMessage("big", "edge/pump-7/big", new byte[3000], Delivery.NeverDrop));
        device.Event(2);
        device.Start();

        await Eventually.Holds(() => device.Link.State is { Connected: true, QueuedCount: 0 }, "everything else is acknowledged");
        Assert.Equal(new Dictionary<string, long> { ["big"] = 1 }, device.Link.State.RefusedByName);
        Assert.Equal(1, device.Link.State.NeverDroppedLostCount);
        await Eventually.Holds(() => subscriber.All.Select(seen => Device.RoundOf(seen.Payload)).Distinct().SequenceEqual([1, 2]), "both arrived, in order");
    }

    private static MqttLinkOptions Speaks311(MqttLinkOptions options) => options with { Protocol = MqttProtocol.V311 };
}
