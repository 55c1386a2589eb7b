using Edge.Storage;

namespace Edge.Runtime.Snapshots;

/// <summary>The files that a person offers as a snapshot.</summary>
/// <param name="Model">The exported graph.</param>
/// <param name="Checkpoint">The trainer's checkpoint.</param>
/// <param name="Folder">The folder that was named, whose <c>manifest.json</c>, <c>parity.bin</c> and <c>report.json</c> count where they are; null where two files were named.</param>
public sealed record CandidateFiles(string Model, string Checkpoint, string? Folder)
{
    /// <summary>Finds them.</summary>
    /// <param name="source">A folder with <c>model.onnx</c> and <c>model.checkpoint</c> (a candidate, a snapshot of another device), a round's folder with a <c>candidate</c>, or the graph's file.</param>
    /// <param name="checkpoint">The checkpoint; null: <c>model.checkpoint</c> in the folder, or the file beside the graph that has its name and the ending <c>.checkpoint</c>.</param>
    /// <exception cref="FileNotFoundException">Something is not there; the message says what.</exception>
    public static CandidateFiles Of(string source, string? checkpoint)
    {
        bool isFolder = Directory.Exists(source);
        if (isFolder && !File.Exists(Path.Combine(source, SnapshotStore.ModelFileName)) && Directory.Exists(Path.Combine(source, "candidate"))) source = Path.Combine(source, "candidate");
        var files = isFolder
            ? new CandidateFiles(Path.Combine(source, SnapshotStore.ModelFileName), checkpoint ?? Path.Combine(source, SnapshotStore.CheckpointFileName), source)
            : new CandidateFiles(source, checkpoint ?? Path.ChangeExtension(source, ".checkpoint"), null);
        if (!File.Exists(files.Model)) throw new FileNotFoundException($"there is no file '{files.Model}'. Name a folder with {SnapshotStore.ModelFileName} and {SnapshotStore.CheckpointFileName}, or an .onnx file.");
        return File.Exists(files.Checkpoint) ? files : throw new FileNotFoundException($"there is no checkpoint '{files.Checkpoint}'. A snapshot needs one, or no round could go on from it; name it with --checkpoint. 'edge snapshot export --with-checkpoint' writes both.");
    }
}
