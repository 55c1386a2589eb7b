using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Edge.Runtime.Commands;

namespace Edge.Runtime.Tests.Fleet;

/// <summary>What an operator's command believes when it says that the broker has a message.</summary>
public sealed class FleetLinkTests
{
    [Fact]
    public async Task A_message_counts_as_published_when_it_is_acknowledged_itself_not_when_an_earlier_one_is_again()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        await using var broker = new WithholdingBroker(withheld: "edge/second");
        await using var fleet = await FleetLink.OpenAsync(FleetLink.AddTo(new Command("any")).Parse(["--broker", broker.Address]), [], stop.Token);
        await fleet.PublishAsync("edge/first", [1], stop.Token);
        Assert.Equal(1, broker.AcknowledgedCount);

        var publish = fleet.PublishAsync("edge/second", [2], stop.Token);
        await HoldsAsync(() => broker.HasWithheld);
        broker.HangUp(); // The link comes back, and tells the broker the latest of each topic again, which is the first.
        await HoldsAsync(() => fleet.Link.State.PublishedCount == 2);
        await Task.WhenAny(publish, Task.Delay(100, stop.Token)); // Whoever counts has had time to.
        Assert.False(publish.IsCompletedSuccessfully);

        await stop.CancelAsync();
        await Task.WhenAny(publish); // It was given up.
    }

    [Theory]
    [InlineData(5, "--broker")]
    [InlineData(5, "--protocol", "5", "--broker")]
    [InlineData(4, "--protocol", "3.1.1", "--broker")] // MQTT 3.1.1 is level 4.
    public async Task The_version_of_MQTT_is_the_one_that_was_asked_for_and_the_session_ends_with_the_verb(int level, params string[] arguments)
    {
        using var broker = new TcpListener(IPAddress.Loopback, 0);
        broker.Start();
        await using var fleet = await FleetLink.BeginAsync(FleetLink.AddTo(new Command("any")).Parse([.. arguments, $"127.0.0.1:{((IPEndPoint)broker.LocalEndpoint).Port}"]), ["edge/+/status"], TestContext.Current.CancellationToken);
        using var connection = await broker.AcceptTcpClientAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        byte[] connect = new byte[10];
        await connection.GetStream().ReadExactlyAsync(connect, TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        Assert.Equal("MQTT", Encoding.ASCII.GetString(connect, 4, 4)); // After type, length of the rest, and length of the name.
        Assert.Equal(level, connect[8]);
        Assert.Equal(level == 4, (connect[9] & 2) != 0); // Clean session: there is no expiry that would end it. MQTT 5 has one, and goes on with its session after a loss.
    }

    [Fact]
    public void Another_version_is_refused_with_those_that_there_are() =>
        Assert.Contains("3.1.1", Assert.Single(FleetLink.AddTo(new Command("any")).Parse(["--protocol", "4"]).Errors).Message, StringComparison.Ordinal);

    private static async Task HoldsAsync(Func<bool> condition)
    {
        var limit = DateTime.UtcNow.AddMinutes(5); // Only so that the test can fail.
        while (!condition())
        {
            Assert.True(DateTime.UtcNow < limit, "It never came true.");
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }
    }
}
