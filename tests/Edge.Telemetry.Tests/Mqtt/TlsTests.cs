using Edge.Telemetry.Mqtt;

namespace Edge.Telemetry.Tests.Mqtt;

/// <summary>TLS against a real mosquitto, with a CA and certificates made here.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class TlsTests : IDisposable
{
    private readonly Certificates _ca = new();

    public void Dispose() => _ca.Dispose();

    [Theory]
    [InlineData(MqttProtocol.V5)]
    [InlineData(MqttProtocol.V311)]
    public async Task Broker_and_device_know_each_other_by_certificates_of_one_CA(MqttProtocol protocol)
    {
        await using Mosquitto broker = await StartAsync("127.0.0.1", "require_certificate true", "use_identity_as_username true");
        (string certificate, string key) = _ca.ForDevice("pump-7");
        await using Device device = Of(broker, new MqttTlsOptions { CaFile = _ca.CaFile, CertificateFile = certificate, KeyFile = key }, protocol);
        await device.Connected();
        device.Event(1);

        await Eventually.Holds(() => device.Link.State is { PublishedCount: >= 1, QueuedCount: 0 }, "the event is acknowledged");
    }

    [Fact]
    public async Task Key_and_certificate_may_be_in_one_file()
    {
        await using Mosquitto broker = await StartAsync("127.0.0.1", "require_certificate true");
        (string certificate, string key) = _ca.ForDevice("pump-7");
        string both = _ca.Write("both.pem", File.ReadAllText(certificate) + "\n" + File.ReadAllText(key));
        await using Device device = Of(broker, new MqttTlsOptions { CaFile = _ca.CaFile, CertificateFile = both });
        await device.Connected();
    }

    [Fact]
    public async Task A_device_without_a_certificate_is_turned_away_where_one_is_required()
    {
        await using Mosquitto broker = await StartAsync("127.0.0.1", "require_certificate true");
        await using Device device = Of(broker, new MqttTlsOptions { CaFile = _ca.CaFile });

        await Eventually.Holds(() => device.Link.State.LastError is not null, "the refusal is known");
        Assert.False(device.Link.State.Connected);
    }

    [Fact]
    public async Task A_broker_that_another_CA_signed_for_is_not_trusted()
    {
        using Certificates other = new("Another CA");
        await using Mosquitto broker = await StartAsync("127.0.0.1");
        await using Device device = Of(broker, new MqttTlsOptions { CaFile = other.CaFile });

        await Refused(device, "does not vouch for the broker's certificate");
        await using Device trusting = Of(broker, new MqttTlsOptions());
        await Refused(trusting, "the system does not trust the broker's certificate");
    }

    [Fact]
    public async Task A_certificate_for_another_host_will_not_do_unless_the_operator_says_so()
    {
        await using Mosquitto broker = await StartAsync("broker.example");
        await using Device device = Of(broker, new MqttTlsOptions { CaFile = _ca.CaFile });
        await Refused(device, "is for another host");

        await using Device lenient = Of(broker, new MqttTlsOptions { CaFile = _ca.CaFile, CheckHostName = false });
        await lenient.Connected();
    }

    [Fact]
    public async Task A_certificate_that_is_not_for_servers_will_not_do()
    {
        (string certificate, string key) = _ca.ForDevice("127.0.0.1");
        await using Mosquitto broker = await Mosquitto.StartAsync($"cafile {_ca.CaFile}", $"certfile {certificate}", $"keyfile {key}");
        await using Device device = Of(broker, new MqttTlsOptions { CaFile = _ca.CaFile, CheckHostName = false });
        await Refused(device, "certificate");
    }

    [Fact]
    public async Task A_missing_file_is_weather_that_names_it_and_the_next_attempt_finds_it()
    {
        await using Mosquitto broker = await StartAsync("127.0.0.1");
        string late = Path.Combine(Path.GetDirectoryName(_ca.CaFile)!, "late.pem");
        await using Device device = Of(broker, new MqttTlsOptions { CaFile = late });
        await Refused(device, $"the CA file '{late}' cannot be used");

        File.Copy(_ca.CaFile, late);
        await device.Connected();
    }

    private static async Task Refused(Device device, string why)
    {
        await Eventually.Holds(() => device.Link.State.LastError?.Contains(why, StringComparison.Ordinal) == true, $"it is refused because '{why}'");
        Assert.False(device.Link.State.Connected);
    }

    private static Device Of(Mosquitto broker, MqttTlsOptions tls, MqttProtocol protocol = MqttProtocol.V5) =>
        new Device(broker.Port, options => options with { Tls = tls, Protocol = protocol, ConnectTimeout = TimeSpan.FromSeconds(30) }).Start();

    private Task<Mosquitto> StartAsync(string host, params string[] settings)
    {
        (string certificate, string key) = _ca.ForBroker(host);
        return Mosquitto.StartAsync([$"cafile {_ca.CaFile}", $"certfile {certificate}", $"keyfile {key}", .. settings]);
    }
}
