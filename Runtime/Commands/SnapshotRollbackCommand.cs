using System.CommandLine;
using System.Text.Json;
using Edge.Runtime.Snapshots;
using Edge.Runtime.Stages;
using Edge.Storage;

namespace Edge.Runtime.Commands;

/// <summary><c>edge snapshot rollback [ID]</c>: an earlier snapshot runs again.</summary>
public static class SnapshotRollbackCommand
{
    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var name = SnapshotCommand.Snapshot("snapshot", "Which one is to run", "previous");
        var drops = new Option<bool>("--drop-statistics") { Description = "Accept another frozen branch than the running snapshot's." };
        var command = new CodedCommand("rollback", "Let another snapshot that is kept run from the next start on, durably; none is deleted. The service must not run. Prototypes and the ridge on the embedding are made anew then from the replay buffer; statistics of the frozen features stay where both have the same ones, else it is refused without --drop-statistics.", SnapshotCommand.Codes)
        {
            name, drops, DeviceCommand.Config, GlobalOptions.Json,
        };
        SnapshotCommand.Act(command, (config, data, parsed, _) =>
        {
            var before = new SnapshotShelf(data).Current; // Before the lock, which would make a folder that is not there.
            var (snapshot, manifest) = new SnapshotShelf(data).Good(parsed.GetValue(name)!);
            using var held = DataDirectory.Take(data.Path);
            if (manifest.Window.Length != config.Window.Length || manifest.Window.SampleRateHz != config.Sensor.SampleRateHz)
                throw new InvalidDataException($"{snapshot.Id} takes windows {manifest.Window}; the configuration cuts {config.Window.Length} samples at {config.Sensor.SampleRateHz:0.###} Hz, and the next start would run another snapshot in its place. Set window.length and sensor.sampleRateHz, or name another.");
            if (!parsed.GetValue(drops) && SnapshotCommand.LostStatistics(data, before is null ? null : new(before.Id, before.ModelFile), snapshot.ModelFile) is { } lost) throw new InvalidDataException($"{snapshot.Id}: {lost}");
            var store = new SnapshotStore(data.Snapshots, config.Promotion.KeepSnapshots, (long)config.Promotion.KeepSnapshotsMiB << 20);
            if (store.Current?.Id != snapshot.Id) store.RollBack(snapshot.Id);

            if (parsed.GetValue(GlobalOptions.Json)) Console.WriteLine(JsonSerializer.Serialize(new { snapshot.Id, previousId = before?.Id, changed = before?.Id != snapshot.Id }, GlobalOptions.OneLine));
            else Console.WriteLine(before?.Id == snapshot.Id
                ? $"{snapshot.Id} runs already; nothing was changed"
                : $"{snapshot.Id} runs from the next start, in the place of {before?.Id ?? "none"}, which is kept. Prototypes and the ridge on its embedding are made anew then from the replay buffer.");
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }
}
