using System.ComponentModel.DataAnnotations;

namespace Edge.Config;

/// <summary>
/// The device as an edge node of Eclipse Sparkplug 3.0, over a second connection to the broker of the telemetry section. Beside the plain contract, not instead of it: Sparkplug has no acknowledged data.
/// </summary>
public sealed record SparkplugSection
{
    /// <summary>Whether the device is a Sparkplug edge node.</summary>
    /// <value><c>off</c> (default). <c>on</c>: a second MQTT session, and its messages.</value>
    [AllowedValues("off", "on")]
    [Change(ConfigChange.Pipeline)]
    public string Mode { get; init; } = "off";

    /// <summary>Sparkplug group id; letters, digits, '.', '_', '-' and blanks inside.</summary>
    /// <value>Default <c>edge</c>. Host applications show nodes by group.</value>
    [StringLength(128, MinimumLength = 1)]
    [RegularExpression("^[A-Za-z0-9._-]+( [A-Za-z0-9._-]+)*$")]
    [Change(ConfigChange.Pipeline)]
    public string GroupId { get; init; } = "edge";

    /// <summary>Sparkplug edge node id, unique in its group.</summary>
    /// <value>Empty (default): the device's id.</value>
    [StringLength(128)]
    [RegularExpression("^([A-Za-z0-9._-]+( [A-Za-z0-9._-]+)*)?$")]
    [Change(ConfigChange.Pipeline)]
    public string NodeId { get; init; } = "";

    /// <summary>Sparkplug device id of the classifier behind the sensor; it is dead while the sensor is silent.</summary>
    /// <value>Default <c>classifier</c>.</value>
    [StringLength(128, MinimumLength = 1)]
    [RegularExpression("^[A-Za-z0-9._-]+( [A-Za-z0-9._-]+)*$")]
    [Change(ConfigChange.Pipeline)]
    public string DeviceId { get; init; } = "classifier";

    /// <summary>Host application id to wait for: the node is born only while that host says that it is online, and dies when it says that it is not.</summary>
    /// <value>Empty (default): the node waits for nobody.</value>
    [StringLength(128)]
    [RegularExpression("^([A-Za-z0-9._-]+( [A-Za-z0-9._-]+)*)?$")]
    [Change(ConfigChange.Pipeline)]
    public string PrimaryHost { get; init; } = "";

    /// <summary>Seconds between two looks at the values; those that changed are published.</summary>
    /// <value>Default 5. Smaller: more messages; larger: a host sees a change later.</value>
    [Range(0.1, 3600)]
    [Change(ConfigChange.Pipeline)]
    public double PublishSeconds { get; init; } = 5;

    /// <summary>Seconds without a window after which the Sparkplug device counts as dead.</summary>
    /// <value>Default 30. It must be longer than a window takes, or the device dies between two windows. 0: never.</value>
    [Range(0, 86_400)]
    [Change(ConfigChange.Pipeline)]
    public double SilentSeconds { get; init; } = 30;
}
