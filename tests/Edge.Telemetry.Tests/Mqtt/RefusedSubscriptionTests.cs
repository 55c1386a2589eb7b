using Edge.Telemetry.Mqtt;

namespace Edge.Telemetry.Tests.Mqtt;

/// <summary>A subscription that the broker refuses is known, and is asked for again until it is granted.</summary>
public class RefusedSubscriptionTests
{
    [Theory]
    [InlineData(0x80, "UnspecifiedError")]
    [InlineData(0x83, "ImplementationSpecificError")]
    [InlineData(0x87, "NotAuthorized")]
    public async Task What_is_refused_is_told_and_asked_for_again_on_the_same_connection_and_logged_once_per_change(byte reason, string name)
    {
        LogLines log = new();
        await using ScriptedBroker broker = new((_, _) => 0) { Grant = _ => reason };
        await using Device device = new Device(broker.Port, log: log).Start();
        await device.Connected();
        Assert.Equal(device.Topics.Inbound, device.Link.State.RefusedSubscriptions.Select(one => one.Topic));
        Assert.All(device.Link.State.RefusedSubscriptions, one => Assert.StartsWith(name, one.Reason, StringComparison.Ordinal));
        IReadOnlyList<RefusedSubscription> before = device.Link.State.RefusedSubscriptions;

        await Eventually.Holds(() => broker.Asked.Count >= 2 * before.Count, "they are asked for again");
        await Task.Delay(50, TestContext.Current.CancellationToken);
        Assert.Same(before, device.Link.State.RefusedSubscriptions);
        broker.Grant = topic => topic == device.Topics.Label ? reason : (byte)1;
        await Eventually.Holds(() => device.Link.State.RefusedSubscriptions.Count == 1, "all but one are granted");
        int asked = broker.Asked.Count;
        broker.Grant = _ => 1;
        await Eventually.Holds(() => device.Link.State.RefusedSubscriptions.Count == 0, "all are granted");

        Assert.Equal([device.Topics.Label], broker.Asked.Skip(asked));
        Assert.Equal(0, device.Link.State.ReconnectCount);
        Assert.Equal((2, 1), (log.Of(4015).Count, log.Of(4016).Count));
        device.Event(1);
        await Eventually.Holds(() => device.Link.State.PublishedCount == 1, "the link publishes");
    }

    [Fact]
    public async Task A_broker_that_does_not_answer_the_second_time_is_left()
    {
        int count = 0;
        await using ScriptedBroker broker = new((_, _) => 0);
        broker.Grant = _ => ++count <= 3 ? (byte)0x83 : ScriptedBroker.Silence;
        await using Device device = new Device(broker.Port, options => options with { Subscriptions = ["a", "b", "c"], PublishTimeout = TimeSpan.FromSeconds(0.5) }).Start();
        await Eventually.Holds(() => device.Link.State.LastError?.Contains("no answer to SUBSCRIBE within 0.5 s", StringComparison.Ordinal) == true, "the connection was given up");
        broker.Grant = _ => 1;
        await Eventually.Holds(() => device.Link.State is { Connected: true, RefusedSubscriptions.Count: 0 }, "the next connection has them");
    }
}
