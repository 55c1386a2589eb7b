using Edge.LinkVictim;
using Edge.Telemetry.Messages;
using Edge.Telemetry.Mqtt;

namespace Edge.Telemetry.Tests.Mqtt;

/// <summary>What can be claimed of the link without a broker.</summary>
public class MqttLinkTests
{
    [Fact]
    public void A_full_queue_drops_the_oldest_event_and_a_gauge_gives_way_to_a_newer_one_both_counted_by_name()
    {
        Device device = new(1, options => options with { QueueCapacity = 16, InFlightWindow = 8 });
        device.Reporter.Prediction(Summary());
        device.Reporter.Prediction(Summary());
        for (int i = 1; i <= 17; i++)
        {
            device.Event(i);
        }

        LinkState state = device.Link.State;
        Assert.Equal((16, 1L), (state.QueuedCount, state.DroppedCount));
        Assert.Equal(new Dictionary<string, long> { ["training"] = 1 }, state.DroppedByName);
        Assert.Equal(new Dictionary<string, long> { ["prediction"] = 1 }, state.CoalescedByName);
    }

    [Fact]
    public void Retained_states_take_no_place_in_the_queue()
    {
        Device device = new(1);
        for (int i = 0; i < 1000; i++)
        {
            device.Online();
        }

        Assert.Equal((0, 0L), (device.Link.State.QueuedCount, device.Link.State.DroppedCount));
    }

    [Fact]
    public async Task No_broker_is_weather_and_a_stop_in_the_middle_of_it_ends()
    {
        Device device = new(Ports.Free());
        device.Start();
        await Eventually.Holds(() => device.Link.State.LastError is not null, "the failure is known");

        Assert.False(device.Link.State.Connected);
        await device.StopAsync();
    }

    [Fact]
    public async Task A_broker_that_takes_the_connection_and_says_nothing_times_out()
    {
        using System.Net.Sockets.TcpListener mute = new(System.Net.IPAddress.Loopback, 0);
        mute.Start();
        await using Device device = new(((System.Net.IPEndPoint)mute.LocalEndpoint).Port, options => options with { ConnectTimeout = TimeSpan.FromSeconds(0.2) });
        device.Start();

        await Eventually.Holds(() => device.Link.State.LastError == "no answer to CONNECT within 0.2 s", "the time-out is known");
    }

    [Fact]
    public void Pauses_double_with_full_jitter_up_to_the_longest()
    {
        Backoff backoff = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60), new Random(3)), same = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60), new Random(3));
        Random draws = new(3);
        foreach (double ceiling in new double[] { 1, 2, 4, 8, 16, 32, 60, 60 })
        {
            TimeSpan pause = backoff.Next();
            Assert.Equal(draws.NextDouble() * ceiling, pause.TotalSeconds, 6);
            Assert.Equal(pause, same.Next());
        }

        backoff.Reset();
        Assert.Equal(draws.NextDouble(), backoff.Next().TotalSeconds, 6);
    }

    [Theory]
    [InlineData("localhost", true)]
    [InlineData("LOCALHOST", true)]
    [InlineData("127.0.0.1", true)]
    [InlineData("127.9.9.9", true)]
    [InlineData("::1", true)]
    [InlineData("[::1]", true)]
    [InlineData("::ffff:127.0.0.1", true)]
    [InlineData("0.0.0.0", false)]
    [InlineData("192.168.0.2", false)]
    [InlineData("localhost.example.org", false)]
    [InlineData("127.0.0.1.example.org", false)]
    [InlineData("", false)]
    public void Only_a_literal_loopback_address_counts_as_this_machine(string host, bool expected) => Assert.Equal(expected, BrokerAddress.IsLoopback(host));

    [Fact]
    public void The_password_is_in_no_text() =>
        Assert.DoesNotContain("hunter2", new MqttLinkOptions { Host = "h", Port = 1, ClientId = "c", Password = "hunter2" }.ToString(), StringComparison.Ordinal);

    private static PredictionMessage Summary() =>
        new() { WindowsSeen = 0, WindowsDropped = 0, WindowsPerSecond = 0, LatencyP50Ms = 0, LatencyP99Ms = 0, CountsByClass = new Dictionary<string, long>(), UnknownCount = 0 };
}
