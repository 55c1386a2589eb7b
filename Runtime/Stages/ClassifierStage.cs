using System.Diagnostics;
using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Runtime.Learning;
using Edge.Runtime.Updates;
using Edge.Runtime.Windowing;
using Edge.Telemetry.Drift;
using Edge.Telemetry.Messages;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Edge.Runtime.Stages;

/// <summary>Classifies windows with the running session, which it owns, and switches sessions between two windows.</summary>
public sealed partial class ClassifierStage(
    Flows flows, WindowPool windows, WindowRing ring, ReadOutSlot slot, LiveConfig live, Func<DriftSection, DriftMonitor> makeDrift, RoundGate rounds, Reporter reporter, ServiceState state, ILogger<ClassifierStage> log, FaultRecord faults, IHostApplicationLifetime lifetime)
    : Stage(faults, lifetime)
{
    private DeviceConfig config = live.Current;
    private DriftMonitor drift = makeDrift(live.Current.Drift);

    /// <inheritdoc/>
    protected override async Task RunAsync(CancellationToken stopping)
    {
        Classifier? running = null;
        object? applied = null;
        try
        {
            while (await flows.Windows.Reader.WaitToReadAsync(stopping))
            {
                while (flows.Windows.Reader.TryRead(out var window))
                {
                    if (flows.Lossless) window.ReadyTicks = Stopwatch.GetTimestamp(); // Here the stream waits for us; how long is no latency.
                    TakeLive();
                    if (slot.Apply(ref running, ref applied)) drift.Rebase();
                    var prediction = Classify(running, window);
                    windows.Return(window);
                    await flows.Predictions.Writer.WriteAsync(prediction, stopping);
                }
            }
        }
        finally
        {
            running?.Dispose();
        }
    }

    /// <summary>Takes what was changed while the service runs. Another drift monitor begins anew: distances judged by other limits are not added up.</summary>
    private void TakeLive()
    {
        var current = live.Current;
        if (ReferenceEquals(current, config)) return;
        if (current.Drift != config.Drift) drift = makeDrift(current.Drift);
        config = current;
    }

    private Prediction Classify(Classifier? running, Window window)
    {
        if (running is null)
        {
            ring.Keep(window, [], null);
            return Counted(new Prediction(window.Id, window.EndSeconds, Prediction.Unknown, 0, 1, window.Truth), window);
        }

        var score = running.Score(window.Samples);
        ring.Keep(window, running.EmbeddingOf(0), running.Snapshot.Id);
        int answer = score.ClassOrUnknown(config.Inference.UnknownBelowSimilarity);
        var prediction = answer < 0
            ? new Prediction(window.Id, window.EndSeconds, Prediction.Unknown, 0, score.Novelty, window.Truth)
            : new Prediction(window.Id, window.EndSeconds, running.Snapshot.Classes[answer], score.Confidence, score.Novelty, window.Truth);
        Counted(prediction, window);
        if (running.KnownCount > 0) Watch(prediction);
        return prediction;
    }

    private Prediction Counted(in Prediction prediction, Window window)
    {
        state.Count(prediction, Stopwatch.GetElapsedTime(window.ReadyTicks));
        return prediction;
    }

    private void Watch(in Prediction prediction)
    {
        var reading = drift.Update(prediction.Novelty, prediction.WindowId);
        state.DriftScore = reading.Score;
        if (!reading.Alarm) return;
        state.CountDriftAlarm();
        string action = rounds.Ask(RoundSchedule.Drift) ? "roundRequested" : "roundUnderWay";
        LogDrift(reading.SinceWindowId, reading.Statistic, reading.Threshold, action);
        reporter.Drift(reading, action);
    }

    [LoggerMessage(2101, LogLevel.Warning, "drift since window {SinceWindowId}: statistic {Statistic:0.00} over threshold {Threshold:0.00}; {Action}")]
    private partial void LogDrift(ulong sinceWindowId, double statistic, double threshold, string action);
}
