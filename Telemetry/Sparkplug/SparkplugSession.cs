using Edge.Telemetry.Metrics;
using Edge.Telemetry.Mqtt;

namespace Edge.Telemetry.Sparkplug;

/// <summary>What a node publishes over one connection: births, then what changes, one sequence of numbers over all of it. Methods return why it failed, or null. Not thread-safe.</summary>
internal sealed class SparkplugSession(SparkplugOptions options, MqttConnection connection, byte birthNumber, WindowFlow windows, TimeProvider time)
{
    private readonly Dictionary<string, SparkplugMetric> _toldOfNode = new(StringComparer.Ordinal), _toldOfDevice = new(StringComparer.Ordinal);
    private byte _sequence;
    private bool _deviceLives;

    /// <summary>Whether data may follow.</summary>
    public bool IsBorn { get; private set; }

    /// <summary>Whether there ever was a birth on this connection.</summary>
    public bool WasBorn { get; private set; }

    /// <summary>No data until the next birth.</summary>
    public void Unborn() => IsBorn = false;

    /// <summary>NBIRTH with number 0, and DBIRTH while windows come.</summary>
    public async Task<string?> BearAsync(DeviceReadings readings)
    {
        _sequence = 0;
        _toldOfNode.Clear();
        IReadOnlyList<SparkplugMetric> metrics = SparkplugMetrics.OfNode(readings, options.Version);
        _ = Changed(metrics, _toldOfNode);
        if (await PublishAsync(options.Topics.NodeBirth, SparkplugPayload.NodeBirth(birthNumber, Next(), time.GetUtcNow(), metrics)).ConfigureAwait(false) is { } failed) return failed;
        (IsBorn, WasBorn, _deviceLives) = (true, true, false);
        return windows.Comes(readings) ? await BearDeviceAsync(readings).ConfigureAwait(false) : null;
    }

    /// <summary>NDATA and DDATA with what has changed; DDEATH when windows have stopped coming, DBIRTH when they come again.</summary>
    public async Task<string?> TellAsync(DeviceReadings readings)
    {
        List<SparkplugMetric> changed = Changed(SparkplugMetrics.OfNode(readings, options.Version), _toldOfNode);
        if (changed.Count > 0 && await PublishAsync(options.Topics.NodeData, SparkplugPayload.Data(Next(), time.GetUtcNow(), changed)).ConfigureAwait(false) is { } failed) return failed;
        bool comes = windows.Comes(readings);
        if (comes && !_deviceLives) return await BearDeviceAsync(readings).ConfigureAwait(false);
        if (!comes && _deviceLives)
        {
            _deviceLives = false;
            return await PublishAsync(options.Topics.DeviceDeath, SparkplugPayload.DeviceDeath(Next(), time.GetUtcNow())).ConfigureAwait(false);
        }

        if (!_deviceLives) return null;
        changed = Changed(SparkplugMetrics.OfDevice(readings), _toldOfDevice);
        return changed.Count > 0 ? await PublishAsync(options.Topics.DeviceData, SparkplugPayload.Data(Next(), time.GetUtcNow(), changed)).ConfigureAwait(false) : null;
    }

    private async Task<string?> BearDeviceAsync(DeviceReadings readings)
    {
        _deviceLives = true;
        _toldOfDevice.Clear();
        IReadOnlyList<SparkplugMetric> metrics = SparkplugMetrics.OfDevice(readings);
        _ = Changed(metrics, _toldOfDevice);
        return await PublishAsync(options.Topics.DeviceBirth, SparkplugPayload.DeviceBirth(Next(), time.GetUtcNow(), metrics)).ConfigureAwait(false);
    }

    private byte Next() => unchecked(_sequence++);

    private async Task<string?> PublishAsync(string topic, byte[] payload)
    {
        try
        {
            PublishOutcome outcome = await connection.PublishOnceAsync(topic, payload).WaitAsync(options.Broker.PublishTimeout, time).ConfigureAwait(false);
            return outcome.Result == PublishResult.Acknowledged ? null : outcome.Reason;
        }
        catch (TimeoutException)
        {
            return $"{topic} could not be written within {options.Broker.PublishTimeout.TotalSeconds:0.#} s";
        }
    }

    private static List<SparkplugMetric> Changed(IReadOnlyList<SparkplugMetric> now, Dictionary<string, SparkplugMetric> told)
    {
        List<SparkplugMetric> changed = [.. now.Where(metric => told.GetValueOrDefault(metric.Name) != metric)];
        foreach (SparkplugMetric metric in changed) told[metric.Name] = metric;
        return changed;
    }
}
