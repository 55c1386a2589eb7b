using System.Text.Json;

namespace Edge.Runtime.Updates.Envelopes;

/// <summary>Bytes with a signature over exactly them: <c>{"payload": base64, "signature": base64, "keyId": …, "algorithm": …, "schema": "edge.envelope/1"}</c>, the last of which may be left out. JSON is not brought into any normal form: what was signed is what was sent.</summary>
/// <param name="Payload">The payload's bytes.</param>
/// <param name="Signature">64 bytes; see <see cref="SignatureScheme"/>.</param>
/// <param name="KeyId">Who signed.</param>
/// <param name="Algorithm">How.</param>
public sealed record SignedEnvelope(byte[] Payload, byte[] Signature, string KeyId, string Algorithm)
{
    /// <summary>Most bytes of a message that are looked at: a configuration of 256 KiB in base64, with room for what is around it.</summary>
    public const int MaxBytes = 384 * 1024;

    /// <summary>Version of an envelope. What is in it has a version of its own, that of its topic.</summary>
    public const string SchemaName = "edge.envelope/1";

    /// <summary>Puts a signature on a payload.</summary>
    public static SignedEnvelope Sign(SigningKey key, byte[] payload) => new(payload, key.Sign(payload), key.Id, key.Algorithm);

    /// <summary>Whether a message claims to be an envelope: an object with one of an envelope's own members.</summary>
    public static bool IsMeant(ReadOnlySpan<byte> utf8)
    {
        try
        {
            var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = StrictJson.MaxDepth });
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return false;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("payload"u8) || reader.ValueTextEquals("signature"u8) || reader.ValueTextEquals("keyId"u8) || reader.ValueTextEquals("algorithm"u8)) return true;
                reader.Skip();
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Whoever reads it next says what is wrong.
        }

        return false;
    }

    /// <summary>Reads an envelope; whose signature it is, and whether it is one, is not looked at.</summary>
    /// <exception cref="FormatException">It is none; the message says why.</exception>
    public static SignedEnvelope Read(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length > MaxBytes) throw new FormatException($"{utf8.Length} bytes are more than {MaxBytes}");
        var shape = StrictJson.Read<Shape>(utf8);
        if (shape.Schema != SchemaName) throw new FormatException($"schema is '{shape.Schema[..Math.Min(64, shape.Schema.Length)]}'; this version reads '{SchemaName}'");
        if (shape.KeyId.Length is 0 or > 64 || shape.KeyId.Any(c => !char.IsAsciiLetterOrDigit(c))) throw new FormatException("keyId is no name of a key");
        if (shape.Algorithm.Length is 0 or > 64 || shape.Algorithm.Any(c => c is < ' ' or > '~')) throw new FormatException("algorithm is no name of an algorithm");
        return new SignedEnvelope(Bytes(shape.Payload, "payload"), Bytes(shape.Signature, "signature"), shape.KeyId, shape.Algorithm);
    }

    /// <summary>The envelope as one line of JSON.</summary>
    public byte[] Write() => JsonSerializer.SerializeToUtf8Bytes(new Shape(Convert.ToBase64String(Payload), Convert.ToBase64String(Signature), KeyId, Algorithm), StrictJson.Options);

    private static byte[] Bytes(string text, string member)
    {
        // One text for each byte sequence: base64 that decodes to the same bytes with other white space or padding is another text, and nobody's.
        byte[] bytes = new byte[(text.Length / 4 * 3) + 3];
        if (!Convert.TryFromBase64String(text, bytes, out int length) || Convert.ToBase64String(bytes.AsSpan(0, length)) != text) throw new FormatException($"{member} is not base64 (RFC 4648, section 4, with padding, without white space)");
        return bytes[..length];
    }

    private sealed record Shape(
        string Payload, string Signature, string KeyId, string Algorithm, string Schema = SchemaName);
}
