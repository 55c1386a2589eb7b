using System.Text.Json.Serialization;
using Edge.Storage;

namespace Edge.Telemetry.Messages;

/// <summary>What became of a label.</summary>
public sealed record LabelResultMessage : TelemetryMessage
{
    /// <summary>Name and version of this message.</summary>
    public const string SchemaName = "edge.label-result/1";

    /// <inheritdoc/>
    [JsonPropertyOrder(-10)]
    public override string Schema => SchemaName;

    /// <summary>The request's own id, when it gave one.</summary>
    public string? RequestId { get; init; }

    /// <summary>The window; left out when the label could not be read.</summary>
    public ulong? WindowId { get; init; }

    /// <summary>The class; left out when the label could not be read.</summary>
    public string? Class { get; init; }

    /// <summary>Whether the example is stored.</summary>
    public required bool Accepted { get; init; }

    /// <summary>Id of the stored example.</summary>
    public ulong? ExampleId { get; init; }

    /// <summary>What the example is kept for: replay, anchor or fresh; none when the label was taken but the window lies in a held-out block that the anchor set has no place for, so that nothing is kept.</summary>
    [JsonConverter(typeof(CamelCaseEnumConverter<ExampleRole>))]
    public ExampleRole? Role { get; init; }

    /// <summary>Why it was not accepted, all reasons in one line.</summary>
    public string? Reason { get; init; }
}
