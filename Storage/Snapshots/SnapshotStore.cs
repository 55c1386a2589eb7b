using System.Globalization;
using System.Text;

namespace Edge.Storage;

/// <summary>
/// Accepted snapshots, one folder each (<c>model.onnx</c>, <c>model.checkpoint</c>, <c>manifest.json</c> with their hashes, <c>manifest.sha256</c> with its own), and a file <c>current</c> that names the running one. A snapshot
/// appears by rename when all of it is on disk; a torn or flipped one is found by its hash and the newest good one is used instead.
/// </summary>
public sealed class SnapshotStore
{
    /// <summary>The exported graph within a snapshot's folder.</summary>
    public const string ModelFileName = "model.onnx";

    /// <summary>The trainer's checkpoint within a snapshot's folder.</summary>
    public const string CheckpointFileName = "model.checkpoint";

    private const string CurrentFileName = "current";
    private readonly string directory;
    private readonly int keepCount;
    private readonly long keepBytes;
    private readonly Lock gate = new(); // A trial may end while a round promotes.
    private bool tries;

    /// <summary>Opens the store in <paramref name="directory"/>, which is created when it is not there.</summary>
    /// <param name="directory">Folder of the snapshots.</param>
    /// <param name="keepCount">Snapshots kept, the running one included; older ones, and damaged ones before them, are deleted at promotion.</param>
    /// <param name="keepBytes">Most bytes of all that are kept; the running one and the newest good one beside it stay whatever they take.</param>
    public SnapshotStore(string directory, int keepCount, long keepBytes = long.MaxValue)
    {
        this.directory = Path.GetFullPath(directory);
        (this.keepCount, this.keepBytes) = (keepCount, keepBytes);
        DurableFile.CreateDirectory(this.directory);
        foreach (string left in Directory.GetDirectories(this.directory, "*.tmp")) Directory.Delete(left, recursive: true);
        Current = FindCurrent();
    }

    /// <summary>The running snapshot; null before the first.</summary>
    public SnapshotManifest? Current { get; private set; }

    /// <summary>Snapshots that were found damaged at start, with what was wrong.</summary>
    public IReadOnlyList<string> Damaged => damaged;

    private readonly List<string> damaged = [];

    /// <summary>Path of a snapshot's exported graph.</summary>
    public string ModelFile(SnapshotManifest snapshot) => Path.Combine(directory, snapshot.Id, ModelFileName);

    /// <summary>Path of a snapshot's checkpoint.</summary>
    public string CheckpointFile(SnapshotManifest snapshot) => Path.Combine(directory, snapshot.Id, CheckpointFileName);

    /// <summary>Path of the graph that runs: in less than float32 where that is wanted and the snapshot has one, else the exported one.</summary>
    /// <param name="snapshot">The snapshot.</param>
    /// <param name="precision"><c>float32</c>, <c>int8</c> or <c>float16</c>.</param>
    /// <param name="runs">What it computes with.</param>
    public string RunningFile(SnapshotManifest snapshot, string precision, out string runs) => SnapshotFolder.RunningFile(Path.Combine(directory, snapshot.Id), snapshot, precision, out runs);

    /// <summary>All snapshots whose manifest can be read, oldest first.</summary>
    public IReadOnlyList<SnapshotManifest> List() => [.. Ids(directory).Select(id => SnapshotFolder.ReadManifest(Path.Combine(directory, id), id)).OfType<SnapshotManifest>()];

    /// <summary>Takes a candidate's files in and makes it the running snapshot, durably (after <see cref="BeginTrying"/>: for this process only); the id is given here.</summary>
    /// <param name="candidateDirectory">Folder with <c>model.onnx</c> and <c>model.checkpoint</c>.</param>
    /// <param name="manifest">Its description; <c>Id</c> and <c>Files</c> are filled in.</param>
    /// <exception cref="IOException">The disk refused; the running snapshot is as before.</exception>
    public SnapshotManifest Promote(string candidateDirectory, SnapshotManifest manifest) =>
        Promote(Path.Combine(candidateDirectory, ModelFileName), Path.Combine(candidateDirectory, CheckpointFileName), manifest);

    /// <summary>The same for files that lie anywhere under any name.</summary>
    /// <param name="modelFile">The exported graph.</param>
    /// <param name="checkpointFile">The trainer's checkpoint of the same weights.</param>
    /// <param name="manifest">Its description; <c>Id</c> and <c>Files</c> are filled in.</param>
    /// <param name="reduced">A graph of the same weights in less than float32: <c>int8</c> or <c>float16</c>, and its file; null: none.</param>
    /// <exception cref="IOException">The disk refused; the running snapshot is as before.</exception>
    public SnapshotManifest Promote(string modelFile, string checkpointFile, SnapshotManifest manifest, (string Precision, string File)? reduced = null)
    {
        (string Name, string Source)[] files = [(ModelFileName, modelFile), (CheckpointFileName, checkpointFile), .. reduced is { } other ? [(SnapshotFolder.ReducedName(other.Precision), other.File)] : Array.Empty<(string, string)>()];
        var hashes = files.ToDictionary(file => file.Name, file => SnapshotFolder.HashOf(file.Source), StringComparer.Ordinal);
        int number = Ids(directory).Select(NumberOf).DefaultIfEmpty(0).Max() + 1;
        var accepted = manifest with { Id = $"s{number:D6}-{hashes[ModelFileName][..8]}", Files = hashes };

        string folder = Path.Combine(directory, accepted.Id), temporary = folder + ".tmp";
        try
        {
            Directory.CreateDirectory(temporary);
            foreach (var (name, source) in files) DurableFile.Copy(source, Path.Combine(temporary, name));
            DurableFile.Replace(Path.Combine(temporary, SnapshotFolder.ManifestFileName), SnapshotFolder.Bytes(accepted));
            DurableFile.Replace(Path.Combine(temporary, SnapshotFolder.ManifestHashFileName), Encoding.UTF8.GetBytes(SnapshotFolder.HashOf(Path.Combine(temporary, SnapshotFolder.ManifestFileName))));
            DurableFile.MoveDirectory(temporary, folder);
        }
        catch
        {
            if (Directory.Exists(temporary)) Directory.Delete(temporary, recursive: true);
            throw;
        }

        var before = Current;
        Run(accepted);
        Prune(before);
        return accepted;
    }

    /// <summary>Makes a snapshot that is kept the running one again, durably; none is deleted.</summary>
    /// <exception cref="InvalidDataException">It is not there, or damaged; the message says what is wrong with it.</exception>
    /// <exception cref="IOException">The disk refused; the running snapshot is as before.</exception>
    public SnapshotManifest RollBack(string id)
    {
        var manifest = Good(id);
        lock (gate)
        {
            tries = false;
            Run(manifest);
        }

        return manifest;
    }

    /// <summary>The snapshot promoted last could not be taken over, and the one before goes on: it is the running one again, in this process whatever the disk says, and durably where the disk takes it.</summary>
    /// <param name="before">What was the running one before; it runs, and is not examined.</param>
    /// <exception cref="IOException">The disk refused: the next process finds the promoted one.</exception>
    public void TakeBack(SnapshotManifest before)
    {
        Current = before;
        Run(before);
    }

    /// <summary>From now on what runs, promoted snapshots included, runs for this process only: the next one finds the one that runs now, which is not deleted meanwhile. Until <see cref="Keep"/>, or <see cref="RollBack"/> to one of them.</summary>
    public void BeginTrying()
    {
        lock (gate) tries = true;
    }

    /// <summary>Makes a snapshot that is kept the running one for this process only; see <see cref="BeginTrying"/>.</summary>
    /// <exception cref="InvalidDataException">It is not there, or damaged; the message says what is wrong with it.</exception>
    public SnapshotManifest Try(string id)
    {
        var manifest = Good(id);
        BeginTrying();
        return Current = manifest;
    }

    /// <summary>What has been tried has proved itself: what runs now is what the next process finds, and so is what is promoted from now on.</summary>
    /// <exception cref="IOException">The disk refused: the next process finds the one before, unless something is promoted meanwhile.</exception>
    public void Keep()
    {
        lock (gate)
        {
            if (!tries) return;
            tries = false;
            Run(Current!);
        }
    }

    /// <summary>What lies in a folder of snapshots, oldest first; nothing is changed, so a running service is not disturbed. Empty where there is no such folder.</summary>
    public static IReadOnlyList<StoredSnapshot> Look(string directory)
    {
        if (!Directory.Exists(directory)) return [];
        string named = Named(directory);
        var found = Ids(directory).Select(id =>
        {
            string folder = Path.Combine(directory, id);
            var manifest = SnapshotFolder.Check(folder, id, out string flaw);
            return new StoredSnapshot(id, folder, manifest, flaw, SnapshotFolder.BytesOf(folder), false);
        }).ToList();
        int runs = found.FindIndex(snapshot => snapshot.Id == named && snapshot.Manifest is not null);
        if (runs < 0) runs = found.FindLastIndex(snapshot => snapshot.Manifest is not null);
        if (runs >= 0) found[runs] = found[runs] with { IsCurrent = true };
        return found;
    }

    private SnapshotManifest Good(string id) => !Ids(directory).Contains(id)
        ? throw new InvalidDataException($"there is no snapshot '{id}' in '{directory}'.")
        : SnapshotFolder.Check(Path.Combine(directory, id), id, out string flaw) ?? throw new InvalidDataException($"{id}: {flaw}. It cannot be run.");

    private void Run(SnapshotManifest snapshot)
    {
        lock (gate)
        {
            if (!tries) DurableFile.Replace(Path.Combine(directory, CurrentFileName), Encoding.UTF8.GetBytes(snapshot.Id));
            Current = snapshot;
        }
    }

    private static string Named(string directory) => Path.Combine(directory, CurrentFileName) is var file && File.Exists(file) ? File.ReadAllText(file).Trim() : "";

    private SnapshotManifest? FindCurrent()
    {
        string named = Named(directory);
        // The named one first; if it is damaged, the newest good one.
        foreach (string id in Ids(directory).Reverse().OrderByDescending(id => id == named))
        {
            if (SnapshotFolder.Check(Path.Combine(directory, id), id, out string flaw) is { } manifest)
            {
                if (id != named) DurableFile.Replace(Path.Combine(directory, CurrentFileName), Encoding.UTF8.GetBytes(id));
                return manifest;
            }

            damaged.Add($"{id}: {flaw}");
        }

        return null;
    }

    /// <param name="before">What ran until now, which may be none of the newest after a roll back: the way back from the new one, whatever else goes.</param>
    private void Prune(SnapshotManifest? before)
    {
        long bytes = 0;
        int count = 0;
        string named = Named(directory); // The way back from one that is tried; else it is the running one.
        // The running one first, the ways back, then the newest; what was found damaged is nobody's way back.
        foreach (string id in Ids(directory).Reverse().OrderByDescending(id => id == Current?.Id).ThenByDescending(id => id == named || id == before?.Id).ThenBy(id => damaged.Exists(what => what.StartsWith(id + ":", StringComparison.Ordinal))))
        {
            string folder = Path.Combine(directory, id);
            bytes += new DirectoryInfo(folder).EnumerateFiles().Sum(file => file.Length);
            if (++count <= keepCount && (bytes <= keepBytes || count <= 2) || id == named || id == before?.Id) continue;
            try
            {
                DurableFile.DeleteDirectory(folder);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The new one runs already; the next promotion tries again.
            }
        }
    }

    private static IReadOnlyList<string> Ids(string directory) =>
        [.. Directory.GetDirectories(directory, "s*-????????").Select(path => Path.GetFileName(path)).Where(id => NumberOf(id) > 0).OrderBy(NumberOf).ThenBy(id => id, StringComparer.Ordinal)];

    /// <summary>Of s000123-89abcdef 123; 0 where it is no id. A million promotions take a seventh digit.</summary>
    private static int NumberOf(string id) => id.LastIndexOf('-') is >= 7 and var end && int.TryParse(id.AsSpan(1, end - 1), NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : 0;
}
