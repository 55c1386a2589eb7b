using System.Collections.Concurrent;
using System.Diagnostics;
using Edge.Telemetry.Sparkplug.Wire;
using Edge.Telemetry.Tests.Mqtt;

namespace Edge.Telemetry.Tests.Sparkplug;

/// <summary>A Sparkplug message as mosquitto_sub saw it.</summary>
internal sealed record Heard(string Topic, int QualityOfService, bool IsRetained, byte[] Bytes)
{
    public Payload Payload { get; } = Topic.Contains("/STATE/", StringComparison.Ordinal) ? new Payload() : Payload.Parser.ParseFrom(Bytes);

    /// <summary>NBIRTH, DDATA, ….</summary>
    public string Verb => Topic.Split('/')[2];

    public long? BirthNumber => Payload.Metrics.FirstOrDefault(metric => metric.Name == "bdSeq") is { } number ? (long)number.LongValue : null;

    public override string ToString() => $"{Topic} qos {QualityOfService} {Payload}";
}

/// <summary>A running mosquitto_sub on everything of Sparkplug, with QoS, retain flag and bytes as they came; and mosquitto_pub for commands.</summary>
internal sealed class SparkplugEyes : IAsyncDisposable
{
    private readonly ConcurrentQueue<Heard> _heard = new();
    private readonly Process _process;
    private readonly int _port;
    private volatile bool _subscribed;

    private SparkplugEyes(int port)
    {
        _port = port;
        _process = Process.Start(new ProcessStartInfo(MosquittoClients.PathOf("mosquitto_sub"), ["-h", "127.0.0.1", "-p", $"{port}", "-V", "5", "-q", "1", "-t", "spBv1.0/#", "-t", "probe", "-F", "%t\t%q\t%r\t%x"]) { RedirectStandardOutput = true })!;
        _process.OutputDataReceived += (_, line) =>
        {
            if (line.Data?.Split('\t') is not [string topic, string quality, string retained, string hex]) return;
            if (topic == "probe") _subscribed = true;
            else _heard.Enqueue(new Heard(topic, int.Parse(quality), retained == "1", Convert.FromHexString(hex)));
        };
        _process.BeginOutputReadLine();
    }

    /// <summary>Everything that is not a command or a host's state, in order of arrival.</summary>
    public IReadOnlyList<Heard> All => [.. _heard.Where(heard => heard.Verb != "NCMD" && !heard.Topic.Contains("/STATE/", StringComparison.Ordinal))];

    public static async Task<SparkplugEyes> OpenAsync(int port)
    {
        SparkplugEyes eyes = new(port);
        await MosquittoClients.PublishAsync(port, "probe", "?", retain: true);
        await Eventually.Holds(() => eyes._subscribed, "the subscriber is there");
        return eyes;
    }

    public int CountOf(string verb) => All.Count(heard => heard.Verb == verb);

    /// <summary>Waits for one more message of a kind than there are.</summary>
    public async Task OneMoreAsync(string verb, int more = 1)
    {
        int before = CountOf(verb);
        await Eventually.Holds(() => CountOf(verb) >= before + more, $"{more} more {verb} come");
    }

    public async Task PublishAsync(string topic, byte[] payload)
    {
        string path = Path.GetTempFileName();
        try
        {
            await File.WriteAllBytesAsync(path, payload, TestContext.Current.CancellationToken);
            using Process process = Process.Start(MosquittoClients.PathOf("mosquitto_pub"), ["-h", "127.0.0.1", "-p", $"{_port}", "-V", "5", "-q", "1", "-t", topic, "-f", path]);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.Equal(0, process.ExitCode);
        }
        finally
        {
            File.Delete(path);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync(CancellationToken.None);
        _process.Dispose();
    }
}
