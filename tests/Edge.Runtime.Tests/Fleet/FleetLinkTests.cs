using System.CommandLine;
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
