using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Runtime.Stages;
using Edge.Runtime.Windowing;
using Edge.Storage;
using Edge.Telemetry.Messages;
using Microsoft.Extensions.Logging;

namespace Edge.Runtime.Learning;

/// <summary>
/// Examines the running snapshot in the numbers that <c>inference.precision</c> asks for, where it has no graph in them: it was promoted before they were asked for. Off the hot path, on the anchors; what passes runs until the next
/// start, which examines it again, or the next promotion, which keeps its graph.
/// </summary>
public sealed partial class PrecisionAtStart(
    Flows flows, ReplayBuffer buffer, SnapshotStore snapshots, ReadOutSlot slot, ProviderChain providers, ShapeHistory shapes, DeviceConfig config, Reporter reporter, ServiceState state, TimeProvider time, ILogger<PrecisionAtStart> log)
{
    /// <summary>Examines it once; does nothing where there is nothing to examine, or too few anchors: the first promotion examines it then.</summary>
    public async Task ExamineAsync(CancellationToken stopping)
    {
        string wanted = config.Inference.Precision;
        if (wanted == "float32" || snapshots.Current is not { } stored || RunningGraph.Of(snapshots, stored, wanted).For(state.Provider).Precision != "float32") return;
        var current = stored with { Classes = config.Labels.Classes };
        if (slot.LatestFor(current.Id) is not { } readOut) return;
        var anchors = Fitting(await buffer.AnchorsAsync(), current);
        if (anchors.Count < config.Promotion.MinAnchors) return;
        var trainable = Fitting(await buffer.TrainableAsync(), current);
        var verdict = PrecisionGate.Examine(snapshots.ModelFile(current), current, readOut.Weights, trainable, anchors, config.Inference, time, providers)!;
        string runs = verdict.File is { } reduced ? await SwitchAsync(reduced, verdict.Kind, current, stopping) : "float32";
        LogPrecision(current.Id, verdict.ToString());
        reporter.Snapshot(new SnapshotMessage
        {
            Event = SnapshotEvent.Restored,
            SnapshotId = current.Id,
            ParentId = current.ParentId,
            Round = current.Round,
            AnchorAccuracyPercent = current.AnchorAccuracy,
            ReadOut = slot.LatestName,
            Precision = runs,
            PrecisionNote = verdict.ToString(),
        });
    }

    /// <summary>Hands a session of the reduced graph to the classifier stage, by way of the owner of the read-out.</summary>
    /// <returns>What it computes with.</returns>
    private async Task<string> SwitchAsync(byte[] reduced, string kind, SnapshotManifest current, CancellationToken stopping)
    {
        string file = Path.Combine(Path.GetTempPath(), $"edge-{Environment.ProcessId}-{current.Id}.{kind}.onnx"); // A session that is open has read it; one that a GPU gives up goes on with the float32 graph.
        try
        {
            File.WriteAllBytes(file, reduced);
            var session = providers.OpenForStream(new GraphFile(file, kind, state.Provider == ProviderChain.Cpu ? null : new GraphFile(snapshots.ModelFile(current))), current);
            var rerun = new Rerun(session, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            try
            {
                await flows.Handovers.Writer.WriteAsync(rerun, stopping);
            }
            catch (OperationCanceledException)
            {
                rerun.Dispose();
                throw;
            }

            await rerun.Done.Task.WaitAsync(stopping);
            return session.Precision;
        }
        catch (IOException e)
        {
            LogNoRoom(current.Id, kind, e.Message); // Weather: float32 goes on.
            return "float32";
        }
        finally
        {
            File.Delete(file);
        }
    }

    private List<Example> Fitting(IReadOnlyList<Example> examples, SnapshotManifest snapshot) => [.. shapes.Fitting(examples, snapshot.Window).Where(e => snapshot.Classes.Contains(e.Class, StringComparer.Ordinal))];

    [LoggerMessage(2021, LogLevel.Information, "snapshot {SnapshotId}, examined after the start: {Precision}")]
    private partial void LogPrecision(string snapshotId, string precision);

    [LoggerMessage(2022, LogLevel.Warning, "snapshot {SnapshotId} goes on in float32, its graph in {Kind} could not be written: {Reason}")]
    private partial void LogNoRoom(string snapshotId, string kind, string reason);
}
