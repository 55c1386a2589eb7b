using System.Collections.Concurrent;
using System.Diagnostics;

namespace Edge.Telemetry.Tests.Mqtt;

/// <summary>A message as mosquitto_sub saw it.</summary>
internal sealed record Seen(string Topic, bool Retained, string Payload);

/// <summary>mosquitto_sub and mosquitto_pub: the independent eyes and mouth.</summary>
internal static class MosquittoClients
{
    private static readonly string[] Places = ["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"];

    public static bool AreInstalled => Places.Any(place => File.Exists($"{place}/mosquitto_sub") && File.Exists($"{place}/mosquitto_pub"));

    public static string PathOf(string program) => Places.Select(place => $"{place}/{program}").First(File.Exists);

    /// <summary>A line of mosquitto's password file, as mosquitto_passwd writes it.</summary>
    public static async Task<string> PasswordLineAsync(string user, string password)
    {
        string file = Path.Combine(Path.GetTempPath(), $"edge-passwd-{Guid.NewGuid():n}");
        using Process process = Process.Start(new ProcessStartInfo(PathOf("mosquitto_passwd"), ["-b", "-c", file, user, password]) { RedirectStandardError = true })!;
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, process.ExitCode);
        string line = await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);
        File.Delete(file);
        return line;
    }

    public static async Task PublishAsync(int port, string topic, string payload, bool retain = false)
    {
        string[] arguments = ["-h", "127.0.0.1", "-p", $"{port}", "-V", "5", "-q", "1", "-t", topic, "-m", payload, .. retain ? new[] { "-r" } : []];
        using Process process = Process.Start(PathOf("mosquitto_pub"), arguments);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, process.ExitCode);
    }
}

/// <summary>A running mosquitto_sub and everything it printed.</summary>
internal sealed class MosquittoSub : IAsyncDisposable
{
    private readonly ConcurrentQueue<Seen> _seen = new();
    private readonly Process _process;

    private MosquittoSub(int port, string filter)
    {
        ProcessStartInfo start = new(MosquittoClients.PathOf("mosquitto_sub"), ["-h", "127.0.0.1", "-p", $"{port}", "-V", "5", "-q", "1", "-t", filter, "-t", "probe/#", "-F", "%t\t%r\t%p"])
        {
            RedirectStandardOutput = true,
        };
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) =>
        {
            if (line.Data?.Split('\t', 3) is [string topic, string retained, string payload])
            {
                _seen.Enqueue(new Seen(topic, retained == "1", payload));
            }
        };
        _process.BeginOutputReadLine();
    }

    public IReadOnlyList<Seen> All => [.. _seen.Where(seen => !seen.Topic.StartsWith("probe/", StringComparison.Ordinal))];

    /// <summary>Starts one and waits until its subscription stands.</summary>
    public static async Task<MosquittoSub> StartAsync(int port, string filter)
    {
        MosquittoSub subscriber = new(port, filter);
        string probe = $"probe/{Guid.NewGuid():n}";
        await MosquittoClients.PublishAsync(port, probe, "?", retain: true);
        await Eventually.Holds(() => subscriber._seen.Any(seen => seen.Topic == probe), "the subscriber is there");
        return subscriber;
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync(CancellationToken.None);
        _process.Dispose();
    }
}
