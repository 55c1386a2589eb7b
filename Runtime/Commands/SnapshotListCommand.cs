using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Edge.Runtime.Snapshots;
using Edge.Storage;

namespace Edge.Runtime.Commands;

/// <summary><c>edge snapshot list</c>: what is kept, oldest first.</summary>
public static class SnapshotListCommand
{
    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var command = new CodedCommand("list", "List the snapshots, oldest first: * runs (or would at the next start), id, parent, when, window [channels, samples per channel], accuracy on the anchors when it was promoted, bytes on disk, classes; damaged ones with what is wrong. With --json one object a line.", SnapshotCommand.CodesWith("one is damaged"))
        {
            DeviceCommand.Config, GlobalOptions.Json,
        };
        SnapshotCommand.Act(command, (config, data, parsed, _) =>
        {
            var all = new SnapshotShelf(data, ClassNames.Of(config.Labels.Renamed)).All;
            if (all.Count == 0) Console.Error.WriteLine($"there is no snapshot in '{data.Snapshots}'. Name the device's configuration with --config; 'edge run' makes the first.");
            foreach (var snapshot in all) Console.WriteLine(parsed.GetValue(GlobalOptions.Json) ? JsonSerializer.Serialize(Facts(snapshot), GlobalOptions.OneLine) : Line(snapshot));
            return Task.FromResult(all.Any(snapshot => snapshot.Manifest is null) ? ExitCode.Finding : ExitCode.Done);
        });
        return command;
    }

    private static object Facts(StoredSnapshot snapshot) => new
    {
        snapshot.Id,
        snapshot.IsCurrent,
        snapshot.Manifest?.ParentId,
        snapshot.Manifest?.CreatedAt,
        snapshot.Manifest?.Classes,
        snapshot.Manifest?.Window,
        snapshot.Manifest?.Round,
        AnchorAccuracyPercent = snapshot.Manifest?.AnchorAccuracy,
        snapshot.Bytes,
        Damage = snapshot.Manifest is null ? snapshot.Flaw : null,
    };

    private static string Line(StoredSnapshot snapshot)
    {
        string start = $"{(snapshot.IsCurrent ? '*' : ' ')} {snapshot.Id}";
        if (snapshot.Manifest is not { } manifest) return $"{start}  DAMAGED: {snapshot.Flaw}";
        string accuracy = manifest.AnchorAccuracy is { } percent ? string.Create(CultureInfo.InvariantCulture, $"{percent,5:0.0} %") : "      -";
        return string.Create(CultureInfo.InvariantCulture, $"{start}  {manifest.ParentId ?? "-",-16}  {manifest.CreatedAt:u}  [{manifest.Window.ChannelCount}, {manifest.Window.Length}]  {accuracy}  {snapshot.Bytes,9}  {string.Join(", ", manifest.Classes)}");
    }
}
