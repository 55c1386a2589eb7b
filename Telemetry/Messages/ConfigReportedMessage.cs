using System.Text.Json.Serialization;

namespace Edge.Telemetry.Messages;

/// <summary>What became of a desired configuration.</summary>
[JsonConverter(typeof(CamelCaseEnumConverter<ConfigResult>))]
public enum ConfigResult
{
    /// <summary>It is active now.</summary>
    Applied,

    /// <summary>It is not; the last good one stays active.</summary>
    Refused,

    /// <summary>It was active already.</summary>
    Unchanged,
}

/// <summary>The configuration that a device runs with.</summary>
/// <param name="Version">Version given by whoever sent it; left out for one from a file or the defaults.</param>
/// <param name="Hash">Hash of its bytes.</param>
/// <param name="Source">Where it came from: "default", "file" or "desired".</param>
public sealed record ActiveConfig(long? Version, string Hash, string Source);

/// <summary>The latest desired configuration that a device looked at.</summary>
/// <param name="Version">Its version; left out when it could not be read.</param>
/// <param name="Hash">Hash of its bytes; left out when they could not be read.</param>
/// <param name="Result">What became of it.</param>
/// <param name="Reasons">All reasons of a refusal; empty otherwise.</param>
/// <param name="At">When, UTC.</param>
public sealed record ConfigAttempt(
    long? Version,
    string? Hash,
    ConfigResult Result,
    IReadOnlyList<string> Reasons,
    [property: JsonConverter(typeof(UtcMillisecondsConverter))] DateTimeOffset At);

/// <summary>Active configuration and the latest attempt to change it; retained.</summary>
public sealed record ConfigReportedMessage : TelemetryMessage
{
    /// <summary>Name and version of this message.</summary>
    public const string SchemaName = "edge.config-reported/1";

    /// <inheritdoc/>
    [JsonPropertyOrder(-10)]
    public override string Schema => SchemaName;

    /// <summary>What the device runs with.</summary>
    public required ActiveConfig Active { get; init; }

    /// <summary>The latest attempt; left out when there was none.</summary>
    public ConfigAttempt? LastAttempt { get; init; }
}
