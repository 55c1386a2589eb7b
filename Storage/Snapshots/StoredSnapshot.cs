namespace Edge.Storage;

/// <summary>One snapshot as it lies on the disk.</summary>
/// <param name="Id">Name of its folder.</param>
/// <param name="Folder">The folder.</param>
/// <param name="Manifest">Its description; null where it is damaged.</param>
/// <param name="Flaw">What is wrong with it, as one clause; empty when nothing is.</param>
/// <param name="Bytes">What it takes on the disk.</param>
/// <param name="IsCurrent">Whether it runs, or would at the next start.</param>
public sealed record StoredSnapshot(string Id, string Folder, SnapshotManifest? Manifest, string Flaw, long Bytes, bool IsCurrent)
{
    /// <summary>Its exported graph.</summary>
    public string ModelFile => Path.Combine(Folder, SnapshotStore.ModelFileName);

    /// <summary>The trainer's checkpoint of the same weights.</summary>
    public string CheckpointFile => Path.Combine(Folder, SnapshotStore.CheckpointFileName);

    /// <summary>The graph that a service would run; see <see cref="SnapshotStore.RunningFile"/>.</summary>
    public string RunningFile(string precision, out string runs)
    {
        runs = "float32";
        return Manifest is null ? ModelFile : SnapshotFolder.RunningFile(Folder, Manifest, precision, out runs);
    }
}
