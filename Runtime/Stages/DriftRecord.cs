using Edge.Config;
using Edge.Storage;
using Edge.Telemetry.Drift;
using Edge.Telemetry.Drift.Watching;
using Microsoft.Extensions.Hosting;

namespace Edge.Runtime.Stages;

/// <summary>Keeps what the drift watch has seen in <c>drift.bin</c>, and the windows of its reference in <c>drift-reference.bin</c>, within a minute of each of its <see cref="DriftMilestones"/>, else every ten minutes, and at a clean stop: so neither a restart nor a kill costs a reference. Where the disk refuses, the next time tries again.</summary>
public sealed class DriftRecord(DriftWatch watch, ReferenceWindows reference, DataDirectory data, TimeProvider time, FaultRecord faults, IHostApplicationLifetime lifetime) : Stage(faults, lifetime)
{
    private const int MostLooks = 10; // What a window adds is there again after as many windows: not worth the wear of a write a minute.
    private static readonly TimeSpan s_look = TimeSpan.FromMinutes(1);
    private long keptChanges = reference.Changes;
    private DriftMilestones keptMilestones = watch.Milestones;

    /// <summary>The watch that the configuration asks for, as it was left where what it left fits.</summary>
    /// <param name="path">The record; it need not be there.</param>
    /// <param name="config">The configuration.</param>
    /// <param name="channels">Names of the sensor's channels.</param>
    /// <param name="snapshot">The snapshot that runs first.</param>
    /// <param name="problem">Why it begins anew; empty when it does not, or there was no record.</param>
    public static DriftWatch Open(string path, DeviceConfig config, IReadOnlyList<string> channels, SnapshotManifest snapshot, out string problem)
    {
        problem = "";
        var watch = new DriftWatch(OptionsOf(config, channels));
        try
        {
            if (File.Exists(path) && !watch.TryRestore(File.ReadAllBytes(path), snapshot.EmbeddingLength, out problem)) watch = new DriftWatch(OptionsOf(config, channels));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problem = e.Message;
        }

        watch.SnapshotChanged(snapshot.Id, snapshot.EmbeddingLength);
        return watch;
    }

    /// <summary>The windows of the reference, as they were left where they fit; else none, and the latest before the next swap are one.</summary>
    /// <param name="path">The record; it need not be there.</param>
    /// <param name="config">The configuration.</param>
    /// <param name="valueCount">Numbers of a window.</param>
    /// <param name="problem">Why it begins anew; empty when it does not, or there was no record.</param>
    public static ReferenceWindows OpenReference(string path, DeviceConfig config, int valueCount, out string problem)
    {
        problem = "";
        var reference = new ReferenceWindows(config.Drift.ReferenceWindows, valueCount);
        try
        {
            if (File.Exists(path)) reference.TryRestore(File.ReadAllBytes(path), out problem);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problem = e.Message;
        }

        return reference;
    }

    /// <inheritdoc/>
    protected override async Task RunAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(s_look, time);
        int looks = 0;
        try
        {
            while (await timer.WaitForNextTickAsync(stopping))
            {
                if (++looks < MostLooks && watch.Milestones == keptMilestones) continue;
                looks = 0;
                Keep();
            }
        }
        finally
        {
            Keep(isLast: true);
        }
    }

    private void Keep(bool isLast = false)
    {
        try
        {
            var milestones = watch.Milestones; // Before the state: what comes between is kept once more.
            DurableFile.Replace(data.Drift, watch.Save());
            keptMilestones = milestones;
            long changes = reference.Changes;
            if (changes == keptChanges || !reference.IsComplete && !isLast) return; // Megabytes, which change seldom: they are written when there is something whole to write.
            DurableFile.Replace(data.DriftReference, reference.Save());
            keptChanges = changes;
        }
        catch (IOException)
        {
            // A full disk: the old record stands.
        }
    }

    private static DriftWatchOptions OptionsOf(DeviceConfig config, IReadOnlyList<string> channels) => new()
    {
        Channels = channels,
        Classes = config.Labels.Classes,
        StoredClasses = ClassNames.Of(config.Labels.Renamed).ToStored(config.Labels.Classes),
        Detectors = config.Drift.Detectors,
        ExpectedRunTime = config.Drift.ExpectedRunWindows,
        ReferenceCount = config.Drift.ReferenceWindows,
        RefractorySeconds = config.Drift.RefractorySeconds,
        PageHinkley = TestsOf(config.Drift).PageHinkley,
        DistanceTest = config.Drift.DistanceTest,
        MarginTest = config.Drift.MarginTest,
        LabelErrorTest = config.Drift.LabelErrorTest,
        Seed = config.Replay.Seed,
    };

    /// <summary>The sequential tests, which a running watch exchanges.</summary>
    internal static SequentialTests TestsOf(DriftSection drift) => new(
        new PageHinkleyOptions { MinInstances = drift.MinWindows, Delta = drift.Delta, Threshold = drift.Threshold, Direction = DriftDirection.Up }, drift.DistanceTest, drift.MarginTest, drift.LabelErrorTest);
}
