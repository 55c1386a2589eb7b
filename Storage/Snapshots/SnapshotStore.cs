using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

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

    private const string ManifestFileName = "manifest.json";
    private const string ManifestHashFileName = "manifest.sha256";
    private const int Schema = 1;
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Strict) { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, WriteIndented = true };
    private readonly string directory;
    private readonly int keepCount;
    private readonly long keepBytes;

    /// <summary>Opens the store in <paramref name="directory"/>, which is created when it is not there.</summary>
    /// <param name="directory">Folder of the snapshots.</param>
    /// <param name="keepCount">Snapshots kept, the running one included; older ones, and damaged ones before them, are deleted at promotion.</param>
    /// <param name="keepBytes">Most bytes of all that are kept; the running one and the newest good one beside it stay whatever they take.</param>
    public SnapshotStore(string directory, int keepCount, long keepBytes = long.MaxValue)
    {
        this.directory = Path.GetFullPath(directory);
        (this.keepCount, this.keepBytes) = (keepCount, keepBytes);
        Directory.CreateDirectory(this.directory);
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

    /// <summary>All snapshots whose manifest can be read, oldest first.</summary>
    public IReadOnlyList<SnapshotManifest> List() => [.. Ids().Select(ReadManifest).OfType<SnapshotManifest>()];

    /// <summary>Takes a candidate's files in and makes it the running snapshot, durably; the id is given here.</summary>
    /// <param name="candidateDirectory">Folder with <c>model.onnx</c> and <c>model.checkpoint</c>.</param>
    /// <param name="manifest">Its description; <c>Id</c> and <c>Files</c> are filled in.</param>
    /// <exception cref="IOException">The disk refused; the running snapshot is as before.</exception>
    public SnapshotManifest Promote(string candidateDirectory, SnapshotManifest manifest)
    {
        string[] names = [ModelFileName, CheckpointFileName];
        var hashes = names.ToDictionary(name => name, name => HashOf(Path.Combine(candidateDirectory, name)), StringComparer.Ordinal);
        int number = Ids().Select(NumberOf).DefaultIfEmpty(0).Max() + 1;
        var accepted = manifest with { Id = $"s{number:D6}-{hashes[ModelFileName][..8]}", Files = hashes };

        string folder = Path.Combine(directory, accepted.Id), temporary = folder + ".tmp";
        try
        {
            Directory.CreateDirectory(temporary);
            foreach (string name in names) DurableFile.Copy(Path.Combine(candidateDirectory, name), Path.Combine(temporary, name));
            DurableFile.Replace(Path.Combine(temporary, ManifestFileName), JsonSerializer.SerializeToUtf8Bytes(accepted, s_json));
            DurableFile.Replace(Path.Combine(temporary, ManifestHashFileName), Encoding.UTF8.GetBytes(HashOf(Path.Combine(temporary, ManifestFileName))));
            DurableFile.MoveDirectory(temporary, folder);
        }
        catch
        {
            if (Directory.Exists(temporary)) Directory.Delete(temporary, recursive: true);
            throw;
        }

        DurableFile.Replace(Path.Combine(directory, "current"), Encoding.UTF8.GetBytes(accepted.Id));
        Current = accepted;
        Prune();
        return accepted;
    }

    private SnapshotManifest? FindCurrent()
    {
        string currentFile = Path.Combine(directory, "current");
        string named = File.Exists(currentFile) ? File.ReadAllText(currentFile).Trim() : "";
        // The named one first; if it is damaged, the newest good one.
        foreach (string id in Ids().Reverse().OrderByDescending(id => id == named))
        {
            if (Good(id) is { } manifest)
            {
                if (id != named) DurableFile.Replace(currentFile, Encoding.UTF8.GetBytes(id));
                return manifest;
            }
        }

        return null;
    }

    private SnapshotManifest? Good(string id)
    {
        if (ReadManifest(id) is not { } manifest)
        {
            damaged.Add($"{id}: its manifest is damaged or of another version");
            return null;
        }

        foreach (var (name, expected) in manifest.Files)
        {
            string path = Path.Combine(directory, id, name);
            string? found = File.Exists(path) ? HashOf(path) : null;
            if (found == expected) continue;
            damaged.Add($"{id}: {name} {(found is null ? "is missing" : $"has SHA-256 {found[..8]}…, its manifest says {expected[..8]}…")}");
            return null;
        }

        return manifest;
    }

    private SnapshotManifest? ReadManifest(string id)
    {
        try
        {
            string path = Path.Combine(directory, id, ManifestFileName);
            if (File.ReadAllText(Path.Combine(directory, id, ManifestHashFileName)) != HashOf(path)) return null;
            var manifest = JsonSerializer.Deserialize<SnapshotManifest>(File.ReadAllBytes(path), s_json);
            return manifest is { Schema: Schema, Files.Count: > 0 } && manifest.Id == id ? manifest : null;
        }
        catch (Exception e) when (e is JsonException or IOException)
        {
            return null;
        }
    }

    private void Prune()
    {
        long bytes = 0;
        int count = 0;
        // The running one first, then the newest; what was found damaged is nobody's way back.
        foreach (string id in Ids().Reverse().OrderByDescending(id => id == Current?.Id).ThenBy(id => damaged.Exists(what => what.StartsWith(id + ":", StringComparison.Ordinal))))
        {
            string folder = Path.Combine(directory, id);
            bytes += new DirectoryInfo(folder).EnumerateFiles().Sum(file => file.Length);
            if (++count > keepCount || (bytes > keepBytes && count > 2)) DurableFile.DeleteDirectory(folder);
        }
    }

    private IReadOnlyList<string> Ids() =>
        [.. Directory.GetDirectories(directory, "s??????-????????").Select(path => Path.GetFileName(path)).Where(id => NumberOf(id) > 0).Order(StringComparer.Ordinal)];

    private static int NumberOf(string id) => int.TryParse(id.AsSpan(1, 6), NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : 0;

    private static string HashOf(string path)
    {
        using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}
