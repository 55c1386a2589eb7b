using System.Text.Json;
using Edge.Storage;

namespace Edge.Runtime.Inference;

/// <summary>What was last chosen on the anchor set, kept over restarts in <c>readout.json</c>. Lost or damaged, the device goes back to what runs before anchors have chosen.</summary>
public sealed class BlendFile(string path)
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Strict) { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, WriteIndented = true };

    /// <summary>Why the file could not be read; empty when it could.</summary>
    public string Problem { get; private set; } = "";

    /// <summary>The choice for a snapshot; null when there is none. Nothing is written.</summary>
    public ReadOutBlend? Load(string snapshotId)
    {
        if (!File.Exists(path)) return null;
        try
        {
            return JsonSerializer.Deserialize<Document>(File.ReadAllBytes(path), s_json) is { } document && document.SnapshotId == snapshotId ? document.Blend : null;
        }
        catch (JsonException e)
        {
            Problem = e.Message;
            return null;
        }
    }

    /// <summary>Puts a file that could not be read aside, as <c>.bad</c>.</summary>
    public void PutAside()
    {
        if (Problem.Length > 0 && File.Exists(path)) File.Move(path, path + ".bad", overwrite: true);
    }

    /// <summary>Makes a choice durable; where the disk refuses, the next round chooses again.</summary>
    public void TrySave(string snapshotId, ReadOutBlend blend)
    {
        try
        {
            DurableFile.Replace(path, JsonSerializer.SerializeToUtf8Bytes(new Document(1, snapshotId, blend), s_json));
        }
        catch (IOException)
        {
            // A full disk.
        }
    }

    private sealed record Document(int Schema, string SnapshotId, ReadOutBlend Blend);
}
