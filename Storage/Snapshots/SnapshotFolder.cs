using System.Security.Cryptography;
using System.Text.Json;

namespace Edge.Storage;

/// <summary>One snapshot's folder: <c>manifest.json</c> with the hashes of the other files, and <c>manifest.sha256</c> with its own.</summary>
public static class SnapshotFolder
{
    /// <summary>The description within the folder.</summary>
    public const string ManifestFileName = "manifest.json";

    /// <summary>Hash of the description.</summary>
    internal const string ManifestHashFileName = "manifest.sha256";

    private const int Schema = 1;
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Strict) { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, WriteIndented = true };

    /// <summary>Reads the manifest and compares every hash.</summary>
    /// <param name="folder">The folder, wherever it lies.</param>
    /// <param name="id">The id that the manifest must have; null: any.</param>
    /// <param name="flaw">What is wrong with it, as one clause; empty when nothing is.</param>
    /// <returns>The manifest; null where something is wrong.</returns>
    public static SnapshotManifest? Check(string folder, string? id, out string flaw)
    {
        flaw = "its manifest is damaged or of another version";
        if (ReadManifest(folder, id) is not { } manifest) return null;
        foreach (var (name, expected) in manifest.Files)
        {
            string path = Path.Combine(folder, name);
            string? found = File.Exists(path) ? HashOf(path) : null;
            if (found == expected) continue;
            flaw = $"{name} {(found is null ? "is missing" : $"has SHA-256 {found[..8]}…, its manifest says {expected[..8]}…")}";
            return null;
        }

        flaw = "";
        return manifest;
    }

    /// <summary>SHA-256 of a file, lower-case hex.</summary>
    public static string HashOf(string path)
    {
        using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    /// <summary>Name of a graph in less than float32.</summary>
    internal static string ReducedName(string precision) => $"model.{precision}.onnx";

    /// <summary>See <see cref="SnapshotStore.RunningFile"/>.</summary>
    internal static string RunningFile(string folder, SnapshotManifest snapshot, string precision, out string runs)
    {
        runs = snapshot.Files.ContainsKey(ReducedName(precision)) ? precision : "float32";
        return Path.Combine(folder, runs == "float32" ? SnapshotStore.ModelFileName : ReducedName(runs));
    }

    /// <summary>What the folder's files take; 0 when it is gone, as a running service may delete an old one at any time.</summary>
    internal static long BytesOf(string folder)
    {
        try
        {
            return new DirectoryInfo(folder).EnumerateFiles().Sum(file => file.Length);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    /// <summary>The manifest's file.</summary>
    internal static byte[] Bytes(SnapshotManifest manifest) => JsonSerializer.SerializeToUtf8Bytes(manifest, s_json);

    /// <summary>The manifest, if its own hash is right; null else.</summary>
    internal static SnapshotManifest? ReadManifest(string folder, string? id)
    {
        try
        {
            string path = Path.Combine(folder, ManifestFileName);
            if (File.ReadAllText(Path.Combine(folder, ManifestHashFileName)) != HashOf(path)) return null;
            var manifest = JsonSerializer.Deserialize<SnapshotManifest>(File.ReadAllBytes(path), s_json);
            return manifest is { Schema: Schema, Files.Count: > 0 } && (id is null || manifest.Id == id) ? manifest : null;
        }
        catch (Exception e) when (e is JsonException or IOException)
        {
            return null;
        }
    }
}
