using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Runtime.Stages;
using Edge.Runtime.Updates;
using Edge.Runtime.Windowing;
using Edge.Storage;
using Edge.Telemetry.Forgetting;
using Edge.Telemetry.Messages;
using Microsoft.Extensions.Logging;

namespace Edge.Runtime.Learning;

/// <summary>
/// What the running snapshot still knows of each class, and how far its representation has moved, told after every exam of the anchor set. Called by the learning stage only, between rounds: off the hot path, with one session open at a
/// time, and the embeddings of at most <see cref="MaxCompared"/> anchors in memory.
/// </summary>
public sealed partial class AnchorWatch(
    ReplayBuffer buffer, SnapshotStore snapshots, FirstGraph first, ReadOutSlot slot, ProviderChain providers, ShapeHistory shapes, MemoryRecord memory, LiveConfig live, Reporter reporter, ServiceState state, ILogger<AnchorWatch> log)
{
    /// <summary>Anchors whose embeddings are compared, spread evenly over all: four times the 128 dimensions of an embedding, and half a second of one core for three snapshots.</summary>
    public const int MaxCompared = 512;

    /// <summary>Examines the running snapshot; nothing is told while there are no anchors.</summary>
    public async Task MeasureAsync(EvaluationCause cause, CancellationToken stopping)
    {
        var config = live.Current;
        if (!await ExamineAsync(config, cause, stopping)) state.NoteExam(null, config);
    }

    private async Task<bool> ExamineAsync(DeviceConfig config, EvaluationCause cause, CancellationToken stopping)
    {
        if (snapshots.Current is not { } stored) return false;
        var current = stored with { Classes = config.Labels.Classes };
        KeepFirst(current);
        if (slot.LatestFor(current.Id) is not { } readOut) return false;
        List<Example> anchors = [.. (await buffer.AnchorsAsync()).Where(e => shapes.Fits(e, current.Window) && current.Classes.Contains(e.Class, StringComparer.Ordinal))];
        if (anchors.Count == 0) return false;
        ExamResult exam;
        using (var classifier = providers.Open(new GraphFile(snapshots.ModelFile(current)), current, AnchorExam.BatchSize))
            exam = AnchorExam.Examine(classifier, readOut.Weights, config.Inference, AnchorExam.Pairs(anchors));
        Note(config, current, exam, anchors, cause, stopping);
        return true;
    }

    /// <summary>Takes an exam that has been made, compares representations, and tells both.</summary>
    /// <param name="config">The configuration that it was made with.</param>
    /// <param name="current">The snapshot that was examined.</param>
    /// <param name="exam">What it came to.</param>
    /// <param name="anchors">The anchors it was made on.</param>
    /// <param name="cause">Why.</param>
    /// <param name="stopping">The service stops: nothing more is compared.</param>
    public void Note(DeviceConfig config, SnapshotManifest current, ExamResult exam, IReadOnlyList<Example> anchors, EvaluationCause cause, CancellationToken stopping)
    {
        var reading = memory.Update(current, exam, config.Telemetry.ForgettingAlarmPoints, config.Telemetry.ForgettingAlarmByClass);
        state.Memory = reading.PerClass;
        state.NoteExam(state.AnchorAccuracyPercent, config);
        foreach (var alarm in reading.Alarms)
        {
            if (alarm.Rings) LogLost(alarm.Class, alarm.LostPoints, alarm.BestPercent, alarm.AccuracyPercent, alarm.SnapshotId, alarm.Round);
            else LogRecovered(alarm.Class, alarm.AccuracyPercent, alarm.SnapshotId, alarm.Round);
        }

        var (againstPrevious, againstFirst) = Compare(current, anchors, config, stopping);
        reporter.Forgetting(reading, cause, againstPrevious, againstFirst);
    }

    /// <summary>Encodes the same anchors by the running snapshot, the one before and the first, one after the other, on the CPU: what differs is the weights.</summary>
    private (RepresentationShift? AgainstPrevious, RepresentationShift? AgainstFirst) Compare(SnapshotManifest current, IReadOnlyList<Example> anchors, DeviceConfig config, CancellationToken stopping)
    {
        var previous = snapshots.List().FirstOrDefault(snapshot => snapshot.Id == current.ParentId && snapshot.Window == current.Window);
        var oldest = KeepFirst(current);
        if (oldest?.Id == current.Id) oldest = null;
        if ((previous ?? oldest) is null || anchors.Count < 2) return (null, null);
        List<Example> compared = [.. Spread(anchors)];
        string[] classes = [.. compared.Select(anchor => anchor.Class)];
        var onCpu = config.Inference with { Providers = [ProviderChain.Cpu] };
        try
        {
            var now = Encode(snapshots.ModelFile(current), current);
            var against = previous is null ? null : Against(previous, snapshots.ModelFile(previous));
            return (against, oldest is null ? null : oldest.Id == previous?.Id ? against : Against(oldest, first.ModelFile));

            RepresentationShift? Against(SnapshotManifest other, string modelFile)
            {
                stopping.ThrowIfCancellationRequested();
                try
                {
                    return RepresentationShift.Of(other.Id, classes, now.Embeddings, current.EmbeddingLength, Encode(modelFile, other).Embeddings, other.EmbeddingLength);
                }
                catch (Exception e) when (e is InvalidDataException or IOException)
                {
                    LogNotCompared(other.Id, e.Message); // Damaged on the disk: the accuracies are told without.
                    if (modelFile == first.ModelFile) first.Drop();
                    return null;
                }
            }
        }
        catch (OperationCanceledException)
        {
            return (null, null);
        }
        finally
        {
            NativeMemory.ReleaseNative();
        }

        EncodedWindows Encode(string modelFile, SnapshotManifest snapshot)
        {
            using var encoder = Classifier.Open(modelFile, snapshot, onCpu, AnchorExam.BatchSize);
            return AnchorExam.Encode(encoder, AnchorExam.Pairs(compared), withFrozen: false);
        }
    }

    private SnapshotManifest? KeepFirst(SnapshotManifest current)
    {
        try
        {
            return first.For(current.Window);
        }
        catch (IOException e)
        {
            LogNotCompared("of the first snapshot", e.Message); // A full disk: tried again with the next exam.
            return null;
        }
    }

    private static IEnumerable<Example> Spread(IReadOnlyList<Example> anchors)
    {
        int count = Math.Min(anchors.Count, MaxCompared);
        for (int i = 0; i < count; i++) yield return anchors[(int)((long)i * anchors.Count / count)];
    }

    [LoggerMessage(2031, LogLevel.Warning, "class {Class} lost {LostPoints:0.0} points of accuracy on the anchor set: {BestPercent:0.0} % at its best, {AccuracyPercent:0.0} % with snapshot {SnapshotId} of round {Round}")]
    private partial void LogLost(string @class, double lostPoints, double bestPercent, double accuracyPercent, string snapshotId, int round);

    [LoggerMessage(2032, LogLevel.Information, "class {Class} is back at {AccuracyPercent:0.0} % on the anchor set; it was lost with snapshot {SnapshotId} of round {Round}")]
    private partial void LogRecovered(string @class, double accuracyPercent, string snapshotId, int round);

    [LoggerMessage(2033, LogLevel.Warning, "the representation {SnapshotId} is not compared with: {Reason}")]
    private partial void LogNotCompared(string snapshotId, string reason);
}
