using Edge.Storage;
using Edge.Telemetry.Forgetting;
using Edge.Telemetry.Mqtt;

namespace Edge.Telemetry.Metrics;

/// <summary>How the device is doing at one moment, in plain numbers: what the meter shows and a Sparkplug node publishes. Counts are since the service started.</summary>
public sealed record DeviceReadings
{
    /// <summary>Time since the service started.</summary>
    public required TimeSpan Uptime { get; init; }

    /// <summary>Windows classified.</summary>
    public required long WindowsSeen { get; init; }

    /// <summary>Windows lost before they were classified.</summary>
    public required long WindowsDropped { get; init; }

    /// <summary>Windows with samples that no sensor measures.</summary>
    public required long WindowsBroken { get; init; }

    /// <summary>Windows by predicted class; every class that the device knows is there, "unknown" is not.</summary>
    public required IReadOnlyDictionary<string, long> PredictionsByClass { get; init; }

    /// <summary>Windows like none of the classes.</summary>
    public required long UnknownCount { get; init; }

    /// <summary>Predictions that labelling did not get to see.</summary>
    public required long PredictionsDropped { get; init; }

    /// <summary>The latest prediction; null before the first.</summary>
    public LatestReading? Latest { get; init; }

    /// <summary>Time from a window's last sample to its prediction: quantile, 0 to 1, to seconds; empty before the first window.</summary>
    public IReadOnlyList<KeyValuePair<double, double>> LatencySeconds { get; init; } = [];

    /// <summary>Labels asked for.</summary>
    public required long LabelsRequested { get; init; }

    /// <summary>Those of them that came.</summary>
    public required long LabelsAnswered { get; init; }

    /// <summary>Labels refused.</summary>
    public required long LabelsRefused { get; init; }

    /// <summary>Labelled windows made durable.</summary>
    public required long ExamplesStored { get; init; }

    /// <summary>Writes that the disk refused.</summary>
    public required long StorageFailures { get; init; }

    /// <summary>The replay buffer.</summary>
    public required ReplayReading Replay { get; init; }

    /// <summary>Bytes written since the start beside the replay file, by what they were written for.</summary>
    public IReadOnlyList<KeyValuePair<string, long>> WrittenBytesByFile { get; init; } = [];

    /// <summary>Training rounds that brought a candidate.</summary>
    public required long RoundsRun { get; init; }

    /// <summary>Training rounds that did not.</summary>
    public required long RoundsFailed { get; init; }

    /// <summary>Candidates promoted.</summary>
    public required long SnapshotsPromoted { get; init; }

    /// <summary>Candidates refused.</summary>
    public required long SnapshotsRefused { get; init; }

    /// <summary>The running snapshot; empty before the first.</summary>
    public required string SnapshotId { get; init; }

    /// <summary>The training round that made it.</summary>
    public required long SnapshotRound { get; init; }

    /// <summary>Accuracy over all anchors as last measured, percent; null when it has not been.</summary>
    public double? AnchorAccuracyPercent { get; init; }

    /// <summary>How well each class is remembered; empty before the first evaluation on the anchor set.</summary>
    public IReadOnlyList<ClassForgetting> Memory { get; init; } = [];

    /// <summary>Drift statistic divided by its threshold; 1 rings.</summary>
    public required double DriftScore { get; init; }

    /// <summary>Drift alarms.</summary>
    public required long DriftAlarms { get; init; }

    /// <summary>Execution provider that runs the model.</summary>
    public required string Provider { get; init; }

    /// <summary>Sessions whose provider failed while it ran.</summary>
    public required long ProviderFailures { get; init; }

    /// <summary>Resident memory of the service, bytes; the training child is another process.</summary>
    public required long ResidentBytes { get; init; }

    /// <summary>The link to the broker; null without one.</summary>
    public LinkState? Link { get; init; }

    /// <summary>Most that a class has lost, percentage points; null before the first evaluation.</summary>
    public double? WorstForgettingPoints => Memory.Count == 0 ? null : Memory.Max(one => one.ForgettingPoints);
}

/// <summary>The latest prediction.</summary>
/// <param name="Class">Name of the class, or "unknown".</param>
/// <param name="Confidence">Probability of the class, 0 to 1; 0 when unknown.</param>
/// <param name="Novelty">1 - cosine to the nearest prototype.</param>
public sealed record LatestReading(string Class, double Confidence, double Novelty);

/// <summary>The replay buffer at one moment.</summary>
/// <param name="ReplayCount">Examples kept for replay.</param>
/// <param name="AnchorCount">Examples held out.</param>
/// <param name="FreshCount">Examples that wait for a round.</param>
/// <param name="CorruptCount">Records found damaged since the start.</param>
/// <param name="CopyFailureCount">Copies of the file that could not be made since the start.</param>
/// <param name="Wear">What the store has cost over its life.</param>
public sealed record ReplayReading(long ReplayCount, long AnchorCount, long FreshCount, long CorruptCount, long CopyFailureCount, ReplayWear Wear);
