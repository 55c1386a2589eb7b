using Edge.Telemetry.Metrics;
using Edge.Telemetry.Mqtt;
using Edge.Telemetry.Sparkplug;
using Edge.Telemetry.Sparkplug.Wire;
using Edge.Telemetry.Tests.Metrics;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;

namespace Edge.Telemetry.Tests.Sparkplug;

/// <summary>A node that lives fast: it looks at its metrics every 5 ms, and at each look a window has come while the sensor works.</summary>
internal sealed class TestNode : IAsyncDisposable
{
    public static readonly SparkplugTopics Topics = new("plant 1", "pump-7", "classifier");

    private readonly CancellationTokenSource _stop = new();
    private readonly Task _run;
    private long _windows = 1000;

    public TestNode(int port, string birthNumberFile, Func<SparkplugOptions, SparkplugOptions>? change = null)
    {
        SparkplugOptions options = new()
        {
            Topics = Topics,
            Broker = new MqttLinkOptions { Host = "127.0.0.1", Port = port, ClientId = "pump-7-sparkplug", KeepAlive = TimeSpan.FromSeconds(30), ConnectTimeout = TimeSpan.FromSeconds(30), MaxPause = TimeSpan.FromSeconds(0.2) },
            BirthNumberFile = birthNumberFile,
            Version = "1.2.3",
            Interval = TimeSpan.FromMilliseconds(5),
            Silence = TimeSpan.FromSeconds(1),
        };
        _run = new SparkplugNode(change?.Invoke(options) ?? options, Read, NullLogger.Instance, TimeProvider.System, new Random(1)).RunAsync(_stop.Token);
    }

    /// <summary>Whether windows come.</summary>
    public bool Senses { get; set; } = true;

    public string Provider { get; set; } = "cuda";

    /// <summary>NCMD "Node Control/Rebirth".</summary>
    public static byte[] Rebirth(bool value = true, string name = "Node Control/Rebirth") =>
        new Payload { Timestamp = 1, Metrics = { new Payload.Types.Metric { Name = name, Timestamp = 1, BooleanValue = value } } }.ToByteArray();

    /// <summary>A clean stop.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _run;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }

    private DeviceReadings Read() => Readings.Of(Senses ? ++_windows : _windows) with { Provider = Provider };
}
