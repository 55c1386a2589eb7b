using System.Text.Json.Serialization;

namespace Edge.Telemetry.Messages;

/// <summary>What happened at the promotion gate.</summary>
[JsonConverter(typeof(CamelCaseEnumConverter<SnapshotEvent>))]
public enum SnapshotEvent
{
    /// <summary>A candidate became the running snapshot.</summary>
    Promoted,

    /// <summary>A candidate was refused; the running snapshot goes on.</summary>
    Refused,

    /// <summary>The running snapshot was taken up again after a restart or a roll-back.</summary>
    Restored,

    /// <summary>The first snapshot of this device was made.</summary>
    Initial,

    /// <summary>A snapshot that came over the air was judged on this device's anchors and became the running one.</summary>
    Received,
}

/// <summary>From which novelty on a window is unknown, and how often that is wrong.</summary>
/// <param name="Threshold">In units of the score: about 1 is typical of a known class.</param>
/// <param name="FalseAlarmPercent">Stated: windows of known classes that could as well have been anchors are unknown this often, on average at most.</param>
/// <param name="AnchorFalseAlarmPercent">Measured on the anchors that calibrated it.</param>
/// <param name="AnchorCount">Their number.</param>
public sealed record NoveltyReport(double Threshold, double FalseAlarmPercent, double AnchorFalseAlarmPercent, int AnchorCount);

/// <summary>The running snapshot and the latest event at the gate; retained.</summary>
public sealed record SnapshotMessage : TelemetryMessage
{
    /// <summary>Name and version of this message.</summary>
    public const string SchemaName = "edge.snapshot/1";

    /// <inheritdoc/>
    [JsonPropertyOrder(-10)]
    public override string Schema => SchemaName;

    /// <summary>What happened.</summary>
    public required SnapshotEvent Event { get; init; }

    /// <summary>The snapshot that runs after the event.</summary>
    public required string SnapshotId { get; init; }

    /// <summary>What it was fine-tuned from; left out for the first.</summary>
    public string? ParentId { get; init; }

    /// <summary>The round that made the candidate, or the running snapshot when there was no candidate.</summary>
    public required int Round { get; init; }

    /// <summary>Accuracy on the anchor set, percent, of the candidate when there is one, else of the running snapshot; left out when it could not be
    /// measured.</summary>
    public double? AnchorAccuracyPercent { get; init; }

    /// <summary>Accuracy on the anchor set, percent, of the snapshot that ran before the event; left out when there was none to measure.</summary>
    public double? PreviousAnchorAccuracyPercent { get; init; }

    /// <summary>The read-out that decides with the running snapshot, for a person: <c>prototypes</c>, <c>frozen ridge</c>, …; left out where it is not known.</summary>
    public string? ReadOut { get; init; }

    /// <summary>Numbers that the running snapshot computes with, <c>float32</c>, <c>int8</c> or <c>float16</c>; left out where the configuration asks for float32.</summary>
    public string? Precision { get; init; }

    /// <summary>What was measured of less than float32, and why it runs or was refused, for a person; left out where it was not tried.</summary>
    public string? PrecisionNote { get; init; }

    /// <summary>How "unknown" is calibrated at the moment; left out while the anchors are too few for the rate that is asked for, or none is asked for.</summary>
    public NoveltyReport? Novelty { get; init; }

    /// <summary>All reasons of a refusal; empty otherwise.</summary>
    public IReadOnlyList<string> Reasons { get; init; } = [];

    /// <summary>One word for each of <see cref="Reasons"/> when a snapshot that was offered over the air is refused, in their order, for programs; left out otherwise.</summary>
    public IReadOnlyList<string>? Codes { get; init; }

    /// <summary>The candidate that was judged, by the name that it has where it comes from; left out when there was none, and while it had none.</summary>
    public string? CandidateId { get; init; }
}
