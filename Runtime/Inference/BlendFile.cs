using System.Text.Json;
using Edge.Storage;

namespace Edge.Runtime.Inference;

/// <summary>What was last chosen on the anchor set, kept over restarts in <c>readout.json</c>. Lost or damaged, the device goes back to what runs before anchors have chosen.</summary>
public sealed class BlendFile(string path)
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Strict) { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, WriteIndented = true };

    /// <summary>The choice for a snapshot; null when there is none.</summary>
    public ReadOutBlend? Load(string snapshotId)
    {
        if (!File.Exists(path)) return null;
        try
        {
            return JsonSerializer.Deserialize<Document>(File.ReadAllBytes(path), s_json) is { } document && document.SnapshotId == snapshotId ? document.Blend : null;
        }
        catch (JsonException)
        {
            File.Move(path, path + ".bad", overwrite: true);
            return null;
        }
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
