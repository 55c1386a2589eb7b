using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Edge.LinkVictim;

/// <summary>A real mosquitto on 127.0.0.1 that keeps sessions over a clean restart.</summary>
public sealed class Broker : IDisposable
{
    private static readonly string[] s_places = ["/usr/sbin", "/usr/local/sbin", "/usr/bin", "/usr/local/bin", "/opt/homebrew/sbin", "/opt/homebrew/bin"];
    private readonly string config;
    private Process? process;

    /// <summary>Prepares one; <see cref="StartAsync"/> starts it.</summary>
    public Broker(string folder, params string[] settings)
    {
        Directory.CreateDirectory(folder);
        config = Path.Combine(folder, "mosquitto.conf");
        File.WriteAllLines(config,
        [
            $"listener {Port} 127.0.0.1", "allow_anonymous true", "persistence true", $"persistence_location {folder}/", $"user {Environment.UserName}", "log_dest none", "max_queued_messages 0",
            "max_queued_bytes 0", .. settings,
        ]);
    }

    /// <summary>Its TCP port.</summary>
    public int Port { get; } = Ports.Free();

    /// <summary>Processor time that it has taken since it was started.</summary>
    public TimeSpan CpuTime
    {
        get
        {
            process!.Refresh();
            return process.TotalProcessorTime;
        }
    }

    /// <summary>Whether mosquitto and its clients are installed.</summary>
    public static bool IsInstalled => Find("mosquitto") is not null && Find("mosquitto_sub") is not null;

    /// <summary>A program of mosquitto; null: not installed.</summary>
    public static string? Find(string program) => s_places.Select(place => Path.Combine(place, program)).FirstOrDefault(File.Exists);

    /// <summary>Starts it and waits until it listens.</summary>
    public async Task StartAsync()
    {
        process = Process.Start(new ProcessStartInfo(Find("mosquitto")!, ["-c", config]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        for (int i = 0; i < 15_000; i++) // Five minutes: a machine may have other things to do.
        {
            using var probe = new TcpClient();
            try
            {
                await probe.ConnectAsync(IPAddress.Loopback, Port);
                return;
            }
            catch (SocketException) when (!process.HasExited)
            {
                await Task.Delay(20);
            }
        }

        throw new InvalidOperationException($"mosquitto does not listen on port {Port}");
    }

    /// <summary>SIGTERM: it saves its sessions and ends.</summary>
    public async Task StopAsync()
    {
        if (process is null) return;
        Signal("CONT");
        Signal("TERM");
        await process.WaitForExitAsync();
        process.Dispose();
        process = null;
    }

    /// <summary>SIGSTOP: the kernel goes on acknowledging TCP, but nobody answers.</summary>
    public void Freeze() => Signal("STOP");

    /// <summary>SIGCONT.</summary>
    public void Thaw() => Signal("CONT");

    /// <inheritdoc/>
    public void Dispose()
    {
        process?.Kill();
        process?.Dispose();
    }

    private void Signal(string name)
    {
        using var kill = Process.Start("/bin/kill", [$"-{name}", $"{process!.Id}"]);
        kill.WaitForExit();
    }
}
