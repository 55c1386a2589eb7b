using Edge.Telemetry.Mqtt;

namespace Edge.Telemetry.Tests.Mqtt;

public class SuspicionTests
{
    private static readonly Outgoing Culprit = Of(7), Other = Of(8);

    [Fact]
    public void Ten_ends_in_a_row_with_the_same_message_confirm_it_and_from_the_third_it_is_sent_alone()
    {
        Suspicion suspicion = new();
        for (int end = 1; end <= 9; end++)
        {
            Assert.False(suspicion.Confirms(Culprit, PublishResult.Refused));
            Assert.Equal(end >= 3, suspicion.IsRaised);
        }

        Assert.True(suspicion.Confirms(Culprit, PublishResult.Refused));
        Assert.False(suspicion.IsRaised);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, false)]
    [InlineData(false, true)]
    public void Another_message_or_an_end_that_says_nothing_begins_the_count_anew(bool isOther, bool isOfTheBroker)
    {
        Suspicion suspicion = new();
        for (int end = 1; end <= 9; end++) suspicion.Confirms(Culprit, PublishResult.Refused);
        Assert.False(suspicion.Confirms(isOther ? Other : isOfTheBroker ? Culprit : null, isOfTheBroker ? PublishResult.Failed : PublishResult.Refused));
        Assert.Equal(isOther, suspicion.IsRaised); // Whichever it is, it must be found.
        for (int end = 1; end <= 9; end++) Assert.False(suspicion.Confirms(Culprit, PublishResult.Refused));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_is_only_to_wait_is_confirmed_as_soon_as_it_was_alone(bool isDenied)
    {
        PublishResult says = isDenied ? PublishResult.Denied : PublishResult.Postponed;
        Suspicion suspicion = new();
        for (int end = 1; end <= 3; end++) Assert.False(suspicion.Confirms(Culprit, says));
        Assert.True(suspicion.IsRaised);
        Assert.True(suspicion.Confirms(Culprit, says));
    }

    [Fact]
    public void A_state_is_known_by_its_topic_and_is_never_given_up()
    {
        Suspicion suspicion = new();
        for (int end = 1; end <= 3; end++) Assert.False(suspicion.Confirms(State(), PublishResult.Refused));
        Assert.True(suspicion.Confirms(State(), PublishResult.Refused));
        Assert.False(Suspicion.IsGivenUp(State(), PublishResult.Refused));
        Assert.True(Suspicion.IsGivenUp(Culprit, PublishResult.Refused));
    }

    private static Outgoing Of(long id)
    {
        OutboundMessage message = new("n", "t", new byte[1], Delivery.NeverDrop);
        return new Outgoing(message, new WaitingMessage(id, message, DateTimeOffset.UnixEpoch));
    }

    private static Outgoing State() => new(new OutboundMessage("n", "t", new byte[1], Delivery.LatestState), null);
}
