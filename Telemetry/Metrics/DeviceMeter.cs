using System.Diagnostics.Metrics;
using System.Globalization;
using static Edge.Telemetry.Metrics.InstrumentKind;

namespace Edge.Telemetry.Metrics;

/// <summary>
/// The meter "Edge" of System.Diagnostics.Metrics, for any listener: an exporter, or <c>dotnet-counters</c>. Every instrument is observable: nothing is counted or kept for it, and without a listener nothing is read.
/// One set of readings serves all instruments of a collection.
/// </summary>
public sealed class DeviceMeter : IDisposable
{
    /// <summary>Name of the meter.</summary>
    public const string Name = "Edge";

    /// <summary>Every instrument. A name, unit or meaning once published stays; README.md shows the table, and a test compares the two.</summary>
    public static readonly IReadOnlyList<InstrumentRow> Table =
    [
        One("edge.uptime", Gauge, "s", "edge_uptime_seconds", "Time since the service started.", r => r.Uptime.TotalSeconds),
        One("edge.windows.seen", Counter, "{window}", "edge_windows_seen_total", "Windows classified.", r => r.WindowsSeen),
        One("edge.windows.dropped", Counter, "{window}", "edge_windows_dropped_total", "Windows lost before they were classified.", r => r.WindowsDropped),
        One("edge.windows.broken", Counter, "{window}", "edge_windows_broken_total", "Windows with samples that no sensor measures.", r => r.WindowsBroken),
        One("edge.windows.unknown", Counter, "{window}", "edge_windows_unknown_total", "Windows like none of the classes.", r => r.UnknownCount),
        Many("edge.predictions", Counter, "{window}", "edge_predictions_total", "class", "Windows by predicted class.", r => r.PredictionsByClass.Select(one => (one.Key, (double)one.Value))),
        One("edge.predictions.dropped", Counter, "{window}", "edge_predictions_dropped_total", "Predictions that labelling did not get to see.", r => r.PredictionsDropped),
        Many("edge.latency", Gauge, "s", "edge_latency_seconds", "quantile", "Time from a window's last sample to its prediction, over all windows since the start.", r => r.LatencySeconds.Select(one => (one.Key.ToString(CultureInfo.InvariantCulture), one.Value))),
        One("edge.labels.requested", Counter, "{label}", "edge_labels_requested_total", "Labels that the device asked for.", r => r.LabelsRequested),
        One("edge.labels.answered", Counter, "{label}", "edge_labels_answered_total", "Labels asked for that came.", r => r.LabelsAnswered),
        One("edge.labels.refused", Counter, "{label}", "edge_labels_refused_total", "Labels that were refused.", r => r.LabelsRefused),
        One("edge.examples.stored", Counter, "{example}", "edge_examples_stored_total", "Labelled windows made durable.", r => r.ExamplesStored),
        One("edge.storage.failures", Counter, "{write}", "edge_storage_failures_total", "Writes of examples and statistics that the disk refused.", r => r.StorageFailures),
        One("edge.replay.examples", Gauge, "{example}", "edge_replay_examples", "Examples kept for replay.", r => r.Replay.ReplayCount),
        One("edge.replay.anchors", Gauge, "{example}", "edge_replay_anchors", "Examples held out.", r => r.Replay.AnchorCount),
        One("edge.replay.fresh", Gauge, "{example}", "edge_replay_fresh", "Examples that wait for a round.", r => r.Replay.FreshCount),
        One("edge.replay.corrupt", Counter, "{record}", "edge_replay_corrupt_total", "Records found damaged.", r => r.Replay.CorruptCount),
        One("edge.replay.copy_failures", Counter, "{copy}", "edge_replay_copy_failures_total", "Copies of the replay file that could not be made.", r => r.Replay.CopyFailureCount),
        One("edge.replay.written", Counter, "By", "edge_replay_written_bytes_total", "Bytes handed to the file system for the replay buffer, over the life of the store.", r => r.Replay.Wear.WrittenBytes),
        One("edge.replay.written_per_example", Gauge, "By", "edge_replay_written_per_example_bytes", "The same per acknowledged example.", r => r.Replay.Wear.BytesPerExample),
        One("edge.replay.write_amplification", Gauge, "1", "edge_replay_write_amplification", "The same per byte of samples.", r => r.Replay.Wear.Amplification),
        Many("edge.storage.written", Counter, "By", "edge_storage_written_bytes_total", "file", "Bytes written beside the replay file: statistics, copies of the replay file, what rounds are given.", r => r.WrittenBytesByFile.Select(one => (one.Key, (double)one.Value))),
        One("edge.rounds.run", Counter, "{round}", "edge_rounds_run_total", "Training rounds that brought a candidate.", r => r.RoundsRun),
        One("edge.rounds.failed", Counter, "{round}", "edge_rounds_failed_total", "Training rounds that did not.", r => r.RoundsFailed),
        One("edge.snapshots.promoted", Counter, "{snapshot}", "edge_snapshots_promoted_total", "Candidates that replaced the running snapshot.", r => r.SnapshotsPromoted),
        One("edge.snapshots.refused", Counter, "{snapshot}", "edge_snapshots_refused_total", "Candidates that the gate refused.", r => r.SnapshotsRefused),
        One("edge.snapshot.round", Gauge, "{round}", "edge_snapshot_round", "The training round that made the running snapshot.", r => r.SnapshotRound),
        Maybe("edge.anchor.accuracy", Gauge, "%", "edge_anchor_accuracy_percent", "Accuracy over all anchors, as last measured.", r => r.AnchorAccuracyPercent),
        Many("edge.anchor.class_accuracy", Gauge, "%", "edge_anchor_class_accuracy_percent", "class", "Accuracy on a class's anchors, as last measured.", r => r.Memory.Select(one => (one.Class, one.AccuracyPercent))),
        Maybe("edge.forgetting.worst_points", Gauge, "{point}", "edge_forgetting_worst_points", "Most that a class has lost: its best accuracy so far less the present one, percentage points.", r => r.WorstForgettingPoints),
        Many("edge.forgetting.class_points", Gauge, "{point}", "edge_forgetting_class_points", "class", "The same by class.", r => r.Memory.Select(one => (one.Class, one.ForgettingPoints))),
        One("edge.drift.score", Gauge, "1", "edge_drift_score", "Drift statistic divided by its threshold; 1 rings.", r => r.DriftScore),
        One("edge.drift.alarms", Counter, "{alarm}", "edge_drift_alarms_total", "Drift alarms.", r => r.DriftAlarms),
        One("edge.provider.failures", Counter, "{session}", "edge_provider_failures_total", "Sessions whose execution provider failed while it ran; the CPU went on.", r => r.ProviderFailures),
        One("edge.process.memory", Gauge, "By", "edge_process_memory_bytes", "Resident memory of the service, without the training child.", r => r.ResidentBytes),
        Maybe("edge.link.connected", Gauge, "{connection}", "edge_link_connected", "1 while the broker has the session, else 0.", r => r.Link is { } link ? link.Connected ? 1 : 0 : null),
        Maybe("edge.link.reconnects", Counter, "{connection}", "edge_link_reconnects_total", "Connections after the first.", r => r.Link?.ReconnectCount),
        Maybe("edge.link.published", Counter, "{message}", "edge_link_published_total", "Messages that the broker acknowledged.", r => r.Link?.PublishedCount),
        Maybe("edge.link.received", Counter, "{message}", "edge_link_received_total", "Messages received.", r => r.Link?.ReceivedCount),
        Maybe("edge.link.received_dropped", Counter, "{message}", "edge_link_received_dropped_total", "Messages of QoS 0 that came faster than they were read.", r => r.Link?.ReceivedDroppedCount),
        Maybe("edge.link.queued", Gauge, "{message}", "edge_link_queued", "Messages that wait for the broker.", r => r.Link?.QueuedCount),
        Maybe("edge.link.parked", Gauge, "{message}", "edge_link_parked", "Messages that the broker refuses for now: they are tried again.", r => r.Link?.ParkedCount),
        Many("edge.link.dropped", Counter, "{message}", "edge_link_dropped_total", "message", "Messages given up over a limit of the queue, by name.", r => r.Link?.DroppedByName.Select(one => (one.Key, (double)one.Value)) ?? []),
        Many("edge.link.refused", Counter, "{message}", "edge_link_refused_total", "message", "Messages given up because the broker refuses them, by name.", r => r.Link?.RefusedByName.Select(one => (one.Key, (double)one.Value)) ?? []),
        Maybe("edge.link.never_dropped_lost", Counter, "{message}", "edge_link_never_dropped_lost_total", "Messages that should never be dropped and were: above 0 the device needs a person.", r => r.Link?.NeverDroppedLostCount),
        Maybe("edge.outbox.messages", Gauge, "{message}", "edge_outbox_messages", "Messages in the outbox on disk.", r => r.Link?.Outbox?.Count),
        Maybe("edge.outbox.size", Gauge, "By", "edge_outbox_size_bytes", "Length of the outbox file.", r => r.Link?.Outbox?.FileBytes),
        Maybe("edge.outbox.written", Counter, "By", "edge_outbox_written_bytes_total", "Bytes written to the outbox.", r => r.Link?.Outbox?.WrittenBytes),
        Maybe("edge.outbox.refused", Counter, "{write}", "edge_outbox_refused_total", "Writes of the outbox that the disk refused.", r => r.Link?.Outbox?.RefusedCount),
    ];

    private static readonly TimeSpan Fresh = TimeSpan.FromMilliseconds(200);

    private readonly Meter _meter;
    private readonly Func<DeviceReadings> _read;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private DeviceReadings? _latest;
    private long _readAt;

    /// <summary>Publishes the instruments until disposed of.</summary>
    /// <param name="version">Version of the service.</param>
    /// <param name="read">Takes readings; called from the listener's thread, only while somebody collects.</param>
    /// <param name="time">Clock that says when readings are stale.</param>
    public DeviceMeter(string version, Func<DeviceReadings> read, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(read);
        ArgumentNullException.ThrowIfNull(time);
        (_read, _time, _meter) = (read, time, new Meter(Name, version));
        foreach (InstrumentRow row in Table)
        {
            IEnumerable<Measurement<double>> Observe() => row.Read(Readings());
            _ = row.Kind == Counter
                ? (ObservableInstrument<double>)_meter.CreateObservableCounter(row.Name, Observe, row.Unit, row.Description)
                : _meter.CreateObservableGauge(row.Name, Observe, row.Unit, row.Description);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private DeviceReadings Readings()
    {
        lock (_gate)
        {
            if (_latest is null || _time.GetElapsedTime(_readAt) > Fresh) (_latest, _readAt) = (_read(), _time.GetTimestamp());
            return _latest;
        }
    }

    private static InstrumentRow One(string name, InstrumentKind kind, string unit, string prometheus, string description, Func<DeviceReadings, double> read) =>
        new(name, kind, unit, prometheus, null, description, r => [new(read(r))]);

    private static InstrumentRow Maybe(string name, InstrumentKind kind, string unit, string prometheus, string description, Func<DeviceReadings, double?> read) =>
        new(name, kind, unit, prometheus, null, description, r => read(r) is { } value ? [new(value)] : []);

    private static InstrumentRow Many(string name, InstrumentKind kind, string unit, string prometheus, string tag, string description, Func<DeviceReadings, IEnumerable<(string Of, double Value)>> read) =>
        new(name, kind, unit, prometheus, tag, description, r => read(r).Select(one => new Measurement<double>(one.Value, new KeyValuePair<string, object?>(tag, one.Of))));
}
