using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Edge.Runtime.Snapshots;
using Edge.Storage;

namespace Edge.Runtime.Commands;

/// <summary><c>edge snapshot diff A B</c>: what changed from one to the other.</summary>
public static class SnapshotDiffCommand
{
    private const int ShownCount = 20;

    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var first = SnapshotCommand.Snapshot("a", "The one before");
        var second = SnapshotCommand.Snapshot("b", "The one after", "current");
        var command = new CodedCommand("diff", $"Say what differs between two snapshots: classes, window, accuracy on the anchors (percent, when promoted), bytes, operators of the graph, and its constants by the norm of their difference, the {ShownCount} most changed (all with --json).", SnapshotCommand.Codes)
        {
            first, second, DeviceCommand.Config, GlobalOptions.Json,
        };
        SnapshotCommand.Act(command, (config, data, parsed, _) =>
        {
            var shelf = new SnapshotShelf(data, ClassNames.Of(config.Labels.Renamed));
            var (a, before) = shelf.Good(parsed.GetValue(first)!);
            var (b, after) = shelf.Good(parsed.GetValue(second)!);
            var diff = SnapshotDiff.Of(before, a.ModelFile, after, b.ModelFile);
            if (parsed.GetValue(GlobalOptions.Json)) Console.WriteLine(JsonSerializer.Serialize(new { a = Facts(a, before), b = Facts(b, after), diff.ClassesAdded, diff.ClassesRemoved, diff.Operators, diff.Initializers, diff.SameInitializerCount }, GlobalOptions.OneLine));
            else Console.Write(Text(a, before, b, after, diff));
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }

    private static object Facts(StoredSnapshot snapshot, SnapshotManifest manifest) => new { snapshot.Id, manifest.Window, anchorAccuracyPercent = manifest.AnchorAccuracy, snapshot.Bytes };

    private static string Text(StoredSnapshot a, SnapshotManifest before, StoredSnapshot b, SnapshotManifest after, SnapshotDiff diff)
    {
        var lines = new List<string>
        {
            $"               {a.Id} -> {b.Id}",
            $"classes        {(diff.ClassesAdded.Count + diff.ClassesRemoved.Count == 0 ? "the same" : string.Join(", ", diff.ClassesAdded.Select(name => $"+{name}").Concat(diff.ClassesRemoved.Select(name => $"-{name}"))))}",
            $"window         {(before.Window == after.Window ? $"the same, {after.Window}" : $"{before.Window} -> {after.Window}")}",
            $"anchors        {Percent(before)} -> {Percent(after)}",
            $"bytes          {a.Bytes} -> {b.Bytes}",
            $"operators      {(diff.Operators.Count == 0 ? "the same" : string.Join(", ", diff.Operators.Select(change => $"{change.Operator} {change.CountA} -> {change.CountB}")))}",
            $"constants      {diff.Initializers.Count} differ, {diff.SameInitializerCount} are the same",
        };
        lines.AddRange(diff.Initializers.Take(ShownCount).Select(Line));
        if (diff.Initializers.Count > ShownCount) lines.Add($"               {diff.Initializers.Count - ShownCount} more with --json");
        return string.Concat(lines.Select(line => line + "\n"));
    }

    private static string Line(InitializerChange change) => string.Create(
        CultureInfo.InvariantCulture,
        $"  {change.Name}  {(change.ShapeA is null ? "added" : change.ShapeB is null ? "removed" : change.DifferenceNorm is null ? $"[{string.Join(", ", change.ShapeA)}] -> [{string.Join(", ", change.ShapeB)}]" : $"norm {change.NormA:0.###} -> {change.NormB:0.###}, difference {change.DifferenceNorm:0.###}{(change.Relative is { } share ? $" ({100 * share:0.0} %)" : "")}")}");

    private static string Percent(SnapshotManifest manifest) => manifest.AnchorAccuracy is { } percent ? string.Create(CultureInfo.InvariantCulture, $"{percent:0.0} %") : "not measured";
}
