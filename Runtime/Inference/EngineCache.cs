using System.Security.Cryptography;
using System.Text;
using Edge.Storage;
using Microsoft.ML.OnnxRuntime;

namespace Edge.Runtime.Inference;

/// <summary>
/// Where TensorRT keeps the engines that it builds, one folder for each content of a graph's file. TensorRT's provider names an engine after the graph's structure and file name, not its weights: in one folder the next snapshot would
/// run with the weights of the one before.
/// </summary>
/// <param name="folder">The folder of all of them, below the data directory.</param>
public sealed class EngineCache(string folder)
{
    /// <summary>Folders kept, the latest used: an engine is a few MB, and one that is missing is built again.</summary>
    public const int KeepCount = 6;

    private readonly Lock gate = new();

    /// <summary>The folder for a graph's engines, created where it is not there; those longest unused go. Null where the disk refuses: the engine is built anew then.</summary>
    public string? FolderOf(string modelFile)
    {
        lock (gate)
        {
            try
            {
                string path = PathOf(modelFile);
                Directory.CreateDirectory(path);
                Directory.SetLastWriteTimeUtc(path, TimeProvider.System.GetUtcNow().UtcDateTime);
                foreach (var old in new DirectoryInfo(folder).EnumerateDirectories().OrderByDescending(one => one.Name == Path.GetFileName(path)).ThenByDescending(one => one.LastWriteTimeUtc).Skip(KeepCount)) old.Delete(recursive: true);
                return path;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return null;
            }
        }
    }

    /// <summary>Deletes a graph's engines, if there are any.</summary>
    public void Drop(string modelFile)
    {
        lock (gate)
        {
            try
            {
                if (!Directory.Exists(folder) || PathOf(modelFile) is not { } path) return;
                if (Directory.Exists(path)) Directory.Delete(path, recursive: true);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // What cannot be deleted is refused by TensorRT once more.
            }
        }
    }

    // An engine of another version is refused when it is loaded, or worse.
    private string PathOf(string modelFile) =>
        Path.Combine(folder, $"{SnapshotFolder.HashOf(modelFile)[..16]}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(OrtEnv.Instance().GetVersionString())))[..8]}");
}
