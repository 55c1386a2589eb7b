using System.Text.Json.Serialization;
using Edge.Telemetry.Forgetting;

namespace Edge.Telemetry.Messages;

/// <summary>Why the anchor set was evaluated.</summary>
[JsonConverter(typeof(CamelCaseEnumConverter<EvaluationCause>))]
public enum EvaluationCause
{
    /// <summary>The service started.</summary>
    Start,

    /// <summary>A candidate was promoted.</summary>
    Promotion,

    /// <summary>telemetry.forgettingMinutes were over: the read-out has followed labels since, and there are more anchors.</summary>
    Timer,

    /// <summary>A configuration is on trial that took effect without a restart.</summary>
    Trial,
}

/// <summary>What a snapshot still knows, measured on the anchor set.</summary>
public sealed record ForgettingMessage : TelemetryMessage
{
    /// <summary>Name and version of this message.</summary>
    public const string SchemaName = "edge.forgetting/1";

    /// <inheritdoc/>
    [JsonPropertyOrder(-10)]
    public override string Schema => SchemaName;

    /// <summary>Why it was evaluated.</summary>
    public required EvaluationCause Cause { get; init; }

    /// <summary>The snapshot that was evaluated.</summary>
    public required string SnapshotId { get; init; }

    /// <summary>The training round that made it; 0 for the first.</summary>
    public required int Round { get; init; }

    /// <summary>One entry per class that has anchors.</summary>
    public required IReadOnlyList<ClassForgetting> PerClass { get; init; }

    /// <summary>Share of all anchors that were recognised, percent.</summary>
    public required double OverallAccuracyPercent { get; init; }

    /// <summary>Mean of the class accuracies, percent.</summary>
    public required double AverageAccuracyPercent { get; init; }

    /// <summary>Mean over classes of best earlier accuracy minus accuracy now, percentage points; negative when better than ever (Chaudhry et al.
    /// 2018).</summary>
    public required double ForgettingChaudhryPoints { get; init; }

    /// <summary>Backward transfer: mean over the classes evaluated before of accuracy now minus accuracy when the class was learned, percentage points; negative when later learning hurt (Lopez-Paz and Ranzato 2017).</summary>
    public required double BwtLopezPazPoints { get; init; }

    /// <summary>Mean over classes of the accuracy at the evaluation that was the class's first, percent (Riemer et al. 2019).</summary>
    public required double LearningAccuracyPercent { get; init; }

    /// <summary>Mean of averageAccuracyPercent over all evaluations so far, this one included.</summary>
    public required double AnytimeAverageAccuracyPercent { get; init; }

    /// <summary>Mean over the classes evaluated before of the lowest accuracy since the class was learned, percent (De Lange et al. 2023); left out when no class was evaluated before.</summary>
    public double? MinAccDeLangePercent { get; init; }

    /// <summary>Worst-case accuracy, percent: classes learned with this evaluation at their accuracy, those before at minAccDeLangePercent (De Lange et al. 2023).</summary>
    public required double WcAccDeLangePercent { get; init; }

    /// <summary>How far the representation of the anchors is from that of the snapshot before this one; left out where there was none, or it is not kept.</summary>
    public RepresentationShift? AgainstPrevious { get; init; }

    /// <summary>The same from the first snapshot of the device.</summary>
    public RepresentationShift? AgainstFirst { get; init; }
}

/// <summary>A class lost more than its limit against its best accuracy, or has recovered from that. Sent once when it begins and once when it ends, however often it is measured between.</summary>
public sealed record ForgettingAlarmMessage : TelemetryMessage
{
    /// <summary>Name and version of this message.</summary>
    public const string SchemaName = "edge.forgetting-alarm/1";

    /// <inheritdoc/>
    [JsonPropertyOrder(-10)]
    public override string Schema => SchemaName;

    /// <summary>The class.</summary>
    public required string Class { get; init; }

    /// <summary>True: it rings from now on. False: it has ended, because the loss is at most half of the limit, or no limit is asked for any more.</summary>
    public required bool Alarm { get; init; }

    /// <summary>Accuracy now, percent.</summary>
    public required double AccuracyPercent { get; init; }

    /// <summary>Best accuracy so far, percent.</summary>
    public required double BestPercent { get; init; }

    /// <summary>Best minus now, percentage points.</summary>
    public required double LostPoints { get; init; }

    /// <summary>The limit of the class: telemetry.forgettingAlarmByClass, else telemetry.forgettingAlarmPoints; percentage points.</summary>
    public required double LimitPoints { get; init; }

    /// <summary>Anchors of the class.</summary>
    public required int AnchorCount { get; init; }

    /// <summary>The snapshot with which it began to ring.</summary>
    public required string SnapshotId { get; init; }

    /// <summary>The training round that made that snapshot.</summary>
    public required int Round { get; init; }

    /// <summary>The snapshot that was measured now; another one where the alarm ends with a later one.</summary>
    public required string MeasuredSnapshotId { get; init; }
}
