using System.Text.Json.Serialization;

namespace Edge.Telemetry.Messages;

/// <summary>The world moved, or how far it is from that.</summary>
public sealed record DriftMessage : TelemetryMessage
{
    /// <summary>Name and version of this message.</summary>
    public const string SchemaName = "edge.drift/1";

    /// <inheritdoc/>
    [JsonPropertyOrder(-10)]
    public override string Schema => SchemaName;

    /// <summary>Which detector speaks.</summary>
    public required string Detector { get; init; }

    /// <summary>Its statistic.</summary>
    public required double Statistic { get; init; }

    /// <summary>Above this it rings.</summary>
    public required double Threshold { get; init; }

    /// <summary>Statistic / threshold.</summary>
    public required double Score { get; init; }

    /// <summary>True: it rang. False: a reading of the score only.</summary>
    public required bool Alarm { get; init; }

    /// <summary>First window of the suspected change.</summary>
    public required ulong SinceWindowId { get; init; }

    /// <summary>What the device did about it: "none", "roundStarted", "labelsWanted" or any other single word.</summary>
    public required string Action { get; init; }
}
