using Edge.Runtime.Inference;
using Edge.Storage;
using Edge.Telemetry.Drift.Watching;
using Edge.Telemetry.Forgetting;
using Edge.Telemetry.Messages;
using HdrHistogram;

namespace Edge.Runtime.Stages;

/// <summary>
/// What the device is doing, for the view, the telemetry and the summary. Stages write, anyone reads; every counter is one that some text names.
/// </summary>
public sealed class ServiceState(TimeProvider time)
{
    private const long LargestLatencyNs = 60L * 1_000_000_000; // A process that was stopped for longer shows as this.
    private readonly Lock gate = new();
    private readonly LongHistogram latency = new(highestTrackableValue: LargestLatencyNs, numberOfSignificantValueDigits: 2);
    private readonly Dictionary<string, long> countsSinceSummary = new(StringComparer.Ordinal), countsBefore = new(StringComparer.Ordinal);
    private readonly Queue<(long Ticks, long Count)> recent = new();
    private readonly long startTicks = time.GetTimestamp();
    private long windowsSeen, calls, droppedWindows, droppedPredictions, brokenWindows, labelsRefused, examplesStored, roundsRun, promoted, refused, roundsFailed, storeFailures, statisticsFailures, driftAlarms, taken, settled, requestsMade, requestsAnswered;
    private volatile LatestDrift? latestDrift;
    private Prediction? latest;
    private LongHistogram? measured; // Of a trial; null while none is on.
    private long firstTicks, latestTicks; // 0 before the first window.
    private long measuredErrors, measuredLatestTicks;
    private (double Percent, object Config)? candidateAccuracy;
    private (string Why, object Config)? roundProblem;
    private (double? Percent, object Config)? exam;

    /// <summary>Time since the service started.</summary>
    public TimeSpan Uptime => time.GetElapsedTime(startTicks);

    /// <summary>Windows classified.</summary>
    public long WindowsSeen => Interlocked.Read(ref windowsSeen);

    /// <summary>Calls of the classifier's session; fewer than windows where some waited and were scored together.</summary>
    public long ClassifierCalls => Interlocked.Read(ref calls);

    /// <summary>Windows lost: dropped by a full queue, or never cut because their samples were dropped.</summary>
    public long WindowsDropped => Interlocked.Read(ref droppedWindows);

    /// <summary>Predictions that labelling did not get to see.</summary>
    public long PredictionsDropped => Interlocked.Read(ref droppedPredictions);

    /// <summary>Windows not classified because a sample was NaN, infinite or beyond what a sensor measures.</summary>
    public long WindowsBroken => Interlocked.Read(ref brokenWindows);

    /// <summary>Labels that were refused.</summary>
    public long LabelsRefused => Interlocked.Read(ref labelsRefused);

    /// <summary>Labels that the device has asked for.</summary>
    public long RequestsMade => Interlocked.Read(ref requestsMade);

    /// <summary>Those of them whose window has got a label since.</summary>
    public long RequestsAnswered => Interlocked.Read(ref requestsAnswered);

    /// <summary>Examples made durable since the start.</summary>
    public long ExamplesStored => Interlocked.Read(ref examplesStored);

    /// <summary>Batches of examples that the disk refused.</summary>
    public long StoreFailures => Interlocked.Read(ref storeFailures);

    /// <summary>Writes of the frozen features' statistics that the disk refused.</summary>
    public long StatisticsFailures => Interlocked.Read(ref statisticsFailures);

    /// <summary>Labelled windows on their way to the disk.</summary>
    public long ExamplesPending => Interlocked.Read(ref taken) - Interlocked.Read(ref settled);

    /// <summary>Rounds that ended with a candidate.</summary>
    public long RoundsRun => Interlocked.Read(ref roundsRun);

    /// <summary>Rounds that ended without one.</summary>
    public long RoundsFailed => Interlocked.Read(ref roundsFailed);

    /// <summary>Candidates that replaced the running snapshot.</summary>
    public long SnapshotsPromoted => Interlocked.Read(ref promoted);

    /// <summary>Candidates that the gate refused.</summary>
    public long SnapshotsRefused => Interlocked.Read(ref refused);

    /// <summary>Drift alarms since the start.</summary>
    public long DriftAlarms => Interlocked.Read(ref driftAlarms);

    /// <summary>The latest of them; null before the first.</summary>
    public LatestDrift? LatestDrift => latestDrift;

    /// <summary>The running snapshot; null before the first.</summary>
    public SnapshotManifest? Snapshot { get; set; }

    /// <summary>Execution provider in use.</summary>
    public string Provider { get; set; } = "none";

    /// <summary>The round in progress; null when none is.</summary>
    public TrainingMessage? Round { get; set; }

    /// <summary>Process id of the latest training child; 0 before the first.</summary>
    public int TrainingProcessId { get; set; }

    /// <summary>Drift statistic divided by its threshold; 1 rings the alarm.</summary>
    public double DriftScore { get; set; }

    /// <summary>How well each class is remembered, as last measured on the anchor set.</summary>
    public IReadOnlyList<ClassForgetting> Memory { get; set; } = [];

    /// <summary>Labels known to the sensor that are not due yet.</summary>
    public int LabelsWaiting { get; set; }

    /// <summary>The latest prediction.</summary>
    public Prediction? Latest
    {
        get
        {
            lock (gate) return latest;
        }
    }

    /// <summary>When the first and the latest window were classified, by the clock's time stamps; null before the first.</summary>
    public (long First, long Latest)? WindowTicks
    {
        get
        {
            lock (gate) return firstTicks == 0 ? null : (firstTicks, latestTicks);
        }
    }

    /// <summary>Notes one classified window.</summary>
    public void Count(in Prediction prediction, TimeSpan took)
    {
        Interlocked.Increment(ref windowsSeen);
        lock (gate)
        {
            latest = prediction;
            latestTicks = time.GetTimestamp();
            if (firstTicks == 0) firstTicks = latestTicks;
            latency.RecordValue((long)Math.Clamp(took.TotalNanoseconds, 1, LargestLatencyNs));
            if (measured is not null)
            {
                measured.RecordValue((long)Math.Clamp(took.TotalNanoseconds, 1, LargestLatencyNs));
                measuredLatestTicks = time.GetTimestamp();
            }

            System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(countsSinceSummary, prediction.Class, out _)++;
        }
    }

    /// <summary>Latency from a window's last sample to its prediction, milliseconds, at a percentile.</summary>
    public double LatencyMs(double percentile)
    {
        lock (gate) return latency.TotalCount == 0 ? 0 : latency.GetValueAtPercentile(percentile) / 1e6;
    }

    /// <summary>Windows per second over the last calls (about ten seconds when called several times a second).</summary>
    public double WindowsPerSecond()
    {
        lock (gate)
        {
            recent.Enqueue((time.GetTimestamp(), WindowsSeen));
            while (recent.Count > 2 && time.GetElapsedTime(recent.Peek().Ticks).TotalSeconds > 10) recent.Dequeue();
            var (ticks, count) = recent.Peek();
            double seconds = time.GetElapsedTime(ticks).TotalSeconds;
            return seconds > 0 ? (WindowsSeen - count) / seconds : 0;
        }
    }

    /// <summary>Predictions by class since the last call.</summary>
    public IReadOnlyDictionary<string, long> TakeCounts()
    {
        lock (gate)
        {
            var counts = new Dictionary<string, long>(countsSinceSummary, StringComparer.Ordinal);
            foreach (var (name, count) in counts) countsBefore[name] = countsBefore.GetValueOrDefault(name) + count;
            countsSinceSummary.Clear();
            return counts;
        }
    }

    /// <summary>Predictions by class since the start.</summary>
    public IReadOnlyDictionary<string, long> CountsByClass()
    {
        lock (gate)
        {
            var counts = new Dictionary<string, long>(countsBefore, StringComparer.Ordinal);
            foreach (var (name, count) in countsSinceSummary) counts[name] = counts.GetValueOrDefault(name) + count;
            return counts;
        }
    }

    internal void CountCall() => Interlocked.Increment(ref calls);

    /// <summary>Accuracy on the anchor set as last measured, percent, over all anchors; null when none has been.</summary>
    public double? AnchorAccuracyPercent => Memory is { Count: > 0 } memory && memory.Sum(c => c.AnchorCount) is > 0 and var anchors ? memory.Sum(c => c.AccuracyPercent * c.AnchorCount) / anchors : null;

    /// <summary>Whether the anchor set has been examined, or found empty, while that configuration ran.</summary>
    public bool IsExaminedWith(object config)
    {
        lock (gate) return exam is { } latest && ReferenceEquals(latest.Config, config);
    }

    /// <summary>Accuracy on the anchor set as last measured while that configuration ran, percent; null when it was not, and while there are no anchors.</summary>
    public double? AnchorAccuracyWith(object config)
    {
        lock (gate) return exam is { } latest && ReferenceEquals(latest.Config, config) ? latest.Percent : null;
    }

    /// <summary>Accuracy of the latest candidate whose round was planned by that configuration, percent; null when there was none.</summary>
    public double? CandidateAccuracyOf(object config)
    {
        lock (gate) return candidateAccuracy is { } latest && ReferenceEquals(latest.Config, config) ? latest.Percent : null;
    }

    /// <summary>Why the latest round that was planned by that configuration brought no candidate; null when it brought one, and when there was none.</summary>
    public string? RoundProblemOf(object config)
    {
        lock (gate) return roundProblem is { } latest && ReferenceEquals(latest.Config, config) ? latest.Why : null;
    }

    /// <summary>What was counted since <see cref="StartMeasuring"/>.</summary>
    public MeasuredWindows Measured()
    {
        lock (gate)
        {
            long windows = measured?.TotalCount ?? 0;
            return new MeasuredWindows(windows, WindowsDropped + WindowsBroken - measuredErrors, windows > 0 ? time.GetElapsedTime(measuredLatestTicks) : null, windows > 0 ? measured!.GetValueAtPercentile(99) / 1e6 : 0);
        }
    }

    /// <summary>Begins to count a trial's windows, from nothing.</summary>
    internal void StartMeasuring()
    {
        lock (gate) (measured, measuredErrors) = (new LongHistogram(highestTrackableValue: LargestLatencyNs, numberOfSignificantValueDigits: 2), WindowsDropped + WindowsBroken);
    }

    /// <summary>Ends it.</summary>
    internal void StopMeasuring()
    {
        lock (gate) measured = null;
    }

    internal void NoteExam(double? accuracyPercent, object config)
    {
        lock (gate) exam = (accuracyPercent, config);
    }

    internal void NoteCandidate(double accuracyPercent, object config)
    {
        lock (gate) (candidateAccuracy, roundProblem) = ((accuracyPercent, config), null);
    }

    internal void NoteAbandoned(string why, object config)
    {
        lock (gate) roundProblem = (why, config);
    }

    internal void CountDroppedWindows(long count) => Interlocked.Add(ref droppedWindows, count);

    internal void CountDroppedPrediction() => Interlocked.Increment(ref droppedPredictions);

    internal void CountBroken(long count) => Interlocked.Add(ref brokenWindows, count);

    internal void CountLabelRefused() => Interlocked.Increment(ref labelsRefused);

    internal void CountRequest() => Interlocked.Increment(ref requestsMade);

    internal void CountRequestAnswered() => Interlocked.Increment(ref requestsAnswered);

    internal void CountTaken() => Interlocked.Increment(ref taken);

    internal void CountStored(int count)
    {
        Interlocked.Add(ref examplesStored, count);
        Interlocked.Add(ref settled, count);
    }

    internal void CountStoreFailure(int count)
    {
        Interlocked.Increment(ref storeFailures);
        Interlocked.Add(ref settled, count);
    }

    internal void NoteStatisticsFailures(long count) => Interlocked.Exchange(ref statisticsFailures, count);

    internal void CountRound() => Interlocked.Increment(ref roundsRun);

    internal void CountRoundFailed() => Interlocked.Increment(ref roundsFailed);

    internal void CountPromoted() => Interlocked.Increment(ref promoted);

    internal void CountRefused() => Interlocked.Increment(ref refused);

    internal void NoteDrift(DriftEvent drift)
    {
        latestDrift = new LatestDrift(drift.What, drift.Channel, drift.Threshold > 0 ? drift.Statistic / drift.Threshold : 0, drift.WindowId, time.GetUtcNow());
        Interlocked.Increment(ref driftAlarms);
    }
}

/// <summary>Windows over some time.</summary>
/// <param name="Windows">Classified.</param>
/// <param name="Errors">Broken or lost.</param>
/// <param name="SinceWindow">Time since the latest; null when there was none.</param>
/// <param name="LatencyP99Ms">99th percentile of the time from a window's last sample to its prediction, milliseconds; 0 when there was none.</param>
public readonly record struct MeasuredWindows(long Windows, long Errors, TimeSpan? SinceWindow, double LatencyP99Ms);
