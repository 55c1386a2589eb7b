using System.Diagnostics;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Edge.LinkVictim;
using Edge.Telemetry.Messages;
using Edge.Telemetry.Mqtt;
using Microsoft.Extensions.Logging.Abstractions;

namespace Edge.Telemetry.Tests.Mqtt;

/// <summary>The link against the embedded broker, seen by a second link.</summary>
public class EmbeddedBrokerTests
{
    [Fact]
    public async Task It_listens_on_the_loopback_interface_only()
    {
        await using EmbeddedBroker broker = await Broker();

        IPEndPoint[] listening = [.. IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Where(end => end.Port == broker.Port)];
        Assert.Equal([new IPEndPoint(IPAddress.Loopback, broker.Port)], listening);
    }

    [Theory]
    [InlineData("-V", "5")]
    [InlineData("-i", "me")]
    public async Task A_plain_mosquitto_sub_is_served(string option, string value)
    {
        Assert.SkipUnless(MosquittoClients.AreInstalled, "mosquitto_sub is not installed: Debian package mosquitto-clients");
        await using EmbeddedBroker broker = await Broker();
        await MosquittoClients.PublishAsync(broker.Port, "edge/d/status", "here", retain: true);

        using Process process = Process.Start(new ProcessStartInfo(
            MosquittoClients.PathOf("mosquitto_sub"), ["-h", "127.0.0.1", "-p", $"{broker.Port}", option, value, "-t", "edge/#", "-C", "1", "-W", "300"]) { RedirectStandardOutput = true })!;
        Assert.Equal("here", (await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken)).Trim());
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, process.ExitCode);
    }

    [Fact]
    public async Task A_port_in_use_is_named_with_the_remedy()
    {
        using TcpListener other = new(IPAddress.Loopback, 0);
        other.Start();
        int port = ((IPEndPoint)other.LocalEndpoint).Port;

        IOException thrown = await Assert.ThrowsAsync<IOException>(() => Broker(port));
        Assert.Contains($"127.0.0.1:{port}: the port is taken by another program", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("telemetry.port", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_late_subscriber_gets_the_retained_states_and_the_last_will_of_a_device_that_vanished()
    {
        await using EmbeddedBroker broker = await Broker();
        await using Wire wire = new(broker.Port);
        await using Device device = new Device(wire.Port).Start();
        device.Online();
        device.Reporter.Snapshot(new SnapshotMessage { Event = SnapshotEvent.Initial, SnapshotId = "s000001", Round = 0 });
        device.Event(1);
        await Eventually.Holds(() => device.Link.State is { PublishedCount: 3 }, "all is published");

        await using Device online = Observer(broker.Port, "observer1").Start(withFarewell: false);
        Dictionary<string, InboundMessage> before = await Read(online, 2);
        Assert.Equal("online", Device.StateOf(Text(before[device.Topics.Status])));
        Assert.Contains("s000001", Text(before[device.Topics.Snapshot]), StringComparison.Ordinal);
        Assert.All(before.Values, message => Assert.True(message.Retained));

        wire.Cut();
        Assert.Equal("offline", Device.StateOf(Text((await Read(online, 1))[device.Topics.Status])));
        await using Device offline = Observer(broker.Port, "observer2").Start(withFarewell: false);
        Assert.Equal("offline", Device.StateOf(Text((await Read(offline, 2))[device.Topics.Status])));
    }

    [Fact]
    public async Task Events_wait_for_a_broker_that_comes_back_on_the_same_port()
    {
        EmbeddedBroker broker = await Broker(Ports.Free()); // Not one of those that the system deals out: a neighbour could have it meanwhile.
        await using Wire wire = new(broker.Port);
        await using Device device = new Device(wire.Port).Start();
        await device.Connected();
        await broker.DisposeAsync();
        await Eventually.Holds(() => !device.Link.State.Connected, "the loss was noticed");
        for (int i = 1; i <= 50; i++)
        {
            device.Event(i);
        }

        wire.Cut();
        await using EmbeddedBroker again = await Broker(broker.Port);
        await using Device observer = Observer(again.Port, "observer").Start(withFarewell: false);
        await observer.Connected();
        wire.Mend();
        List<int> rounds = [];
        while (rounds.Count < 50)
        {
            rounds.Add(Device.RoundOf(Text((await Read(observer, 1)).Values.Single())));
        }

        Assert.Equal(Enumerable.Range(1, 50), rounds);
    }

    [Fact]
    public async Task A_label_comes_in()
    {
        await using EmbeddedBroker broker = await Broker();
        await using Device device = new Device(broker.Port).Start();
        await using Device person = Observer(broker.Port, "person").Start(withFarewell: false);
        await device.Connected();
        person.Link.Send(new OutboundMessage("label", device.Topics.Label, """{"windowId":42,"class":"walking"}"""u8.ToArray(), Delivery.Event));

        Assert.Equal(new LabelMessage(42, "walking", null), LabelMessage.Read((await Read(device, 1)).Values.Single().Payload).Message);
    }

    [Fact]
    public async Task More_than_a_mebibyte_is_refused_and_the_next_message_goes_through()
    {
        await using EmbeddedBroker broker = await Broker();
        await using Device device = new Device(broker.Port).Start();
        device.Link.Send(new OutboundMessage("large", "edge/large", new byte[(1024 * 1024) + 1], Delivery.Event));
        device.Event(1);

        await Eventually.Holds(() => device.Link.State is { RefusedCount: 1, PublishedCount: 1, QueuedCount: 0 }, "one was refused and one published");
    }

    [Fact]
    public async Task Of_clients_that_are_away_the_session_goes_first_that_has_been_longest()
    {
        await using EmbeddedBroker broker = await EmbeddedBroker.StartAsync(0, new AbsentSessionLimits { Count = 3 }, NullLogger.Instance, TestContext.Current.CancellationToken);
        foreach (string id in new[] { "a", "b", "c", "d", "e" })
        {
            await using (Device client = Observer(broker.Port, id).Start(withFarewell: false)) await client.Connected();
            await Eventually.Holds(async () => (await broker.AbsentClientsAsync()).Contains(id), $"{id} is away");
        }

        await Eventually.Holds(async () => (await broker.AbsentClientsAsync()).SequenceEqual(["c", "d", "e"]), "three are kept");
        await using Device device = new Device(broker.Port).Start();
        device.Event(1);
        await Eventually.Holds(() => device.Link.State is { PublishedCount: 1 }, "the broker has the event");
        await using Device back = Observer(broker.Port, "c").Start(withFarewell: false);
        Assert.Equal(1, Device.RoundOf(Text((await Read(back, 1)).Values.Single()))); // Its session has kept what came meanwhile.
    }

    [Theory]
    [InlineData(MqttProtocol.V5, 1, 3600)]
    [InlineData(MqttProtocol.V5, 3600, 1)]
    [InlineData(MqttProtocol.V311, 0, 1)]
    public async Task A_session_ends_as_soon_as_its_client_or_the_broker_says(MqttProtocol protocol, int asked, int allowed)
    {
        AbsentSessionLimits limits = new() { Age = TimeSpan.FromSeconds(allowed), Look = TimeSpan.FromSeconds(0.1) };
        await using EmbeddedBroker broker = await EmbeddedBroker.StartAsync(0, limits, NullLogger.Instance, TestContext.Current.CancellationToken);
        await using Device stays = Observer(broker.Port, "stays").Start(withFarewell: false);
        await using (Device goes = new(broker.Port, options => options with { ClientId = "goes", LastWill = null, Protocol = protocol, SessionExpiry = TimeSpan.FromSeconds(asked) }))
        {
            goes.Start(withFarewell: false);
            await goes.Connected();
        }

        await Eventually.Holds(async () => await broker.HasSessionAsync("stays") && !await broker.HasSessionAsync("goes"), "the session has ended, and that of who is here has not");
    }

    private static Task<EmbeddedBroker> Broker(int port = 0) => EmbeddedBroker.StartAsync(port, NullLogger.Instance, TestContext.Current.CancellationToken);

    private static Device Observer(int port, string clientId) => new(port, options => options with { ClientId = clientId, LastWill = null, Subscriptions = ["edge/#"] });

    private static string Text(InboundMessage message) => System.Text.Encoding.UTF8.GetString(message.Payload.Span);

    private static async Task<Dictionary<string, InboundMessage>> Read(Device device, int count)
    {
        Dictionary<string, InboundMessage> read = [];
        while (read.Count < count)
        {
            InboundMessage message = await device.Link.Inbound.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Eventually.Limit, TestContext.Current.CancellationToken);
            read[message.Topic] = message;
        }

        return read;
    }
}
