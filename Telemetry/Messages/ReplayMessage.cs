using System.Text.Json.Serialization;

namespace Edge.Telemetry.Messages;

/// <summary>What happened to the replay buffer.</summary>
[JsonConverter(typeof(CamelCaseEnumConverter<ReplayEvent>))]
public enum ReplayEvent
{
    /// <summary>Its file was damaged; a new one was made of what could be read and of a copy.</summary>
    Restored,
}

/// <summary>The replay buffer's file was damaged and has been restored, at the start or while the service ran.</summary>
public sealed record ReplayMessage : TelemetryMessage
{
    /// <summary>Name and version of this message.</summary>
    public const string SchemaName = "edge.replay/1";

    /// <inheritdoc/>
    [JsonPropertyOrder(-10)]
    public override string Schema => SchemaName;

    /// <summary>What happened.</summary>
    public required ReplayEvent Event { get; init; }

    /// <summary>How the damage showed, for a person.</summary>
    public required string Reason { get; init; }

    /// <summary>Name of the damaged file beside the new one.</summary>
    public required string PutAside { get; init; }

    /// <summary>Examples read from the damaged file.</summary>
    public required int SalvagedCount { get; init; }

    /// <summary>Examples taken from a copy.</summary>
    public required int FromCopyCount { get; init; }

    /// <summary>Name of that copy; left out where none was needed or none was good.</summary>
    public string? Copy { get; init; }

    /// <summary>Records that are certainly lost.</summary>
    public required long LeastLostCount { get; init; }

    /// <summary>Records that may be lost, at most; the same where the loss is known.</summary>
    public required long LostCount { get; init; }
}
