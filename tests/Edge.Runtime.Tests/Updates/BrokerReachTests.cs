using Edge.Runtime.Updates.Trials;
using Edge.Telemetry.Messages;
using Edge.Telemetry.Mqtt;

namespace Edge.Runtime.Tests.Updates;

/// <summary>A broker is reached when the device can be told something else from there.</summary>
public class BrokerReachTests
{
    private static readonly Topics s_topics = new("edge", "d1");
    private static readonly LinkState s_link = new() { Connected = true, Broker = "10.0.0.1:1883", Since = DateTimeOffset.UnixEpoch };

    [Fact]
    public void A_connection_that_hears_and_is_believed_is_no_problem() => Assert.Null(BrokerReach.Problem(s_link, s_topics, ConfigTrust.Signed));

    [Fact]
    public void No_connection_is_one_with_its_reason() =>
        Assert.Equal("10.0.0.1:1883: Connection refused", BrokerReach.Problem(s_link with { Connected = false, LastError = "Connection refused" }, s_topics, ConfigTrust.Signed));

    [Theory]
    [InlineData("edge/d1/config/desired", true)]
    [InlineData("edge/d1/config/keys", true)]
    [InlineData("edge/d1/label", false)] // Labels are not what brings the device back.
    public void A_broker_that_does_not_let_it_hear_its_configuration_is_one(string topic, bool isProblem)
    {
        string? problem = BrokerReach.Problem(s_link with { RefusedSubscriptions = [new RefusedSubscription(topic, "not authorised")] }, s_topics, ConfigTrust.Signed);
        Assert.Equal(isProblem ? $"10.0.0.1:1883 does not let the device hear {topic}, so that it could not be told anything any more: not authorised" : null, problem);
    }

    [Fact]
    public void A_broker_from_which_nothing_is_taken_is_one() =>
        Assert.StartsWith("nothing that came from 10.0.0.1:1883 would be taken", BrokerReach.Problem(s_link, s_topics, ConfigTrust.Nothing));
}
