using System.Text.Json.Serialization;
using Edge.Telemetry.Drift.Watching;

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

    /// <summary>What it watches: "inputs", "embedding", "novelty", "margin", "labelError" or "classMix".</summary>
    public string? What { get; init; }

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

    /// <summary>Stream time from the end of that window to the alarm, seconds.</summary>
    public double? SinceSeconds { get; init; }

    /// <summary>The window with which it rang.</summary>
    public ulong? WindowId { get; init; }

    /// <summary>The channel that moved most, where the inputs moved.</summary>
    public string? Channel { get; init; }

    /// <summary>How each channel moved against the reference, the farthest first, at most 16.</summary>
    public IReadOnlyList<ChannelMove>? Channels { get; init; }

    /// <summary>The class that changed most, where one can be named.</summary>
    public string? Class { get; init; }

    /// <summary>Statistic / threshold of every detector at work.</summary>
    public IReadOnlyDictionary<string, double>? Scores { get; init; }

    /// <summary>The snapshot that ran.</summary>
    public string? SnapshotId { get; init; }

    /// <summary>What the device did about it: "roundRequested", "roundUnderWay" (one had been asked for already), "labelsRequested" (no round can start, and the most doubtful windows are asked for), "none", or any other single word.</summary>
    public required string Action { get; init; }

    /// <summary>Windows that it asked the labels of, on <c>…/label/request</c>; left out unless the action is "labelsRequested".</summary>
    public int? LabelsRequested { get; init; }

    /// <summary>Why it did no more: what keeps a round from starting, or why nothing was done; left out when a round was asked for.</summary>
    public string? ActionReason { get; init; }
}
