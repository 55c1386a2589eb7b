using System.ComponentModel.DataAnnotations;

namespace Edge.Config;

/// <summary>How the fleet hears of this device.</summary>
public sealed record TelemetrySection
{
    /// <summary>The broker.</summary>
    /// <value><c>embedded</c> (default): one inside the process on 127.0.0.1. <c>external</c>: the one at <c>host</c>. <c>none</c>: no MQTT.</value>
    [AllowedValues("embedded", "external", "none")]
    [Change(ConfigChange.Pipeline)]
    public string Broker { get; init; } = "embedded";

    /// <summary>Host name or address of the external broker; names outside ASCII in their xn-- form.</summary>
    /// <value>Default 127.0.0.1. Without effect with another <c>broker</c> than <c>external</c>.</value>
    [StringLength(255, MinimumLength = 1)]
    [RegularExpression("^[A-Za-z0-9._:%-]+$")]
    [Change(ConfigChange.Pipeline)]
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>TCP port of the broker, embedded or external.</summary>
    /// <value>Default 1883. 0 with the embedded broker: any free port, printed at start.</value>
    [Range(0, 65_535)]
    [Change(ConfigChange.Pipeline)]
    public int Port { get; init; } = 1883;

    /// <summary>User name for the external broker.</summary>
    /// <value>Empty (default): the device connects without one.</value>
    [StringLength(256)]
    [Change(ConfigChange.Pipeline)]
    public string User { get; init; } = "";

    /// <summary>File that holds the password. The password itself never stands in a config.</summary>
    /// <value>Empty (default): the device connects without one.</value>
    [StringLength(4096)]
    [Change(ConfigChange.Pipeline)]
    public string PasswordFile { get; init; } = "";

    /// <summary>First level(s) of every topic: <c>{root}/{deviceId}/…</c>; letters, digits, '.', '_' and '-', levels parted by '/'.</summary>
    /// <value>Default <c>edge</c>. Every consumer of the fleet has to know another one.</value>
    [StringLength(128, MinimumLength = 1)]
    [RegularExpression("^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$")]
    [Change(ConfigChange.Pipeline)]
    public string TopicRoot { get; init; } = "edge";

    /// <summary>Seconds between prediction summaries.</summary>
    /// <value>Default 5. Smaller: more traffic, 0.1 is nearly one per window at 50 Hz; larger: the fleet sees the device later.</value>
    [Range(0.1, 3600)]
    [Change(ConfigChange.Live)]
    public double SummarySeconds { get; init; } = 5;

    /// <summary>MQTT keep-alive, seconds. A broker that is silent for twice as long counts as gone.</summary>
    /// <value>Default 15. Smaller: a dead broker is noticed sooner, at the price of idle traffic.</value>
    [Range(1, 3600)]
    [Change(ConfigChange.Pipeline)]
    public int KeepAliveSeconds { get; init; } = 15;

    /// <summary>Events that wait for the broker. When full the oldest is dropped and counted.</summary>
    /// <value>Default 512. Smaller: a short outage already loses events; larger: more memory and disk while the broker is away.</value>
    [Range(16, 100_000)]
    [Change(ConfigChange.Pipeline)]
    public int QueueCapacity { get; init; } = 512;
}
