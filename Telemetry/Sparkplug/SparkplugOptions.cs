using Edge.Telemetry.Mqtt;

namespace Edge.Telemetry.Sparkplug;

/// <summary>How the device is a Sparkplug edge node.</summary>
public sealed record SparkplugOptions
{
    /// <summary>Group, node and device.</summary>
    public required SparkplugTopics Topics { get; init; }

    /// <summary>Where the broker is. Client id: one of its own. Session, will, subscriptions and outbox are the node's business and have no effect here.</summary>
    public required MqttLinkOptions Broker { get; init; }

    /// <summary>File that keeps the number of births over restarts.</summary>
    public required string BirthNumberFile { get; init; }

    /// <summary>Version of the service.</summary>
    public required string Version { get; init; }

    /// <summary>Host application to wait for; null: none.</summary>
    public string? PrimaryHost { get; init; }

    /// <summary>Time between two looks at the metrics.</summary>
    /// <value>Default 5 s.</value>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Time without a window after which the device is dead; zero: never.</summary>
    /// <value>Default 30 s.</value>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(30);
}
