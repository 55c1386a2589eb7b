using System.CommandLine;
using System.Text.Json;
using Edge.Runtime.Snapshots;
using Edge.Runtime.Stages;
using Edge.Storage;

namespace Edge.Runtime.Commands;

/// <summary><c>edge snapshot promote SOURCE</c>: files become the running snapshot.</summary>
public static class SnapshotPromoteCommand
{
    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var source = new Argument<string>("source") { Description = "A folder with model.onnx and model.checkpoint (a round's candidate, a snapshot's folder of another device), or an .onnx file." };
        var checkpoint = new Option<string?>("--checkpoint") { Description = "The trainer's checkpoint of the same weights. [default: in the folder, or beside the .onnx under its name]" };
        var sha256 = new Option<string?>("--sha256") { Description = "What the graph's SHA-256 must be, or begin with, hex." };
        var drops = new Option<bool>("--drop-statistics") { Description = "Accept another frozen branch than the running snapshot's." };
        var command = new CodedCommand("promote", "Check files and make them the running snapshot of a device that does not run: hashes (where a manifest or --sha256 names them), contract (inputs, outputs, window), parity (graph against checkpoint, promotion.maxParityError). Refused with all reasons. The anchors are not asked. Prototypes are made anew at the next start.", SnapshotCommand.CodesWith("refused"))
        {
            source, checkpoint, sha256, drops, DeviceCommand.Config, GlobalOptions.Json,
        };
        SnapshotCommand.Act(command, (config, data, parsed, _) =>
        {
            var files = CandidateFiles.Of(parsed.GetValue(source)!, parsed.GetValue(checkpoint));
            using var held = DataDirectory.Take(data.Path);
            var running = new SnapshotShelf(data).Current;
            var verdict = CandidateCheck.Judge(files, parsed.GetValue(sha256), running?.Manifest, config, TimeProvider.System.GetUtcNow());
            var reasons = verdict.Reasons.ToList();
            if (verdict.Manifest is not null && !parsed.GetValue(drops) && SnapshotCommand.LostStatistics(data, running is null ? null : new(running.Id, running.ModelFile), files.Model) is { } lost) reasons.Add($"statistics: {lost}");
            string? accepted = null;
            if (reasons.Count == 0)
            {
                var store = new SnapshotStore(data.Snapshots, config.Promotion.KeepSnapshots, (long)config.Promotion.KeepSnapshotsMiB << 20);
                accepted = store.Promote(files.Model, files.Checkpoint, ClassNames.Of(config.Labels.Renamed).ToStored(verdict.Manifest!)).Id;
            }

            if (parsed.GetValue(GlobalOptions.Json)) Console.WriteLine(JsonSerializer.Serialize(new { promoted = accepted is not null, id = accepted, previousId = running?.Id, verdict.ParityError, reasons }, GlobalOptions.OneLine));
            else
            {
                foreach (string reason in reasons) Console.Error.WriteLine(reason);
                Console.WriteLine(accepted is null
                    ? $"refused for {reasons.Count} reason{(reasons.Count == 1 ? "" : "s")}; {running?.Id ?? "no snapshot"} stays"
                    : $"{accepted} runs from the next start; graph and checkpoint differ by {verdict.ParityError:0.0e+0} relative. Prototypes are made anew then from the replay buffer. 'edge snapshot rollback' goes back{(running is null ? "" : $" to {running.Id}")}.");
            }

            return Task.FromResult(accepted is null ? ExitCode.Finding : ExitCode.Done);
        });
        return command;
    }
}
