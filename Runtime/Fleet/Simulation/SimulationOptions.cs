using Edge.Telemetry.Mqtt;

namespace Edge.Runtime.Fleet.Simulation;

/// <summary>What is simulated.</summary>
internal sealed record SimulationOptions
{
    /// <summary>How each device reaches the broker; its client id and what a device adds are put in for each.</summary>
    public required MqttLinkOptions Reach { get; init; }

    /// <summary>telemetry.topicRoot.</summary>
    public required string Root { get; init; }

    /// <summary>Devices, 1 to 1000.</summary>
    public required int DeviceCount { get; init; }

    /// <summary>Beginning of every device's id; a number from 1 follows.</summary>
    public string Prefix { get; init; } = "sim-";

    /// <summary>device.fleet.</summary>
    public string Fleet { get; init; } = "";

    /// <summary>Dealt out in turn, one to each device (device.groups); empty: none.</summary>
    public IReadOnlyList<string> Groups { get; init; } = [];

    /// <summary>Share of the devices that fail health in a trial, percent.</summary>
    public double FailingPercent { get; init; }

    /// <summary>How often events of a device's life come, against the usual; see <see cref="DeviceLife"/>.</summary>
    public double Pace { get; init; } = 1;

    /// <summary>Restarts of a device in an hour, on average.</summary>
    public double RestartsPerHour { get; init; }

    /// <summary>updates.keysFile; empty: unsigned configuration, where the broker is on the loopback interface.</summary>
    public string KeysFile { get; init; } = "";

    /// <summary>Chooses everything that is drawn.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Ids of the devices, in order.</summary>
    internal IReadOnlyList<string> Ids => [.. Enumerable.Range(1, DeviceCount).Select(number => $"{Prefix}{number:d4}")];

    /// <summary>Which devices fail: exactly the share, rounded, drawn by the seed.</summary>
    internal IReadOnlySet<string> Failing()
    {
        string[] ids = [.. Ids];
        new Random(Seed).Shuffle(ids);
        return ids.Take((int)Math.Round(DeviceCount * FailingPercent / 100)).ToHashSet(StringComparer.Ordinal);
    }
}
