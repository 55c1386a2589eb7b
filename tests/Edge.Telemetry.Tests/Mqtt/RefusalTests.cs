using Edge.Telemetry.Mqtt;

namespace Edge.Telemetry.Tests.Mqtt;

/// <summary>Whoever reads that a broker says no reads what to do about it.</summary>
public class RefusalTests
{
    private static readonly MqttLinkOptions Plain = new() { Host = "broker", Port = 1883, ClientId = "edge-pump-7" };

    [Theory]
    [InlineData("BadUserNameOrPassword", "telemetry.user")]
    [InlineData("NotAuthorized", "telemetry.tls.clientCertificateFile")]
    [InlineData("BadAuthenticationMethod", "telemetry.passwordFile")]
    [InlineData("ClientIdentifierNotValid", "device.id")]
    [InlineData("Banned", "edge-pump-7")]
    [InlineData("UnsupportedProtocolVersion", "telemetry.protocol to \"3.1.1\"")]
    [InlineData("UseAnotherServer", "telemetry.host")]
    [InlineData("ServerMoved", "telemetry.host")]
    [InlineData("ServerUnavailable", "tried again")]
    [InlineData("ServerBusy", "tried again")]
    [InlineData("QuotaExceeded", "limits")]
    [InlineData("ConnectionRateExceeded", "limits")]
    [InlineData("PacketTooLarge", "largest packet")]
    [InlineData("TopicNameInvalid", "last will")]
    [InlineData("QoSNotSupported", "QoS 1")]
    public void A_refused_connection_names_what_to_set(string reason, string remedy) => Assert.Contains(remedy, Refusals.OfConnect(reason, Plain), StringComparison.Ordinal);

    [Fact]
    public void What_was_sent_is_named_and_never_the_password()
    {
        string named = Refusals.OfConnect("NotAuthorized", Plain with { User = "pump", Password = "hunter2" });
        Assert.Contains("'pump'", named, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", named, StringComparison.Ordinal);
        Assert.Contains("telemetry.tls.clientCertificateFile is sent", Refusals.OfConnect("NotAuthorized", Plain with { Tls = new MqttTlsOptions { CertificateFile = "own.pem" } }), StringComparison.Ordinal);
    }

    [Fact]
    public void An_operator_reads_the_options_of_the_command_line()
    {
        MqttLinkOptions operators = Plain with { Names = new LinkSettingNames { User = "--user", Password = "--password-file", Certificate = "--client-certificate", ClientId = "", Protocol = "" } };
        foreach (string reason in new[] { "NotAuthorized", "ClientIdentifierNotValid", "UnsupportedProtocolVersion" }) Assert.DoesNotContain("telemetry.", Refusals.OfConnect(reason, operators), StringComparison.Ordinal);
    }

    [Fact]
    public void Two_clients_of_one_id_are_told_so() => Assert.Contains("device.id", Refusals.OfEnd("SessionTakenOver", Plain), StringComparison.Ordinal);

    [Fact]
    public void What_no_setting_mends_has_no_remedy() => Assert.Equal("", Refusals.OfConnect("UnspecifiedError", Plain) + Refusals.OfTopic("QuotaExceeded", "write", "t", Plain) + Refusals.OfEnd("ServerShuttingDown", Plain));
}
