using System.Text.Json.Serialization;

namespace Edge.Telemetry.Messages;

/// <summary>What happened to a training round.</summary>
[JsonConverter(typeof(CamelCaseEnumConverter<TrainingEvent>))]
public enum TrainingEvent
{
    /// <summary>The child process was started.</summary>
    Started,

    /// <summary>It reports a step.</summary>
    Progress,

    /// <summary>It left a candidate.</summary>
    Finished,

    /// <summary>It ended without one.</summary>
    Failed,

    /// <summary>It is tried again.</summary>
    Retried,

    /// <summary>It is not tried again.</summary>
    Abandoned,

    /// <summary>The child was killed: by the system, by its memory or time budget, or by the service.</summary>
    ChildKilled,
}

/// <summary>One event in the life of a training round.</summary>
public sealed record TrainingMessage : TelemetryMessage
{
    /// <summary>Name and version of this message.</summary>
    public const string SchemaName = "edge.training/1";

    /// <inheritdoc/>
    [JsonPropertyOrder(-10)]
    public override string Schema => SchemaName;

    /// <summary>Number of the round.</summary>
    public required int Round { get; init; }

    /// <summary>What happened.</summary>
    public required TrainingEvent Event { get; init; }

    /// <summary>Optimiser steps done.</summary>
    public int? Step { get; init; }

    /// <summary>Optimiser steps planned.</summary>
    public int? StepCount { get; init; }

    /// <summary>Loss of the latest step.</summary>
    public double? Loss { get; init; }

    /// <summary>Seconds since the round started.</summary>
    public double? Seconds { get; init; }

    /// <summary>Which attempt at the round this is, from 1.</summary>
    public int? Attempt { get; init; }

    /// <summary>Why, when it went wrong, ended early or began from new weights.</summary>
    public string? Reason { get; init; }

    /// <summary>Peak resident memory of the child, MiB.</summary>
    public double? PeakRssMiB { get; init; }
}
