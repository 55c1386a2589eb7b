using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Edge.LinkVictim;

namespace Edge.Telemetry.Tests.Mqtt;

/// <summary>A real mosquitto on 127.0.0.1 that can be stopped, started again on the same port, frozen and thawed.</summary>
internal sealed class Mosquitto : IAsyncDisposable
{
    private static readonly string[] Places = ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", "/usr/bin/mosquitto", "/opt/homebrew/sbin/mosquitto"];

    private readonly string _folder = Directory.CreateTempSubdirectory("edge-mosquitto-").FullName;
    private readonly string[] _extraConfig;
    private Process? _process;
    private string? _file;

    private Mosquitto(string[] extraConfig) => _extraConfig = extraConfig;

    public static string WhyNot { get; } = "mosquitto and mosquitto-clients are not installed (Debian: apt-get install mosquitto mosquitto-clients)";

    public static bool IsInstalled => Places.Any(File.Exists) && MosquittoClients.AreInstalled;

    public int Port { get; private set; }

    public static async Task<Mosquitto> StartAsync(params string[] extraConfig)
    {
        Assert.SkipUnless(IsInstalled, WhyNot);
        Mosquitto broker = new(extraConfig) { Port = Ports.Free() };
        await broker.StartAgainAsync();
        return broker;
    }

    /// <summary>Starts one with a setting that names a file of this text. The file lies where mosquitto can read it whatever user it becomes.</summary>
    public static async Task<Mosquitto> StartWithFileAsync(string setting, string text, params string[] extraConfig)
    {
        Assert.SkipUnless(IsInstalled, WhyNot);
        string path = Path.Combine(Path.GetTempPath(), $"edge-mosquitto-{Guid.NewGuid():n}");
        await File.WriteAllTextAsync(path, text, TestContext.Current.CancellationToken);
        Mosquitto broker = new([$"{setting} {path}", .. extraConfig]) { Port = Ports.Free(), _file = path };
        await broker.StartAgainAsync();
        return broker;
    }

    public async Task StartAgainAsync()
    {
        string config = Path.Combine(_folder, "mosquitto.conf");
        File.WriteAllLines(config, [$"listener {Port} 127.0.0.1", "allow_anonymous true", "persistence false", "log_dest none", .. _extraConfig]);
        _process = Process.Start(new ProcessStartInfo(Places.First(File.Exists), ["-c", config]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < Eventually.Limit;)
        {
            using TcpClient probe = new();
            try
            {
                await probe.ConnectAsync(IPAddress.Loopback, Port, TestContext.Current.CancellationToken);
                return;
            }
            catch (SocketException) when (!_process.HasExited)
            {
                await Task.Delay(20, TestContext.Current.CancellationToken);
            }
        }

        Assert.Fail($"mosquitto does not listen on port {Port}");
    }

    public async Task StopAsync()
    {
        if (_process is { } process)
        {
            _process = null;
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
            process.Dispose();
        }
    }

    /// <summary>SIGSTOP: the kernel goes on acknowledging TCP, but nobody answers.</summary>
    public void Freeze() => Signal("STOP");

    /// <summary>SIGCONT.</summary>
    public void Thaw() => Signal("CONT");

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(_folder, recursive: true);
        if (_file is not null)
        {
            File.Delete(_file);
        }
    }

    private void Signal(string name)
    {
        using Process kill = Process.Start("/bin/kill", [$"-{name}", $"{_process!.Id}"]);
        kill.WaitForExit();
        Assert.Equal(0, kill.ExitCode);
    }
}
