using System.Text.Json;
using Edge.Storage;

namespace Edge.Runtime.Learning;

/// <summary>
/// A copy of the graph of the device's first snapshot, which <c>promotion.keepSnapshots</c> would let go: how far the representation has moved is told from there. One graph; taken when there is none, or when it is of other windows,
/// from the oldest snapshot that is kept. What is damaged is taken anew.
/// </summary>
/// <param name="directory">Its folder: <c>first.onnx</c>, and <c>first.json</c> with the manifest it had.</param>
/// <param name="snapshots">Where it is copied from.</param>
public sealed class FirstGraph(string directory, SnapshotStore snapshots)
{
    private readonly string description = Path.Combine(directory, "first.json");

    /// <summary>The copied graph.</summary>
    public string ModelFile { get; } = Path.Combine(directory, "first.onnx");

    /// <summary>The first snapshot with these windows, copied when it was not yet.</summary>
    /// <exception cref="IOException">The disk refused.</exception>
    public SnapshotManifest? For(WindowShape window)
    {
        if (Read() is { } kept && kept.Window == window) return kept;
        if (snapshots.List().FirstOrDefault(snapshot => snapshot.Window == window) is not { } oldest) return null;
        Directory.CreateDirectory(directory);
        File.Delete(description); // Not before the graph is there does anything speak of it.
        File.Delete(ModelFile);
        DurableFile.Copy(snapshots.ModelFile(oldest), ModelFile);
        DurableFile.Replace(description, JsonSerializer.SerializeToUtf8Bytes(oldest));
        return oldest;
    }

    /// <summary>Lets the copy go, which turned out to be damaged; the next call takes the oldest snapshot that is kept.</summary>
    public void Drop() => File.Delete(description);

    private SnapshotManifest? Read()
    {
        try
        {
            return File.Exists(description) && File.Exists(ModelFile) ? JsonSerializer.Deserialize<SnapshotManifest>(File.ReadAllBytes(description)) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
