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
public sealed partial class DriftAlarms(DriftWatch watch, ReferenceWindows reference, WindowRing ring, LiveConfig live, WindowShape shape, Func<DriftEvent, DriftAction> act, Reporter reporter, ServiceState state, ILogger<DriftAlarms> log)
{
    private readonly ReferenceEncoding encoding = new(watch, reference, ring, shape.ValueCount);
    private readonly float[] channels = new float[2 * shape.ChannelCount];
    private readonly IReadOnlyList<string> classes = live.Current.Labels.Classes;
    private DeviceConfig config = live.Current;
    private Func<Classifier, int, int>? indexOf; // Made once: after a swap it is handed on with every window.
    private Action<DriftEvent>? tell;
    private bool hasFollowed;

    /// <summary>Another snapshot runs from the next window on. It encodes the reference of what depends on the model anew: so it knows the world from before.</summary>
    public void Follow(SnapshotManifest snapshot)
    {
        long before = watch.RebaseCount;
        watch.SnapshotChanged(snapshot.Id, snapshot.EmbeddingLength);
        bool leftOver = !hasFollowed && watch.WantsReference && reference.Count > 0; // It was promoted just before a restart.
        hasFollowed = true;
        if (watch.RebaseCount > before || leftOver) encoding.Begin();
    }

    /// <summary>Takes a window that was classified just now, while <paramref name="running"/> still holds its embedding; nothing is allocated unless an alarm rings.</summary>
    /// <param name="window">The window.</param>
    /// <param name="running">The session that scored it; null before the first.</param>
    /// <param name="index">The window, among those of the session's latest call.</param>
    /// <param name="answer">Index of the class in the session's snapshot; -1: unknown.</param>
    public void Watch(Window window, Classifier? running, int index, int answer)
    {
        TakeLive();
        bool knows = running is { PrototypeCount: > 0 }, feeds = knows && !encoding.IsUnderWay;
        if (knows) encoding.Note(window);
        ChannelStatistics.Measure(window.Samples, channels);
        long before = watch.ModelAlarmCount;
        var told = watch.Observe(new WatchedWindow
        {
            WindowId = window.Id,
            EndSeconds = window.EndSeconds,
            KnowsClasses = knows,
            Channels = channels,
            Embedding = feeds ? running!.EmbeddingOf(index) : default,
            Novelty = feeds ? running!.ScoreOf(index).Novelty : 0,
            Margin = feeds ? running!.MarginOf(index) : 0,
            ClassIndex = running is null ? -1 : ClassIndexOf(running, answer),
        });
        if (watch.ModelAlarmCount > before) encoding.Rang();
        state.DriftScore = watch.Score;
        if (told is not null) Tell(told);
    }

    /// <summary>After a swap: encodes a few windows of the reference anew for each that has come. Takes over the session's memory: what its latest call gave is gone.</summary>
    /// <param name="running">The session.</param>
    /// <param name="othersWait">Whether a window waits to be classified; asked between two windows.</param>
    public void EncodeEarlier(Classifier? running, Func<bool> othersWait)
    {
        if (running is not null && encoding.IsUnderWay) encoding.Continue(running, config, indexOf ??= ClassIndexOf, tell ??= Tell, othersWait);
    }

    /// <summary>Takes a label that was accepted.</summary>
    public void Label(ulong windowId, string className)
    {
        if (watch.Label(windowId, IndexOf(className)) is { } told) Tell(told);
    }

    private void TakeLive()
    {
        var current = live.Current;
        if (ReferenceEquals(current, config)) return;
        if (current.Drift != config.Drift) watch.Retune(DriftRecord.TestsOf(current.Drift));
        config = current;
    }

    private void Tell(DriftEvent drift)
    {
        state.NoteDrift(drift);
        var action = act(drift);
        string done = action.LabelsRequested is { } count ? $"{action.Word} ({count})" : action.Word;
        LogDrift(drift.What, drift.Channel is null ? "" : $" ({drift.Channel})", drift.SinceWindowId, drift.Detector, drift.Statistic, drift.Threshold, action.Reason is null ? done : $"{done}: {action.Reason}");
        reporter.Drift(drift, state.Snapshot?.Id, action);
    }

    private int ClassIndexOf(Classifier running, int answer) => answer < 0 ? -1 : IndexOf(running.Snapshot.Classes[answer]);

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
