using System.Text.Json;
using System.Text.Json.Serialization;
using Edge.Runtime.Updates.Envelopes;
using Edge.Telemetry.Messages;

namespace Edge.Runtime.Updates.Trust;

/// <summary>
/// All keys that a device trusts, as one document with a version: a key is added or retired by a document that has it or has it not. <c>{"schema": "edge.config-keys/1", "version": 2, "keys": [{"name", "algorithm", "publicKey", "roles"}]}</c>. At least one
/// key must be left for each of config and keys, or the device could never be told anything again.
/// </summary>
/// <param name="Version">From 1; a document replaces one of a lower version.</param>
/// <param name="Keys">The keys, 1 to 32.</param>
public sealed record KeyRing(long Version, IReadOnlyList<TrustedKey> Keys)
{
    private const int MaxKeyCount = 32;
    private static readonly JsonSerializerOptions s_writing = new(StrictJson.Options) { WriteIndented = true, NewLine = "\n" };

    /// <summary>Version of this payload; may be left out where a list is written by hand.</summary>
    [JsonPropertyOrder(-1)]
    public string Schema { get; init; } = ConfigKeysMessage.SchemaName;

    /// <summary>No key at all: unsigned mode.</summary>
    public static KeyRing Empty { get; } = new(0, []);

    /// <summary>Reads a list.</summary>
    /// <exception cref="FormatException">It is none, or one that would lock everybody out; the message says why.</exception>
    public static KeyRing Read(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length > SignedEnvelope.MaxBytes) throw new FormatException($"{utf8.Length} bytes are more than {SignedEnvelope.MaxBytes}");
        var ring = StrictJson.Read<KeyRing>(utf8);
        if (ring.Schema != ConfigKeysMessage.SchemaName) throw new FormatException($"schema is '{ring.Schema}'; this program reads {ConfigKeysMessage.SchemaName}");
        if (ring.Version < 1) throw new FormatException($"version is {ring.Version}; count from 1");
        if (ring.Keys.Count is 0 or > MaxKeyCount) throw new FormatException($"{ring.Keys.Count} keys; expected 1 to {MaxKeyCount}");
        for (int i = 0; i < ring.Keys.Count; i++)
        {
            var key = ring.Keys[i] ?? throw new FormatException($"keys[{i}] is null");
            if (key.Name is null or { Length: 0 or > 64 } || key.Name.Any(char.IsControl)) throw new FormatException($"keys[{i}].name must have 1 to 64 characters");
            if (key.PublicKey is null || !SignatureScheme.IsKey(key.Algorithm ?? "", key.PublicKey)) throw new FormatException($"keys[{i}] ('{key.Name}') is no public key of one of {string.Join(", ", SignatureScheme.All)}");
            if (key.Roles is null or { Count: 0 } || key.Roles.Except(KeyRole.All).Any()) throw new FormatException($"keys[{i}].roles ('{key.Name}') must name one or more of {string.Join(", ", KeyRole.All)}");
            if (ring.Keys.Take(i).Any(other => other.Id == key.Id)) throw new FormatException($"keys[{i}] ('{key.Name}') is there twice");
        }

        foreach (string role in KeyRole.Needed)
        {
            if (!ring.Keys.Any(key => key.Roles.Contains(role))) throw new FormatException($"no key has the role '{role}'; a device with this list could never take another {(role == KeyRole.Keys ? "list" : "configuration")}");
        }

        return ring;
    }

    /// <summary>The list as JSON for people and files.</summary>
    public byte[] Write() => JsonSerializer.SerializeToUtf8Bytes(this, s_writing);

    /// <summary>The key of that id that has the role; null when there is none.</summary>
    public TrustedKey? Find(string keyId, string role) => Keys.FirstOrDefault(key => key.Id == keyId && key.Roles.Contains(role));
}
