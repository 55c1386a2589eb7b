using System.Diagnostics;
using Edge.EndToEnd.Tests.World;
using Edge.LinkVictim;
using Edge.Telemetry.Tests.Mqtt;

namespace Edge.EndToEnd.Tests;

/// <summary>What the configuration says of the broker's door is what the service does at it.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class BrokerAccessTests : IDisposable
{
    private readonly Certificates ca = new();

    public void Dispose() => ca.Dispose();

    [Fact]
    public async Task User_password_file_certificates_and_MQTT_3_1_1_of_the_configuration_reach_the_broker()
    {
        int port = Ports.Free();
        var (certificate, key) = ca.ForBroker("127.0.0.1");
        var (ownCertificate, ownKey) = ca.ForDevice("d1");
        string passwords = ca.Write("passwords", ""), log = ca.Write("broker.log", "");
        using (var passwd = Process.Start(World.Mosquitto.PathOf("mosquitto_passwd"), ["-b", passwords, "pump", "open sesame"])) await passwd.WaitForExitAsync(TestContext.Current.CancellationToken);
        File.SetUnixFileMode(passwords, (UnixFileMode)0b110_100_100);
        File.SetUnixFileMode(log, (UnixFileMode)0b110_110_110);
        await using var broker = await World.Mosquitto.StartAsync(
            "log_type all", $"log_dest file {log}", $"listener {port} 127.0.0.1", "allow_anonymous false", $"password_file {passwords}",
            $"cafile {ca.CaFile}", $"certfile {certificate}", $"keyfile {key}", "require_certificate true");
        await using var fleet = await Fleet.ListenAsync(broker.Port);
        await using var device = DeviceFolder.Create(port)
            .With("telemetry.user", "pump").With("telemetry.passwordFile", ca.Write("password", "open sesame\n")).With("telemetry.protocol", "3.1.1")
            .With("telemetry.tls.mode", "on").With("telemetry.tls.caFile", ca.CaFile).With("telemetry.tls.clientCertificateFile", ownCertificate).With("telemetry.tls.clientKeyFile", ownKey);
        await device.WithFirstSnapshotAsync();
        var run = device.Run();
        await fleet.HearsAsync("status", status => (string?)status["state"] == "online", "the device is online");
        run.CtrlC();
        Assert.Equal(0, await run.EndAsync());

        string[] said = await File.ReadAllLinesAsync(log, TestContext.Current.CancellationToken);
        Assert.Contains(said, line => line.Contains(" as edge-d1 (p2, ", StringComparison.Ordinal) && line.Contains("u'pump'", StringComparison.Ordinal)); // p2: MQTT 3.1.1; p5 would be MQTT 5.
    }
}
