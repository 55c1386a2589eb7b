using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Edge.LinkVictim;

namespace Edge.EndToEnd.Tests.World;

/// <summary>The real broker on 127.0.0.1, on a port of its own. Without it installed the test is skipped.</summary>
internal sealed class Mosquitto : IAsyncDisposable
{
    private static readonly string[] s_places = ["/usr/sbin", "/usr/local/sbin", "/usr/bin", "/usr/local/bin"];
    private readonly string folder = Directory.CreateTempSubdirectory("edge-mosquitto-").FullName;
    private Process? process;

    public int Port { get; } = Ports.Free();

    /// <summary>Path of one of its programs; skips the test when it is not there.</summary>
    public static string PathOf(string program)
    {
        string? path = s_places.Select(place => Path.Combine(place, program)).FirstOrDefault(File.Exists);
        Assert.SkipWhen(path is null, $"{program} is not installed (Debian: apt-get install mosquitto mosquitto-clients)");
        return path!;
    }

    /// <summary>Starts one.</summary>
    /// <param name="settings">Lines of its configuration, after those of its own listener.</param>
    public static async Task<Mosquitto> StartAsync(params string[] settings)
    {
        string program = PathOf("mosquitto");
        PathOf("mosquitto_sub");
        PathOf("mosquitto_pub");
        var broker = new Mosquitto();
        string config = Path.Combine(broker.folder, "mosquitto.conf");
        File.WriteAllLines(config, ["per_listener_settings true", $"listener {broker.Port} 127.0.0.1", "allow_anonymous true", "persistence false", "max_queued_messages 0", .. settings.Any(s => s.StartsWith("log_dest", StringComparison.Ordinal)) ? [] : new[] { "log_dest none" }, .. settings]);
        broker.process = Process.Start(new ProcessStartInfo(program, ["-c", config]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        await Eventually.Holds(
            () =>
            {
                Assert.False(broker.process.HasExited, "mosquitto ended");
                return Listens(broker.Port);
            },
            "mosquitto listens");
        return broker;
    }

    public async ValueTask DisposeAsync()
    {
        if (process is not null)
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
            process.Dispose();
        }

        Directory.Delete(folder, recursive: true);
    }

    /// <summary>Whether somebody listens on a port of 127.0.0.1.</summary>
    public static bool Listens(int port)
    {
        using var probe = new TcpClient();
        try
        {
            probe.Connect(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
