using System.Text.Json.Serialization;

namespace Edge.Telemetry.Messages;

/// <summary>The latest window that was classified.</summary>
/// <param name="WindowId">Its id: the name under which a label for it can be sent.</param>
/// <param name="Class">Its class, or <see cref="PredictionMessage.UnknownClass"/>.</param>
/// <param name="Confidence">Probability of the class, 0 to 1.</param>
/// <param name="Novelty">1 - cosine to the nearest prototype, 0 to 2; left out while there is none.</param>
/// <param name="NoveltyRatio">Novelty in units of the threshold that the anchors calibrated: above 1 the window is unknown; left out while it is not calibrated.</param>
public sealed record LatestPrediction(ulong WindowId, string Class, double Confidence, double? Novelty, double? NoveltyRatio = null);

/// <summary>What was classified since the last summary.</summary>
public sealed record PredictionMessage : TelemetryMessage
{
    /// <summary>Name and version of this message.</summary>
    public const string SchemaName = "edge.prediction/1";

    /// <summary>What stands for a class when the window is like none of them.</summary>
    public const string UnknownClass = "unknown";

    /// <inheritdoc/>
    [JsonPropertyOrder(-10)]
    public override string Schema => SchemaName;

    /// <summary>Windows classified since the service started.</summary>
    public required long WindowsSeen { get; init; }

    /// <summary>Windows lost since the service started, because a stage was too slow.</summary>
    public required long WindowsDropped { get; init; }

    /// <summary>Writes that the disk refused since the start: batches of labelled windows, and the statistics of the frozen features. Tried again with the next examples.</summary>
    public long StorageFailures { get; init; }

    /// <summary>Windows classified per second over about the last ten seconds.</summary>
    public required double WindowsPerSecond { get; init; }

    /// <summary>Median time from a window's last sample to its prediction since the service started, milliseconds.</summary>
    public required double LatencyP50Ms { get; init; }

    /// <summary>99th percentile of the same, milliseconds.</summary>
    public required double LatencyP99Ms { get; init; }

    /// <summary>The latest window; left out before the first.</summary>
    public LatestPrediction? Latest { get; init; }

    /// <summary>Windows per predicted class since the last summary; classes that did not occur are left out, and so is "unknown".</summary>
    public required IReadOnlyDictionary<string, long> CountsByClass { get; init; }

    /// <summary>Windows like no class since the last summary.</summary>
    public required long UnknownCount { get; init; }

    /// <summary>Labels asked for on <c>…/label/request</c> since the start.</summary>
    public long RequestsMade { get; init; }

    /// <summary>Those of them whose window has got a label since, from whomever.</summary>
    public long RequestsAnswered { get; init; }

    /// <summary>Largest statistic / threshold of the drift detectors at this moment, at least 0: at 1 one of them rings. Left out where drift is not watched.</summary>
    public double? DriftScore { get; init; }

    /// <summary>Messages given up since the service started, by name: dropped over a limit of the queue, or refused by the broker for good. Left out while there are none.</summary>
    public IReadOnlyDictionary<string, long>? MessagesDropped { get; init; }

    /// <summary>Why what waits for the broker is in memory only at the moment; left out when it is on disk, as it should be.</summary>
    public string? OutboxProblem { get; init; }

    /// <summary>The snapshot that classified the latest window.</summary>
    public string? SnapshotId { get; init; }
}
