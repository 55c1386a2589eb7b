using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Runtime.Updates;
using Edge.Runtime.Windowing;
using Edge.Storage;
using Edge.Telemetry.Drift.Watching;
using Edge.Telemetry.Messages;
using Microsoft.Extensions.Logging;

namespace Edge.Runtime.Stages;

/// <summary>Feeds the drift watch, and when an alarm rings has it acted upon (<see cref="DriftResponse"/>) and told. Windows come from the classifier stage, labels from the labelling stage.</summary>
public sealed partial class DriftAlarms(DriftWatch watch, WindowRing ring, LiveConfig live, WindowShape shape, Func<DriftEvent, DriftAction> act, Reporter reporter, ServiceState state, ILogger<DriftAlarms> log)
{
    private const int EncodedPerWindow = 4; // A reference of 360 is there again after 90 windows, and no window waits for more than four others.
    private readonly float[] channels = new float[2 * shape.ChannelCount];
    private readonly float[] earlier = new float[shape.ValueCount];
    private int earlierAge; // Of the next window to encode anew; 0: none.
    private int owed;       // Windows that have come since some were encoded anew.
    private readonly IReadOnlyList<string> classes = live.Current.Labels.Classes;
    private DeviceConfig config = live.Current;

    /// <summary>Another snapshot runs from the next window on. The latest windows are encoded anew by it, a few with each window, and are the reference of what depends on the model: so it knows the world from before.</summary>
    public void Follow(SnapshotManifest snapshot)
    {
        long before = watch.RebaseCount;
        watch.SnapshotChanged(snapshot.Id, snapshot.EmbeddingLength);
        if (watch.RebaseCount > before) earlierAge = config.Drift.ReferenceWindows;
    }

    /// <summary>Takes a window that was classified just now, while <paramref name="running"/> still holds its embedding; nothing is allocated unless an alarm rings.</summary>
    /// <param name="window">The window.</param>
    /// <param name="running">The session that scored it; null before the first.</param>
    /// <param name="index">The window, among those of the session's latest call.</param>
    /// <param name="answer">Index of the class in the session's snapshot; -1: unknown.</param>
    public void Watch(Window window, Classifier? running, int index, int answer)
    {
        TakeLive();
        bool knows = running is { KnownCount: > 0 }, feeds = knows && earlierAge == 0;
        ChannelStatistics.Measure(window.Samples, channels);
        var told = watch.Observe(new WatchedWindow
        {
            WindowId = window.Id,
            EndSeconds = window.EndSeconds,
            KnowsClasses = knows,
            Channels = channels,
            Embedding = feeds ? running!.EmbeddingOf(index) : default,
            Novelty = feeds ? running!.ScoreOf(index).Novelty : 0,
            Margin = feeds ? running!.MarginOf(index) : 0,
            ClassIndex = answer < 0 ? -1 : IndexOf(running!.Snapshot.Classes[answer]),
        });
        state.DriftScore = watch.Score;
        if (told is not null) Tell(told);
        if (!knows || earlierAge == 0) return;
        earlierAge++; // The window that came just now has made all others older by one.
        owed++;
    }

    /// <summary>Takes a label that was accepted.</summary>
    public void Label(ulong windowId, string className)
    {
        if (watch.Label(windowId, IndexOf(className)) is { } told) Tell(told);
    }

    /// <summary>After a swap: encodes a few earlier windows anew for each that has come since. Takes over the session's memory: what its latest call gave is gone.</summary>
    public void EncodeEarlier(Classifier? running)
    {
        int due = owed * EncodedPerWindow;
        owed = 0;
        if (running is null) return;
        for (int encoded = 0; encoded < due && earlierAge > 0; earlierAge--)
        {
            if (!watch.WantsReference)
            {
                earlierAge = 0;
                return;
            }

            if (!ring.CopySamples(earlierAge, earlier)) continue; // The device has not seen as many yet.
            encoded++;
            var score = running.Score(earlier);
            int answer = UnknownRule.Answer(running, 0, score, config.Inference, out _);
            watch.Refer(new WatchedWindow
            {
                WindowId = 0,
                EndSeconds = 0,
                KnowsClasses = true,
                Channels = default,
                Embedding = running.EmbeddingOf(0),
                Novelty = score.Novelty,
                Margin = running.MarginOf(0),
                ClassIndex = answer < 0 ? -1 : IndexOf(running.Snapshot.Classes[answer]),
            });
        }
    }

    private void TakeLive()
    {
        var current = live.Current;
        if (ReferenceEquals(current, config)) return;
        if (current.Drift != config.Drift) watch.Retune(DriftRecord.LimitsOf(current.Drift));
        config = current;
    }

    private void Tell(DriftEvent drift)
    {
        state.CountDriftAlarm();
        var action = act(drift);
        string done = action.LabelsRequested is { } count ? $"{action.Word} ({count})" : action.Word;
        LogDrift(drift.What, drift.Channel is null ? "" : $" ({drift.Channel})", drift.SinceWindowId, drift.Detector, drift.Statistic, drift.Threshold, action.Reason is null ? done : $"{done}: {action.Reason}");
        reporter.Drift(drift, state.Snapshot?.Id, action);
    }

    private int IndexOf(string name)
    {
        for (int i = 0; i < classes.Count; i++)
        {
            if (classes[i] == name) return i;
        }

        return -1;
    }

    [LoggerMessage(2101, LogLevel.Warning, "drift of {What}{Channel} since window {SinceWindowId}: {Detector} at {Statistic:0.####} over {Threshold:0.####}; {Action}")]
    private partial void LogDrift(string what, string channel, ulong sinceWindowId, string detector, double statistic, double threshold, string action);
}
