using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Edge.Runtime.Snapshots;
using Edge.Storage;

namespace Edge.Runtime.Commands;

/// <summary><c>edge snapshot show ID</c>: its manifest and its graph.</summary>
public static class SnapshotShowCommand
{
    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var name = SnapshotCommand.Snapshot("snapshot", "Which one", "current");
        var command = new CodedCommand("show", "Show a snapshot's manifest, and its graph's metadata, inputs and outputs as ONNX Runtime reads them.", SnapshotCommand.Codes) { name, DeviceCommand.Config, GlobalOptions.Json };
        SnapshotCommand.Act(command, (config, data, parsed, _) =>
        {
            var (snapshot, manifest) = new SnapshotShelf(data, ClassNames.Of(config.Labels.Renamed)).Good(parsed.GetValue(name)!);
            var model = ModelDescription.Read(snapshot.ModelFile);
            if (parsed.GetValue(GlobalOptions.Json)) Console.WriteLine(JsonSerializer.Serialize(new { manifest, snapshot.IsCurrent, snapshot.Bytes, model = new { model.Producer, model.Graph, model.Metadata, model.Inputs, model.Outputs } }, GlobalOptions.OneLine));
            else Console.Write(Text(snapshot, manifest, model));
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }

    private static string Text(StoredSnapshot snapshot, SnapshotManifest manifest, ModelDescription model)
    {
        string accuracy = manifest.AnchorAccuracy is { } percent ? string.Create(CultureInfo.InvariantCulture, $"{percent:0.0} %") : "not measured";
        var lines = new List<string>
        {
            $"id              {manifest.Id}{(snapshot.IsCurrent ? ", runs" : "")}",
            $"parent          {manifest.ParentId ?? "none"}",
            $"round           {manifest.Round}",
            string.Create(CultureInfo.InvariantCulture, $"accepted        {manifest.CreatedAt:u}"),
            $"window          {manifest.Window}",
            $"classes         {string.Join(", ", manifest.Classes)}",
            $"embedding       {manifest.EmbeddingLength} values",
            $"anchors         {accuracy} when it was promoted",
            $"folder          {snapshot.Folder}, {snapshot.Bytes} bytes",
        };
        lines.AddRange(manifest.Files.Select(file => $"sha256          {file.Value}  {file.Key}"));
        lines.Add($"graph           '{model.Graph}' by {model.Producer}");
        lines.AddRange(model.Metadata.Select(pair => $"metadata        {pair.Key} = {pair.Value}"));
        lines.AddRange(model.Inputs.Select(input => $"input           {input}"));
        lines.AddRange(model.Outputs.Select(output => $"output          {output}"));
        return string.Concat(lines.Select(line => line + "\n"));
    }
}
