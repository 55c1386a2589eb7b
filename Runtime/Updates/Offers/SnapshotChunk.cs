using System.Text.Json;
using Edge.Runtime.Updates.Envelopes;

namespace Edge.Runtime.Updates.Offers;

/// <summary>A piece of an offered snapshot on its way: <c>{"sha256", "index", "data"}</c>.</summary>
/// <param name="Sha256">Hash of the whole that it belongs to.</param>
/// <param name="Index">Its number, from 0.</param>
/// <param name="Data">Its bytes; base64 in JSON.</param>
public sealed record SnapshotChunk(string Sha256, int Index, byte[] Data)
{
    /// <summary>Reads a message.</summary>
    /// <exception cref="FormatException">It is none; the message says why.</exception>
    public static SnapshotChunk Read(ReadOnlySpan<byte> utf8) => StrictJson.Read<SnapshotChunk>(utf8) is { Sha256: not null, Index: >= 0, Data: not null } chunk ? chunk : throw new FormatException("a member is missing");

    /// <summary>The message.</summary>
    public byte[] Write() => JsonSerializer.SerializeToUtf8Bytes(this, StrictJson.Options);
}
