using Edge.Telemetry.Metrics;

namespace Edge.Telemetry.Sparkplug;

/// <summary>Which metrics the node and its device have. The list is the same at every call, because everything that is ever published must stand in the birth; what is not known yet has no value.</summary>
public static class SparkplugMetrics
{
    /// <summary>Metrics of the node: the service itself.</summary>
    public static IReadOnlyList<SparkplugMetric> OfNode(DeviceReadings readings, string version)
    {
        ArgumentNullException.ThrowIfNull(readings);
        return
        [
            SparkplugMetric.Of("Properties/Version", version),
            SparkplugMetric.Of("Properties/Provider", readings.Provider),
            SparkplugMetric.Of("Properties/Snapshot", readings.SnapshotId.Length > 0 ? readings.SnapshotId : null),
            SparkplugMetric.Of("Provider/Failures", readings.ProviderFailures),
            SparkplugMetric.Of("Storage/Failures", readings.StorageFailures),
            SparkplugMetric.Of("Memory/Resident MiB", readings.ResidentBytes >> 20),
            SparkplugMetric.Of("Link/Connected", readings.Link?.Connected),
            SparkplugMetric.Of("Link/Reconnects", readings.Link?.ReconnectCount),
            SparkplugMetric.Of("Link/Queued", readings.Link?.QueuedCount),
            SparkplugMetric.Of("Link/Dropped", readings.Link?.DroppedCount),
            SparkplugMetric.Of("Outbox/Messages", readings.Link?.Outbox?.Count),
        ];
    }

    /// <summary>Metrics of the device: the classifier behind the sensor, what it learns and forgets.</summary>
    public static IReadOnlyList<SparkplugMetric> OfDevice(DeviceReadings readings)
    {
        ArgumentNullException.ThrowIfNull(readings);
        return
        [
            SparkplugMetric.Of("Class", readings.Latest?.Class),
            SparkplugMetric.Of("Confidence", readings.Latest?.Confidence),
            SparkplugMetric.Of("Novelty", readings.Latest?.Novelty),
            SparkplugMetric.Of("Windows/Seen", readings.WindowsSeen),
            SparkplugMetric.Of("Windows/Dropped", readings.WindowsDropped),
            SparkplugMetric.Of("Windows/Broken", readings.WindowsBroken),
            SparkplugMetric.Of("Windows/Unknown", readings.UnknownCount),
            .. readings.PredictionsByClass.Select(one => SparkplugMetric.Of($"Predictions/{one.Key}", one.Value)),
            SparkplugMetric.Of("Latency/P50 ms", LatencyMs(readings, 0.5)),
            SparkplugMetric.Of("Latency/P99 ms", LatencyMs(readings, 0.99)),
            SparkplugMetric.Of("Labels/Requested", readings.LabelsRequested),
            SparkplugMetric.Of("Labels/Answered", readings.LabelsAnswered),
            SparkplugMetric.Of("Labels/Refused", readings.LabelsRefused),
            SparkplugMetric.Of("Examples/Stored", readings.ExamplesStored),
            SparkplugMetric.Of("Replay/Examples", readings.Replay.ReplayCount),
            SparkplugMetric.Of("Replay/Anchors", readings.Replay.AnchorCount),
            SparkplugMetric.Of("Replay/Fresh", readings.Replay.FreshCount),
            SparkplugMetric.Of("Rounds/Run", readings.RoundsRun),
            SparkplugMetric.Of("Rounds/Failed", readings.RoundsFailed),
            SparkplugMetric.Of("Snapshots/Promoted", readings.SnapshotsPromoted),
            SparkplugMetric.Of("Snapshots/Refused", readings.SnapshotsRefused),
            SparkplugMetric.Of("Drift/Score", readings.DriftScore),
            SparkplugMetric.Of("Drift/Alarms", readings.DriftAlarms),
            SparkplugMetric.Of("Anchors/Accuracy percent", readings.AnchorAccuracyPercent),
            SparkplugMetric.Of("Forgetting/Worst points", readings.WorstForgettingPoints),
        ];
    }

    private static double? LatencyMs(DeviceReadings readings, double quantile) =>
        readings.LatencySeconds.Where(one => one.Key == quantile).Select(one => (double?)Math.Round(one.Value * 1000, 3)).FirstOrDefault();
}
