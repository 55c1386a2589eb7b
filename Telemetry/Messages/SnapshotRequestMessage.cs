using System.Text.Json.Serialization;

namespace Edge.Telemetry.Messages;

/// <summary>The device asks whoever offers a snapshot for pieces of it; the answers come on <c>…/snapshot/chunk</c>. It asks again until it has them.</summary>
public sealed record SnapshotRequestMessage : TelemetryMessage
{
    /// <summary>Name and version of this message.</summary>
    public const string SchemaName = "edge.snapshot-request/1";

    /// <inheritdoc/>
    [JsonPropertyOrder(-10)]
    public override string Schema => SchemaName;

    /// <summary>SHA-256 of the whole that is offered, 64 hexadecimal digits.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Numbers of the pieces that are missing and wanted next, from 0; eight at most.</summary>
    public required IReadOnlyList<int> Chunks { get; init; }

    /// <summary>Pieces that are on disk already.</summary>
    public required int HeldCount { get; init; }

    /// <summary>Pieces of the whole.</summary>
    public required int ChunkCount { get; init; }
}

/// <summary>A snapshot that is offered, signed. Telemetry only carries it: whether it is believed is for the service to judge.</summary>
public static class SnapshotOfferMessage
{
    /// <summary>Name and version of this message.</summary>
    public const string SchemaName = "edge.snapshot-offer/1";
}

/// <summary>A piece of a snapshot that was asked for: <c>{"sha256", "index", "data"}</c>, the data in base64. It is not signed: its hash stands in the offer.</summary>
public static class SnapshotChunkMessage
{
    /// <summary>Name and version of this message.</summary>
    public const string SchemaName = "edge.snapshot-chunk/1";
}
