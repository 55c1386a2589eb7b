using System.Text.Json.Serialization;
using Edge.Telemetry.Forgetting;

namespace Edge.Telemetry.Messages;

/// <summary>What a snapshot still knows, measured on the anchor set.</summary>
public sealed record ForgettingMessage : TelemetryMessage
{
    /// <summary>Name and version of this message.</summary>
    public const string SchemaName = "edge.forgetting/1";

    /// <inheritdoc/>
    [JsonPropertyOrder(-10)]
    public override string Schema => SchemaName;

    /// <summary>The snapshot that was evaluated.</summary>
    public required string SnapshotId { get; init; }

    /// <summary>The training round that made it; 0 for the first.</summary>
    public required int Round { get; init; }

    /// <summary>One entry per class that has anchors.</summary>
    public required IReadOnlyList<ClassForgetting> PerClass { get; init; }

    /// <summary>Mean of the class accuracies, percent.</summary>
    public required double AverageAccuracyPercent { get; init; }

    /// <summary>Mean over classes of best earlier accuracy minus accuracy now, percentage points; negative when better than ever (Chaudhry et al.
    /// 2018).</summary>
    public required double ForgettingChaudhryPoints { get; init; }
}
