using Edge.Telemetry.Messages;
using Edge.Telemetry.Mqtt;

namespace Edge.Telemetry.Tests.Mqtt;

/// <summary>What was published at QoS 1 is not lost because nobody reads.</summary>
public class InboxTests
{
    [Theory]
    [InlineData(MqttProtocol.V5)]
    [InlineData(MqttProtocol.V311)]
    public async Task What_comes_while_nobody_reads_waits_however_much_it_is_and_the_link_goes_on(MqttProtocol protocol)
    {
        await using Mosquitto broker = await Mosquitto.StartAsync("max_queued_messages 0");
        await using Device device = new Device(broker.Port, options => options with { Protocol = protocol, InboundCapacity = 2 }).Start();
        await device.Connected();
        await SendAsync(broker.Port, 200);
        await Eventually.Holds(() => device.Link.State.ReceivedCount >= 2, "some have come");
        device.Event(1);
        await Eventually.Holds(() => device.Link.State is { PublishedCount: 1, Connected: true }, "the link publishes");

        for (ulong i = 0; i < 200; i++) Assert.Equal(i, await LabelAsync(device));
        Assert.Equal((0L, 0L), (device.Link.State.ReceivedDroppedCount, device.Link.State.ReconnectCount));
    }

    [Fact]
    public async Task What_nobody_has_read_comes_again_to_another_life_and_what_was_read_does_not()
    {
        await using Mosquitto broker = await Mosquitto.StartAsync();
        await using (Device before = new Device(broker.Port).Start())
        {
            await before.Connected();
            await SendAsync(broker.Port, 5);
            await Eventually.Holds(() => before.Link.State.ReceivedCount == 5, "all have come");
            Assert.Equal(0ul, await LabelAsync(before));
            Assert.Equal(1ul, await LabelAsync(before));
        }

        await using Device device = new Device(broker.Port).Start();
        for (ulong i = 2; i < 5; i++) Assert.Equal(i, await LabelAsync(device));
        Assert.Equal(3, device.Link.State.ReceivedCount);
    }

    [Fact]
    public async Task A_broker_that_goes_while_nobody_reads_is_noticed_and_a_stop_is_as_quick_as_ever()
    {
        await using Mosquitto broker = await Mosquitto.StartAsync();
        await using Wire wire = new(broker.Port);
        await using Device device = new Device(wire.Port, options => options with { InboundCapacity = 1, KeepAlive = TimeSpan.FromMinutes(10) }).Start();
        await device.Connected();
        await SendAsync(broker.Port, 20);
        await Eventually.Holds(() => device.Link.State.ReceivedCount >= 1, "one has come");
        wire.Cut();
        await Eventually.Holds(() => !device.Link.State.Connected, "the loss was noticed");
        wire.Mend();
        await device.Connected();
        long start = TimeProvider.System.GetTimestamp();
        await device.StopAsync();
        Assert.True(TimeProvider.System.GetElapsedTime(start) < Eventually.Limit / 2); // Not for as long as nobody reads, which is for ever.
    }

    private static async Task SendAsync(int port, int count)
    {
        await using Device sender = new Device(port, options => options with { ClientId = "operator", LastWill = null, Subscriptions = [] }).Start(withFarewell: false);
        for (int i = 0; i < count; i++) sender.Link.Send(new OutboundMessage("label", "edge/pump-7/label", System.Text.Encoding.UTF8.GetBytes($$"""{"windowId":{{i}},"class":"walking"}"""), Delivery.NeverDrop));
        await Eventually.Holds(() => sender.Link.State is { Connected: true, QueuedCount: 0 }, "all are sent");
    }

    private static async Task<ulong> LabelAsync(Device device)
    {
        InboundMessage message = await device.Link.Inbound.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Eventually.Limit, TestContext.Current.CancellationToken);
        return LabelMessage.Read(message.Payload).Message!.WindowId;
    }
}
