using System.CommandLine;
using System.Text.Json;
using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Runtime.Snapshots;
using Edge.Runtime.Stages;
using Edge.Storage;

namespace Edge.Runtime.Commands;

/// <summary><c>edge snapshot export ID FILE</c>: a snapshot's graph for somebody else.</summary>
public static class SnapshotExportCommand
{
    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var name = SnapshotCommand.Snapshot("snapshot", "Which one");
        var file = new Argument<string>("file") { Description = "The .onnx to write, or a folder to write ID.onnx into; an older file is replaced." };
        var bakes = new Option<bool>("--with-readout") { Description = "Put the device's present read-out (prototypes, ridge, temperature) into the file as defaults of its inputs, so that it answers as the device would to one who feeds nothing but windows. Reads the replay buffer: the service must not run, or add --copy." };
        var checkpoint = new Option<bool>("--with-checkpoint") { Description = "Write the trainer's checkpoint beside it (.checkpoint), as 'edge snapshot promote' on another device needs it." };
        var command = new CodedCommand("export", "Write a snapshot's graph to a file that any ONNX runtime takes. Without --with-readout its prototypes are those of an untrained device: none.", SnapshotCommand.Codes)
        {
            name, file, bakes, checkpoint, ReplayCommand.Copy, DeviceCommand.Config, GlobalOptions.Json,
        };
        SnapshotCommand.Act(command, async (config, data, parsed, _) =>
        {
            var (snapshot, manifest) = new SnapshotShelf(data).Good(parsed.GetValue(name)!);
            string path = Path.GetFullPath(parsed.GetValue(file)!);
            if (Directory.Exists(path)) path = Path.Combine(path, snapshot.Id + ".onnx");
            if (path.StartsWith(data.Snapshots + Path.DirectorySeparatorChar, StringComparison.Ordinal)) throw new IOException($"'{path}' lies among the device's snapshots. Choose a place outside '{data.Snapshots}'.");
            byte[] model = File.ReadAllBytes(snapshot.ModelFile);
            string readOut = "";
            if (parsed.GetValue(bakes)) (model, readOut) = await BakeAsync(model, snapshot, manifest, config, data, parsed.GetValue(ReplayCommand.Copy));
            DurableFile.Replace(path, model);
            string? beside = parsed.GetValue(checkpoint) ? Path.ChangeExtension(path, ".checkpoint") : null;
            if (beside is not null) DurableFile.Replace(beside, File.ReadAllBytes(snapshot.CheckpointFile));

            if (parsed.GetValue(GlobalOptions.Json)) Console.WriteLine(JsonSerializer.Serialize(new { snapshot.Id, file = path, bytes = model.Length, sha256 = SnapshotFolder.HashOf(path), readOut = readOut.Length > 0 ? readOut : null, checkpoint = beside }, GlobalOptions.OneLine));
            else Console.WriteLine($"{snapshot.Id} written to {path}, {model.Length} bytes{(readOut.Length > 0 ? $", read out by {readOut}" : "; it names no class until prototypes are fed")}{(beside is null ? "" : $"; checkpoint {beside}")}");
            return ExitCode.Done;
        });
        return command;
    }

    private static async Task<(byte[] Model, string ReadOut)> BakeAsync(byte[] model, StoredSnapshot snapshot, SnapshotManifest manifest, DeviceConfig config, DataDirectory data, bool copy)
    {
        using var buffer = ReplayCommand.Open(config, data, ReplayAccess.Look, copy);
        using var classifier = Classifier.Open(snapshot.ModelFile, manifest with { Classes = config.Labels.Classes }, config.Inference, AnchorExam.BatchSize);
        var shapes = Windowing.ShapeHistory.Load(data.Shapes);
        var readOut = await StoredReadOut.ReadAsync(classifier, buffer, data.ReadOut, config.ReadOut, shapes, copies: WindowCopies.For(config));
        if (readOut.KnownCount == 0) Console.Error.WriteLine("no labelled window is known of any class, so the read-out that is put into the file names none.");
        // What the file itself puts out, not what the device goes by: the graph has no input for that.
        var anchors = AnchorExam.Encode(classifier, AnchorExam.Pairs((await buffer.AnchorsAsync()).Where(e => shapes.Fits(e, manifest.Window))), withFrozen: false);
        var novelty = NoveltyExam.Of(anchors, readOut.Prototypes, null, config.Labels.Classes, config.Inference.UnknownFalseAlarmPercent);
        return (StandaloneExport.Bake(model, snapshot.Id, config.Labels.Classes, readOut, config.Inference, novelty), readOut.Name);
    }
}
