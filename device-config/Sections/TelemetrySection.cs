using System.Collections.ObjectModel;
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

    /// <summary>Events that wait for the broker. When full the oldest is dropped and counted by name. Results of configuration, forgetting, drift alarms and failed rounds are never dropped and do not count.</summary>
    /// <value>Default 512. Smaller: a short outage already loses events; larger: more memory and disk while the broker is away.</value>
    [Range(16, 100_000)]
    [Change(ConfigChange.Pipeline)]
    public int QueueCapacity { get; init; } = 512;

    /// <summary>Size of the events that wait, KiB. When full the oldest is dropped and counted by name.</summary>
    /// <value>Default 4096. Smaller: large events push out many small ones; larger: more disk while the broker is away.</value>
    [Range(64, 1_048_576)]
    [Change(ConfigChange.Pipeline)]
    public int QueueKiB { get; init; } = 4096;

    /// <summary>Hours that an event waits for the broker; then it is dropped and counted by name.</summary>
    /// <value>Default 168, a week. Smaller: the fleet is spared old news after an outage; larger: only the other two limits bind.</value>
    [Range(0.01, 87_600)]
    [Change(ConfigChange.Pipeline)]
    public double QueueHours { get; init; } = 168;

    /// <summary>Messages sent before the first of them is acknowledged; fewer when the broker allows fewer.</summary>
    /// <value>Default 32. 16: little is sent twice after a loss; 64: a backlog leaves faster over a slow line.</value>
    [Range(16, 64)]
    [Change(ConfigChange.Pipeline)]
    public int InFlightWindow { get; init; } = 32;

    /// <summary>Version of MQTT that is spoken.</summary>
    /// <value><c>5</c> (default). <c>3.1.1</c>: for a broker that knows no other; it then tells neither its limits nor why it refuses.</value>
    [AllowedValues("5", "3.1.1")]
    [Change(ConfigChange.Pipeline)]
    public string Protocol { get; init; } = "5";

    /// <summary>Minutes between two evaluations of the running snapshot on the anchor set, besides those at the start and after every promotion.</summary>
    /// <value>Default 60. Smaller: forgetting through the labels of a few minutes is seen, at the price of some seconds of one core each time; 0: only at the start and after promotions.</value>
    [Range(0, 10_080)]
    [Change(ConfigChange.Live)]
    public double ForgettingMinutes { get; init; } = 60;

    /// <summary>Percentage points of accuracy on the anchor set that a class may lose against its best before the forgetting alarm rings. It ends when the loss is half of that. Classes with fewer than 5 anchors ring none.</summary>
    /// <value>Default 20. Smaller: rings earlier, and for a class of few anchors by chance; 0: never.</value>
    [Range(0, 100)]
    [Change(ConfigChange.Live)]
    public double ForgettingAlarmPoints { get; init; } = 20;

    /// <summary>The same for single classes of <c>labels.classes</c>, by name, in place of <c>forgettingAlarmPoints</c>: <c>{"falling": 5}</c>.</summary>
    /// <value>Default empty: one limit for all. 0 for a class: it rings none.</value>
    [Range(0, 100)]
    [Length(0, 256)]
    [StringLength(64, MinimumLength = 1)]
    [Change(ConfigChange.Live)]
    public IReadOnlyDictionary<string, double> ForgettingAlarmByClass { get; init; } = ReadOnlyDictionary<string, double>.Empty;

    /// <summary>Encryption towards an external broker, and how the two know each other.</summary>
    public TlsSection Tls { get; init; } = new();
}

/// <summary>TLS 1.2 or 1.3 towards an external broker. Files are PEM and are read at every connection, so that renewed certificates need no restart.</summary>
public sealed record TlsSection
{
    /// <summary>Whether the connection is encrypted.</summary>
    /// <value><c>off</c> (default): everything, the password included, goes over the network as it is. <c>on</c>: brokers mostly use port 8883 then.</value>
    [AllowedValues("off", "on")]
    [Change(ConfigChange.Pipeline)]
    public string Mode { get; init; } = "off";

    /// <summary>File with the certificates of those who may sign the broker's.</summary>
    /// <value>Empty (default): whoever the system trusts.</value>
    [StringLength(4096)]
    [Change(ConfigChange.Pipeline)]
    public string CaFile { get; init; } = "";

    /// <summary>File with the device's certificate, intermediate ones after it.</summary>
    /// <value>Empty (default): the device shows none.</value>
    [StringLength(4096)]
    [Change(ConfigChange.Pipeline)]
    public string ClientCertificateFile { get; init; } = "";

    /// <summary>File with the private key of the device's certificate, without a passphrase.</summary>
    /// <value>Empty (default): the key is in <c>clientCertificateFile</c>.</value>
    [StringLength(4096)]
    [Change(ConfigChange.Pipeline)]
    public string ClientKeyFile { get; init; } = "";

    /// <summary>Whether the broker's certificate must be for <c>telemetry.host</c>.</summary>
    /// <value>Default true. false: any certificate of the CA will do, whoever holds it; only for a CA that signs for this broker alone.</value>
    [Change(ConfigChange.Pipeline)]
    public bool CheckHostName { get; init; } = true;
}
