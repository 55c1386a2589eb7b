using Edge.Storage;

namespace Edge.Telemetry.Mqtt;

/// <summary>Which MQTT is spoken.</summary>
public enum MqttProtocol
{
    /// <summary>MQTT 5: the broker says its limits and its reasons.</summary>
    V5,

    /// <summary>MQTT 3.1.1, for brokers that know no other. It has no limits, no reasons and no expiry of a session: a message that the broker dislikes ends the connection without a word.</summary>
    V311,
}

/// <summary>Where the broker is and how patient the link is with it.</summary>
public sealed record MqttLinkOptions
{
    /// <summary>Host name or address of the broker.</summary>
    public required string Host { get; init; }

    /// <summary>TCP port of the broker, 1 to 65535.</summary>
    public required int Port { get; init; }

    /// <summary>Which MQTT is spoken.</summary>
    /// <value>Default MQTT 5.</value>
    public MqttProtocol Protocol { get; init; } = MqttProtocol.V5;

    /// <summary>TLS; null: the connection is not encrypted.</summary>
    public MqttTlsOptions? Tls { get; init; }

    /// <summary>User name; empty: none is sent.</summary>
    public string User { get; init; } = "";

    /// <summary>Password; never logged.</summary>
    public string Password { get; init; } = "";

    /// <summary>File with the password, which then stands in the place of <see cref="Password"/>; empty: none. Read at every connection, so that a changed password needs no restart, and one that cannot be read is weather.</summary>
    public string PasswordFile { get; init; } = "";

    /// <summary>Name of the MQTT session, unique on the broker and stable over restarts: the broker keeps what arrives meanwhile under this name.</summary>
    public required string ClientId { get; init; }

    /// <summary>MQTT keep-alive. A broker that gives no sign of life for twice as long counts as gone.</summary>
    /// <value>Default 15 s; at least 1 s.</value>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Events that wait for the broker. When full the oldest is dropped and counted. What is never dropped does not count.</summary>
    /// <value>Default 512; at least 16.</value>
    public int QueueCapacity { get; init; } = 512;

    /// <summary>Bytes of the events that wait. When full the oldest is dropped and counted.</summary>
    /// <value>Default 4 MiB; at least 1024.</value>
    public long QueueBytes { get; init; } = 4L << 20;

    /// <summary>How old an event may be before it is dropped and counted.</summary>
    /// <value>Default 7 days.</value>
    public TimeSpan QueueAge { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Bytes that everything that waits may take in memory. With an outbox the rest lies on disk only; without one, or on a full disk, what is never dropped is refused beyond it, newest first, and counted.</summary>
    /// <value>Default 16 MiB; at least 16,384.</value>
    public long MemoryBytes { get; init; } = 16L << 20;

    /// <summary>Where what waits survives the process; null: nowhere.</summary>
    public OutboxOptions? Outbox { get; init; }

    /// <summary>How long <see cref="MqttLink.Send"/> waits at most for the disk, when the message is one that is never dropped.</summary>
    /// <value>Default 2 s. After it the message is in memory, and is written as soon as the disk is done.</value>
    public TimeSpan SafeTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Messages sent before the first of them is acknowledged; fewer when the broker allows fewer.</summary>
    /// <value>Default 32; 1 to 65,535. 1: a broker that answers after 50 ms gets 20 messages per second.</value>
    public int InFlightWindow { get; init; } = 32;

    /// <summary>What the broker publishes, retained, when it loses the device; null: nothing.</summary>
    public OutboundMessage? LastWill { get; init; }

    /// <summary>Whether the last will is retained; the link turns it off for a broker that keeps nothing.</summary>
    internal bool RetainsWill { get; init; } = true;

    /// <summary>Whether the broker forgets the session of before.</summary>
    internal bool CleanStart { get; init; }

    /// <summary>What payloads are, in MQTT 5; null: not said.</summary>
    internal string? ContentType { get; init; } = "application/json";

    /// <summary>Topic filters to subscribe to, QoS 1, on every connect.</summary>
    public IReadOnlyList<string> Subscriptions { get; init; } = [];

    /// <summary>Inbound messages that wait to be read, and, with MQTT 5, that the broker may send before the first of them is. They are acknowledged when they are read, and the broker keeps the rest; those of QoS 0, which it does not
    /// keep, are dropped beyond twice as many, newest first, and counted.</summary>
    /// <value>Default 64; at least 1.</value>
    public int InboundCapacity { get; init; } = 64;

    /// <summary>Largest packet that the broker may send, bytes; it keeps larger ones back. Twice the largest message that is understood, so that one that is
    /// somewhat too large can still be answered.</summary>
    /// <value>Default 524,288.</value>
    public int MaxPacketBytes { get; init; } = 512 * 1024;

    /// <summary>How long one attempt to connect may take, subscribing included.</summary>
    /// <value>Default 10 s.</value>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the oldest message in flight may wait for its acknowledgement. Then the connection is dropped and the message sent again on the next.</summary>
    /// <value>Default 20 s.</value>
    public TimeSpan PublishTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long the broker keeps the session of a device that is gone.</summary>
    /// <value>Default 1 day. 0: it ends with the connection. MQTT 3.1.1 knows 0 and for ever, which is what any other value is there.</value>
    public TimeSpan SessionExpiry { get; init; } = TimeSpan.FromDays(1);

    /// <summary>Longest pause between two attempts to connect.</summary>
    /// <value>Default 60 s.</value>
    public TimeSpan MaxPause { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>What refusals call these settings.</summary>
    public LinkSettingNames Names { get; init; } = new();

    /// <summary>Host and port. The password stays out of it.</summary>
    public override string ToString() => $"{ClientId} at {Host}:{Port}";

    /// <summary>The files that are read for a connection, as a person should hear of them; empty: none is.</summary>
    internal string CredentialFiles => string.Join(", ", new[] { User.Length > 0 ? PasswordFile : "", Tls?.CaFile, Tls?.CertificateFile, Tls?.KeyFile }.Where(file => !string.IsNullOrEmpty(file)).Select(file => $"'{file}'"));

    /// <summary>The password that is to be sent now; a line break at its end does not count.</summary>
    /// <exception cref="IOException">The file cannot be read; the message names it.</exception>
    internal string ReadPassword()
    {
        if (PasswordFile.Length == 0) return Password;
        try
        {
            return File.ReadAllText(PasswordFile).TrimEnd('\r', '\n');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"the password file '{PasswordFile}' cannot be read: {e.Message} Put it there, or set {Names.Password}."); // Without what caused it: the link says the innermost reason.
        }
    }

    /// <summary>Throws when a value is out of range.</summary>
    /// <exception cref="ArgumentException">Names the first value that is.</exception>
    internal MqttLinkOptions Checked()
    {
        ArgumentException.ThrowIfNullOrEmpty(Host, nameof(Host));
        ArgumentException.ThrowIfNullOrEmpty(ClientId, nameof(ClientId));
        ArgumentOutOfRangeException.ThrowIfLessThan(Port, 1, nameof(Port));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Port, 65_535, nameof(Port));
        ArgumentOutOfRangeException.ThrowIfLessThan(KeepAlive, TimeSpan.FromSeconds(1), nameof(KeepAlive));
        ArgumentOutOfRangeException.ThrowIfLessThan(QueueCapacity, 16, nameof(QueueCapacity));
        ArgumentOutOfRangeException.ThrowIfLessThan(InFlightWindow, 1, nameof(InFlightWindow));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(InFlightWindow, 65_535, nameof(InFlightWindow));
        ArgumentOutOfRangeException.ThrowIfLessThan(QueueBytes, 1024, nameof(QueueBytes));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(QueueAge, TimeSpan.Zero, nameof(QueueAge));
        ArgumentOutOfRangeException.ThrowIfLessThan(MemoryBytes, 16_384, nameof(MemoryBytes));
        ArgumentOutOfRangeException.ThrowIfLessThan(InboundCapacity, 1, nameof(InboundCapacity));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxPacketBytes, 1024, nameof(MaxPacketBytes));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(ConnectTimeout, TimeSpan.Zero, nameof(ConnectTimeout));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(PublishTimeout, TimeSpan.Zero, nameof(PublishTimeout));
        ArgumentOutOfRangeException.ThrowIfLessThan(SessionExpiry, TimeSpan.Zero, nameof(SessionExpiry));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(MaxPause, TimeSpan.Zero, nameof(MaxPause));
        return this;
    }
}
