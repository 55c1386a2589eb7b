using System.Diagnostics;
using Edge.Telemetry.Messages;
using Edge.Telemetry.Mqtt;

namespace Edge.Telemetry.Tests.Mqtt;

/// <summary>The link against a real mosquitto, as seen by mosquitto_sub.</summary>
public class MosquittoLinkTests
{
    [Fact]
    public async Task A_device_that_vanishes_is_declared_offline_by_its_last_will_and_online_again_when_it_is_back()
    {
        await using Mosquitto broker = await Mosquitto.StartAsync();
        await using Wire wire = new(broker.Port);
        await using MosquittoSub early = await MosquittoSub.StartAsync(broker.Port, "edge/#");
        await using Device device = new Device(wire.Port).Start();
        device.Online();
        await Eventually.Holds(() => early.All.Count == 1, "the status arrived");

        wire.Cut();
        await Eventually.Holds(() => early.All.Count == 2, "the last will arrived");
        await using MosquittoSub late = await MosquittoSub.StartAsync(broker.Port, "edge/#");
        await Eventually.Holds(() => late.All.Count == 1, "a late subscriber was told");
        Assert.Equal(("edge/pump-7/status", true, "offline"), (late.All[0].Topic, late.All[0].Retained, Device.StateOf(late.All[0].Payload)));
        Assert.Contains("\"reason\":\"lwt\"", late.All[0].Payload, StringComparison.Ordinal);

        wire.Mend();
        await Eventually.Holds(() => late.All.Count == 2 && early.All.Count == 3, "the status was published again");
        Assert.Equal(["online", "offline", "online"], early.All.Select(seen => Device.StateOf(seen.Payload)));
        Assert.True(device.Link.State.ReconnectCount >= 1);
        Assert.NotNull(device.Link.State.LastError);
    }

    [Fact]
    public async Task Events_offered_while_the_broker_is_gone_arrive_in_order_when_it_is_back()
    {
        await using Mosquitto broker = await Mosquitto.StartAsync();
        await using Wire wire = new(broker.Port);
        await using Device device = new Device(wire.Port).Start();
        device.Online();
        device.Reporter.Snapshot(new SnapshotMessage { Event = SnapshotEvent.Initial, SnapshotId = "s000001", Round = 0 });
        await Eventually.Holds(() => device.Link.State is { PublishedCount: 2, QueuedCount: 0 }, "the first messages are out");

        await broker.StopAsync();
        await Eventually.Holds(() => !device.Link.State.Connected, "the loss was noticed");
        for (int i = 1; i <= 100; i++)
        {
            device.Event(i);
        }

        Assert.Equal(100, device.Link.State.QueuedCount);
        wire.Cut(); // so that the subscriber is there before the device
        await broker.StartAgainAsync();
        await using MosquittoSub subscriber = await MosquittoSub.StartAsync(broker.Port, "edge/#");
        wire.Mend();

        await Eventually.Holds(() => device.Link.State is { Connected: true, QueuedCount: 0 } && subscriber.All.Count >= 102, "the queue is empty");
        Assert.Equal(Enumerable.Range(1, 100), subscriber.All.Where(seen => seen.Topic.EndsWith("/training", StringComparison.Ordinal)).Select(seen => Device.RoundOf(seen.Payload)));
        Assert.Contains(subscriber.All, seen => seen.Topic == device.Topics.Status); // the broker came back without memory: retained states are told again
        Assert.Contains(subscriber.All, seen => seen.Topic == device.Topics.Snapshot);
        Assert.Equal(0, device.Link.State.DroppedCount);
    }

    [Fact]
    public async Task A_broker_that_hangs_is_noticed_while_publishing_and_nothing_is_lost()
    {
        await using Mosquitto broker = await Mosquitto.StartAsync("max_inflight_messages 0");
        await using MosquittoSub subscriber = await MosquittoSub.StartAsync(broker.Port, "edge/+/training");
        await using Device device = new Device(broker.Port, NeverIdle).Start();
        await device.Connected();
        int sent = 0;
        device.Event(++sent);
        await Eventually.Holds(() => subscriber.All.Count >= 1, "the first event arrived");

        broker.Freeze();
        bool Noticed()
        {
            device.Event(++sent);
            return device.Link.State is { Connected: false, LastError: { } why } && why.Contains("no sign of life", StringComparison.Ordinal);
        }

        await Eventually.Holds(Noticed, "the hung broker was noticed");
        broker.Thaw();
        await Eventually.Holds(() => device.Link.State is { Connected: true, QueuedCount: 0 }, "the queue is empty");
        await Eventually.Holds(() => Device.RoundOf(subscriber.All[^1].Payload) == sent, "the last event arrived");
        Assert.Equal(Enumerable.Range(1, sent), subscriber.All.Select(seen => Device.RoundOf(seen.Payload)).Distinct());
    }

    [Fact]
    public async Task A_label_and_a_desired_configuration_come_in_and_the_retained_one_comes_again_after_a_reconnect()
    {
        await using Mosquitto broker = await Mosquitto.StartAsync();
        await using Wire wire = new(broker.Port);
        await using Device device = new(wire.Port);
        await MosquittoClients.PublishAsync(broker.Port, device.Topics.ConfigDesired, """{"version":7,"config":{"a":1}}""", retain: true);
        device.Start();
        InboundMessage config = await ReadAsync(device);
        Assert.Equal((device.Topics.ConfigDesired, true), (config.Topic, config.Retained));
        Assert.Equal("""{"version":7,"config":{"a":1}}""", System.Text.Encoding.UTF8.GetString(config.Payload.Span));

        await MosquittoClients.PublishAsync(broker.Port, device.Topics.Label, """{"windowId":42,"class":"walking","requestId":"r1"}""");
        InboundMessage label = await ReadAsync(device);
        Assert.Equal((device.Topics.Label, false), (label.Topic, label.Retained));
        Assert.Equal(new LabelMessage(42, "walking", "r1"), LabelMessage.Read(label.Payload).Message);

        wire.Cut();
        wire.Mend();
        InboundMessage again;
        do
        {
            again = await ReadAsync(device);
        }
        while (again.Topic == device.Topics.Label); // QoS 1: the label comes twice when the cut swallowed its acknowledgement
        Assert.Equal((device.Topics.ConfigDesired, true), (again.Topic, again.Retained));
    }

    [Fact]
    public async Task A_label_sent_while_the_device_is_away_waits_in_its_session()
    {
        await using Mosquitto broker = await Mosquitto.StartAsync();
        await using (Device before = new Device(broker.Port).Start())
        {
            await before.Connected();
        }

        await using Device device = new(broker.Port);
        await MosquittoClients.PublishAsync(broker.Port, device.Topics.Label, """{"windowId":42,"class":"walking"}""");
        device.Start();
        Assert.Equal(42ul, LabelMessage.Read((await ReadAsync(device)).Payload).Message!.WindowId);
    }

    [Fact]
    public async Task A_clean_stop_says_its_own_farewell_after_the_queue_and_the_last_will_stays_silent()
    {
        await using Mosquitto broker = await Mosquitto.StartAsync();
        await using MosquittoSub subscriber = await MosquittoSub.StartAsync(broker.Port, "edge/#");
        await using Device device = new Device(broker.Port).Start();
        device.Online();
        await device.Connected();
        for (int i = 1; i <= 50; i++)
        {
            device.Event(i);
        }

        await device.StopAsync();
        await Eventually.Holds(() => subscriber.All.Count == 52, "everything arrived");
        Seen[] statuses = [.. subscriber.All.Where(seen => seen.Topic == device.Topics.Status)];
        Assert.Equal(["online", "offline"], statuses.Select(seen => Device.StateOf(seen.Payload)));
        Assert.Contains("\"reason\":\"stopped\"", statuses[1].Payload, StringComparison.Ordinal);
        Assert.False(device.Link.State.Connected);
    }

    [Fact]
    public async Task A_stop_ends_with_a_dead_broker_too_and_leaves_the_last_word_to_the_last_will()
    {
        await using Mosquitto broker = await Mosquitto.StartAsync();
        await using MosquittoSub subscriber = await MosquittoSub.StartAsync(broker.Port, "edge/#");
        await using Device device = new Device(broker.Port, options => options with { KeepAlive = TimeSpan.FromSeconds(30) }).Start();
        device.Online();
        await Eventually.Holds(() => subscriber.All.Count == 1, "the status arrived");

        broker.Freeze();
        device.Event(1);
        await device.StopAsync();
        broker.Thaw();
        await Eventually.Holds(() => subscriber.All.Any(seen => seen.Payload.Contains("\"reason\":\"lwt\"", StringComparison.Ordinal)), "the last will arrived");
    }

    [Fact]
    public async Task A_message_that_the_broker_will_never_take_does_not_hold_up_the_others()
    {
        await using Mosquitto broker = await Mosquitto.StartWithFileAsync("acl_file", "topic readwrite edge/#\ntopic readwrite probe/#\n");
        await using MosquittoSub subscriber = await MosquittoSub.StartAsync(broker.Port, "edge/#");
        await using Device device = new Device(broker.Port).Start();
        device.Link.Send(new OutboundMessage("foreign", "elsewhere/x", "{}"u8.ToArray(), Delivery.Event));
        device.Event(1);

        await Eventually.Holds(() => subscriber.All.Count == 1, "the allowed event arrived");
        await Eventually.Holds(() => device.Link.State is { RefusedCount: 1, PublishedCount: 1, QueuedCount: 0 }, "one was refused and one acknowledged");
        Assert.EndsWith("NotAuthorized. Let the broker's access list (ACL) have client 'edge-pump-7' write 'elsewhere/x'.", device.Link.State.LastError, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_password_is_weather_that_says_why()
    {
        await using Mosquitto broker = await Mosquitto.StartWithFileAsync("password_file", "", "allow_anonymous false");
        await using Device device = new Device(broker.Port, options => options with { User = "pump", Password = "secret" }).Start();

        await Eventually.Holds(() => device.Link.State.LastError is not null, "the refusal is known");
        Assert.Equal(
            "the broker refused the connection: NotAuthorized. Check telemetry.user ('pump') and telemetry.passwordFile against the broker's users; " +
            "and let the broker's access list (ACL) have user 'pump' connect and write 'edge/pump-7/status', the last will's topic.",
            device.Link.State.LastError);
        Assert.False(device.Link.State.Connected);
    }

    [Theory]
    [InlineData(MqttProtocol.V5)]
    [InlineData(MqttProtocol.V311)]
    public async Task Who_has_the_right_name_and_password_is_let_in(MqttProtocol protocol)
    {
        await using Mosquitto broker = await Mosquitto.StartWithFileAsync("password_file", await MosquittoClients.PasswordLineAsync("pump", "två ord"), "allow_anonymous false");
        await using Device device = new Device(broker.Port, options => options with { Protocol = protocol, User = "pump", Password = "två ord" }).Start();
        device.Event(1);
        await Eventually.Holds(() => device.Link.State is { PublishedCount: 1, QueuedCount: 0 }, "the event is acknowledged");
    }

    [Fact]
    public async Task A_password_file_that_is_missing_is_weather_that_names_it_and_the_next_attempt_reads_what_is_there_then()
    {
        await using Mosquitto broker = await Mosquitto.StartWithFileAsync("password_file", await MosquittoClients.PasswordLineAsync("pump", "right"), "allow_anonymous false");
        string file = Path.Combine(Path.GetTempPath(), $"edge-password-{Guid.NewGuid():n}");
        await using Device device = new Device(broker.Port, options => options with { User = "pump", PasswordFile = file }).Start();
        await Eventually.Holds(() => device.Link.State.LastError?.Contains($"the password file '{file}' cannot be read", StringComparison.Ordinal) == true, "the file is named");

        await File.WriteAllTextAsync(file, "wrong\n", TestContext.Current.CancellationToken);
        await Eventually.Holds(() => device.Link.State.LastError?.Contains("NotAuthorized", StringComparison.Ordinal) == true, "the broker refuses");
        await File.WriteAllTextAsync(file, "right\n", TestContext.Current.CancellationToken);
        await device.Connected();
        File.Delete(file);
    }

    [Fact]
    public async Task A_password_file_that_never_ends_is_weather_that_names_it_and_keeps_nobody_from_stopping()
    {
        await using Mosquitto broker = await Mosquitto.StartAsync();
        string pipe = Path.Combine(Path.GetTempPath(), $"edge-password-{Guid.NewGuid():n}");
        using (Process make = Process.Start("/usr/bin/mkfifo", [pipe])) await make.WaitForExitAsync(TestContext.Current.CancellationToken);
        await using (Device device = new Device(broker.Port, options => options with { User = "pump", PasswordFile = pipe }).Start())
        {
            await Eventually.Holds(() => device.Link.State.LastError?.Contains($"'{pipe}' cannot be read to the end within 5 s", StringComparison.Ordinal) == true, "the file is named");
        } // To open a pipe takes until somebody writes into it: that the device is gone shows that nobody waits for that.

        await File.WriteAllTextAsync(pipe, "late", TestContext.Current.CancellationToken); // The thread ends.
        File.Delete(pipe);
    }

    [Theory]
    [InlineData(MqttProtocol.V5)]
    [InlineData(MqttProtocol.V311)]
    public async Task A_broker_that_takes_no_stranger_is_weather_that_says_what_to_set(MqttProtocol protocol)
    {
        await using Mosquitto broker = await Mosquitto.StartWithFileAsync("password_file", "", "allow_anonymous false");
        await using Device device = new Device(broker.Port, options => options with { Protocol = protocol, LastWill = null, Names = new LinkSettingNames { User = "--user", Password = "--password-file" } }).Start();

        await Eventually.Holds(() => device.Link.State.LastError is not null, "the refusal is known");
        Assert.Contains("No user name was sent: set --user and --password-file", device.Link.State.LastError, StringComparison.Ordinal);
    }

    /// <summary>A window so wide that the client goes on sending until the probe rings: then its own keep-alive, which looks at when it last sent something,
    /// does not help.</summary>
    private static MqttLinkOptions NeverIdle(MqttLinkOptions options) => Device.Hasty(options) with { PublishTimeout = TimeSpan.FromMinutes(5), InFlightWindow = 2048, QueueCapacity = 4096 };

    private static async Task<InboundMessage> ReadAsync(Device device) =>
        await device.Link.Inbound.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Eventually.Limit, TestContext.Current.CancellationToken);
}
