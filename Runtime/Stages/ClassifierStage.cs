using System.Diagnostics;
using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Runtime.Windowing;
using Microsoft.Extensions.Hosting;

namespace Edge.Runtime.Stages;

/// <summary>Classifies windows with the running session, which it owns, and switches sessions between two windows.</summary>
public sealed class ClassifierStage(
    Flows flows, WindowPool windows, WindowRing ring, ReadOutSlot slot, InferenceSection settings, DriftAlarms drift, ServiceState state, FaultRecord faults, IHostApplicationLifetime lifetime)
    : Stage(faults, lifetime)
{
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
                    if (slot.Apply(ref running, ref applied)) drift.Follow(running!.Snapshot);
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

    private Prediction Classify(Classifier? running, Window window)
    {
        if (running is null)
        {
            ring.Keep(window, [], null);
            drift.Watch(window, null, -1);
            return Counted(new Prediction(window.Id, window.EndSeconds, Prediction.Unknown, 0, 1, window.Truth), window);
        }

        var score = running.Score(window.Samples);
        ring.Keep(window, running.EmbeddingOf(0), running.Snapshot.Id);
        int answer = score.ClassOrUnknown(settings.UnknownBelowSimilarity);
        var prediction = answer < 0
            ? new Prediction(window.Id, window.EndSeconds, Prediction.Unknown, 0, score.Novelty, window.Truth)
            : new Prediction(window.Id, window.EndSeconds, running.Snapshot.Classes[answer], score.Confidence, score.Novelty, window.Truth);
        Counted(prediction, window);
        drift.Watch(window, running, answer);
        return prediction;
    }

    private Prediction Counted(in Prediction prediction, Window window)
    {
        state.Count(prediction, Stopwatch.GetElapsedTime(window.ReadyTicks));
        return prediction;
    }
}
