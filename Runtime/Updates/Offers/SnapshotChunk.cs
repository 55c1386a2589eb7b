using System.Text.Json;
using Edge.Runtime.Updates.Envelopes;
using Edge.Telemetry.Messages;

namespace Edge.Runtime.Updates.Offers;

/// <summary>A piece of an offered snapshot on its way: <c>{"sha256", "index", "data", "schema"}</c>.</summary>
/// <param name="Sha256">Hash of the whole that it belongs to.</param>
/// <param name="Index">Its number, from 0.</param>
/// <param name="Data">Its bytes; base64 in JSON.</param>
/// <param name="Schema">Version of the message; may be left out in JSON.</param>
public sealed record SnapshotChunk(string Sha256, int Index, byte[] Data, string Schema = SnapshotChunkMessage.SchemaName)
{
    /// <summary>Reads a message.</summary>
    /// <exception cref="FormatException">It is none; the message says why.</exception>
    public static SnapshotChunk Read(ReadOnlySpan<byte> utf8)
    {
        var chunk = StrictJson.Read<SnapshotChunk>(utf8);
        if (chunk is not { Sha256: not null, Index: >= 0, Data: not null, Schema: not null }) throw new FormatException("a member is missing");
        return chunk.Schema == SnapshotChunkMessage.SchemaName ? chunk : throw new FormatException($"schema is '{chunk.Schema[..Math.Min(64, chunk.Schema.Length)]}'; this version reads '{SnapshotChunkMessage.SchemaName}'");
    }

    /// <summary>The message.</summary>
    public byte[] Write() => JsonSerializer.SerializeToUtf8Bytes(this, StrictJson.Options);
}
