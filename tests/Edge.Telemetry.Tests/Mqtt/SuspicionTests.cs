using Edge.Telemetry.Mqtt;

namespace Edge.Telemetry.Tests.Mqtt;

public class SuspicionTests
{
    private static readonly WaitingMessage Culprit = Of(7), Other = Of(8);

    [Fact]
    public void Ten_ends_in_a_row_with_the_same_message_confirm_it_and_from_the_third_it_is_sent_alone()
    {
        Suspicion suspicion = new();
        for (int end = 1; end <= 9; end++)
        {
            Assert.Null(suspicion.Confirms(Culprit));
            Assert.Equal(end >= 3, suspicion.IsRaised);
        }

        Assert.Same(Culprit, suspicion.Confirms(Culprit));
        Assert.False(suspicion.IsRaised);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Another_message_or_an_end_that_says_nothing_begins_the_count_anew(bool isOther)
    {
        Suspicion suspicion = new();
        for (int end = 1; end <= 9; end++) suspicion.Confirms(Culprit);
        Assert.Null(suspicion.Confirms(isOther ? Other : null));
        Assert.False(suspicion.IsRaised);
        for (int end = 1; end <= 9; end++) Assert.Null(suspicion.Confirms(Culprit));
    }

    private static WaitingMessage Of(long id) => new(id, new OutboundMessage("n", "t", new byte[1], Delivery.NeverDrop), DateTimeOffset.UnixEpoch);
}
