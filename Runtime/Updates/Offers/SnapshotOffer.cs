using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Edge.Runtime.Updates.Checks;
using Edge.Runtime.Updates.Envelopes;
using Edge.Storage;

namespace Edge.Runtime.Updates.Offers;

/// <summary>A file of an offered snapshot.</summary>
/// <param name="Name">One of <see cref="SnapshotOffer.FileNames"/>.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Sha256">Its hash, 64 hexadecimal digits.</param>
public sealed record OfferedFile(string Name, long Bytes, string Sha256);

/// <summary>
/// What is signed of a snapshot that is offered over the air: what it is, for whom, and the hash of the whole, of each file and of each piece. The whole is its files one after the other, cut into pieces of one length, the last
/// one shorter. Names of files are fixed, so that none leads anywhere.
/// </summary>
public sealed record SnapshotOffer
{
    /// <summary>The trainer's cases, by which the receiver sees that the graph computes there what was trained here; see <see cref="Edge.Trainer.Rounds.ParityCases"/>.</summary>
    public const string ParityFileName = "parity.bin";

    /// <summary>Shortest and longest piece, bytes: the message with the longest one in base64 fits into the largest packet that a device takes.</summary>
    public const int LeastChunkBytes = 1024, MostChunkBytes = 256 * 1024;

    /// <summary>Files of a snapshot, in the order in which they are sent.</summary>
    public static IReadOnlyList<string> FileNames { get; } = [SnapshotStore.ModelFileName, SnapshotStore.CheckpointFileName, ParityFileName];

    /// <summary>The snapshot as it is described where it comes from.</summary>
    public required SnapshotManifest Manifest { get; init; }

    /// <summary>Whom it is meant for.</summary>
    public UpdateTarget Target { get; init; } = new();

    /// <summary>When it was offered, UTC. The same snapshot offered again is another offer, and is judged again.</summary>
    public required DateTimeOffset OfferedAt { get; init; }

    /// <summary>From when on no device takes it any more, UTC; null: never.</summary>
    [System.Text.Json.Serialization.JsonIgnore(Condition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? NotAfter { get; init; }

    /// <summary>Its files.</summary>
    public required IReadOnlyList<OfferedFile> Files { get; init; }

    /// <summary>SHA-256 of the whole, 64 hexadecimal digits.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Bytes of a piece.</summary>
    public required int ChunkBytes { get; init; }

    /// <summary>SHA-256 of each piece.</summary>
    public required IReadOnlyList<string> Chunks { get; init; }

    /// <summary>Bytes of the whole.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public long Bytes => Files.Sum(file => file.Bytes);

    /// <summary>Bytes of one piece.</summary>
    public int BytesOf(int chunk) => chunk < Chunks.Count - 1 ? ChunkBytes : (int)(Bytes - (long)(Chunks.Count - 1) * ChunkBytes);

    /// <summary>Hash of a piece of data as offers write it.</summary>
    public static string HashOf(ReadOnlySpan<byte> data) => Convert.ToHexStringLower(SHA256.HashData(data));

    /// <summary>Reads a payload.</summary>
    /// <exception cref="FormatException">It is none, or contradicts itself; the message says why.</exception>
    public static SnapshotOffer Read(ReadOnlySpan<byte> utf8)
    {
        var offer = StrictJson.Read<SnapshotOffer>(utf8);
        Require(offer.Manifest is { Id: not null, Classes: not null, Window: not null }, "manifest lacks something");
        Require(offer.Manifest.Id is { Length: > 0 and <= 64 } id && id.All(c => char.IsAsciiLetterOrDigit(c) || c == '-'), "manifest.id is no name of a snapshot");
        Require(offer.Manifest.ParentId is not { Length: > 64 } && offer.Manifest.Classes.Count <= 256 && offer.Manifest.Round >= 0 && offer.Manifest.EmbeddingLength > 0, "manifest is of no snapshot");
        Require(offer.Target is not null && offer.Target.Names.All(name => name is null || (name.Length is > 0 and <= 64 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-'))), "a name in target must have 1 to 64 letters, digits, '.', '_' or '-'");
        Require(offer.Files is not null && offer.Files.All(file => file is not null) && offer.Files.Select(file => file.Name).SequenceEqual(FileNames), $"files must be {string.Join(", ", FileNames)}");
        Require(offer.Files.All(file => file.Bytes is > 0 and <= 1L << 40 && IsHash(file.Sha256)), "a file has no length or no hash");
        Require(IsHash(offer.Sha256), "sha256 is no hash");
        Require(offer.ChunkBytes is >= LeastChunkBytes and <= MostChunkBytes, string.Create(CultureInfo.InvariantCulture, $"chunkBytes is {offer.ChunkBytes}; expected {LeastChunkBytes} to {MostChunkBytes}"));
        Require(offer.Chunks is not null && offer.Chunks.Count == (offer.Bytes + offer.ChunkBytes - 1) / offer.ChunkBytes && offer.Chunks.All(IsHash), "chunks are not as many hashes as the whole has pieces");
        return offer;
    }

    /// <summary>The payload, to be signed.</summary>
    public byte[] Write() => JsonSerializer.SerializeToUtf8Bytes(this, StrictJson.Options);

    private static bool IsHash(string? text) => text is { Length: 64 } && text.All(char.IsAsciiHexDigitLower);

    private static void Require([DoesNotReturnIf(false)] bool holds, string otherwise)
    {
        if (!holds) throw new FormatException(otherwise);
    }
}
