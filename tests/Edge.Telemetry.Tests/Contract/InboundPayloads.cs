using System.Text.Json.Nodes;
using Edge.Telemetry.Messages;

namespace Edge.Telemetry.Tests.Contract;

/// <summary>The JSON Schemas of what the fleet sends, with an example each. Written by hand, because the device reads these strictly, field by field; tests hold them against the readers.</summary>
internal static class InboundPayloads
{
    public static (JsonObject Schema, JsonNode Example) Of(string schemaName) => schemaName switch
    {
        LabelMessage.SchemaName => (Parse(Label), Parse("""{ "windowId": 1200, "class": "walking", "requestId": "r1" }""")),
        ConfigDesiredMessage.SchemaName => (Parse(Desired), Parse("""{ "version": 7, "rollout": { "percent": 100, "seed": 1 }, "config": { "telemetry": { "summarySeconds": 10 } } }""")),
        ConfigKeysMessage.SchemaName => (Parse(Envelope), Parse($$"""{ "payload": "eyJ2ZXJzaW9uIjoyfQ==", "signature": "{{new string('A', 86)}}==", "keyId": "7f3a91c2d4e5b608", "algorithm": "ecdsa-p256-sha256", "schema": "edge.envelope/1" }""")),
        SnapshotOfferMessage.SchemaName => (Parse(Envelope), Parse($$"""{ "payload": "eyJtYW5pZmVzdCI6e319", "signature": "{{new string('B', 86)}}==", "keyId": "7f3a91c2d4e5b608", "algorithm": "ed25519" }""")),
        SnapshotChunkMessage.SchemaName => (Parse(Chunk), Parse($$"""{ "sha256": "{{new string('9', 64)}}", "index": 3, "data": "CAcSBnB5dG9yY2g=", "schema": "edge.snapshot-chunk/1" }""")),
        _ => throw new ArgumentException($"'{schemaName}' has no schema here: write it down, for the contract.", nameof(schemaName)),
    };

    private const string Label = """
        {
          "type": "object",
          "additionalProperties": false,
          "required": ["windowId", "class"],
          "properties": {
            "schema": { "description": "Version of this payload; may be left out.", "type": "string", "enum": ["edge.label/1"] },
            "windowId": { "description": "The window, from a prediction or a request.", "type": "integer", "minimum": 0 },
            "class": { "description": "Its class, one of labels.classes of the device.", "type": "string", "minLength": 1, "maxLength": 64 },
            "requestId": { "description": "Comes back in the result; may be left out.", "type": "string", "minLength": 1, "maxLength": 128 }
          }
        }
        """;

    private const string Envelope = """
        {
          "description": "Bytes with a signature over exactly them. At most 393216 bytes.",
          "type": "object",
          "additionalProperties": false,
          "required": ["payload", "signature", "keyId", "algorithm"],
          "properties": {
            "payload": { "description": "What was signed, base64.", "type": "string", "pattern": "^[A-Za-z0-9+/]*={0,2}$" },
            "signature": { "description": "64 bytes, base64. ECDSA: r and s of 32 bytes each (IEEE P1363, not DER).", "type": "string", "pattern": "^[A-Za-z0-9+/]{86}==$" },
            "keyId": { "description": "Who signed: the first 16 hexadecimal digits of the SHA-256 of the public key (SubjectPublicKeyInfo, DER).", "type": "string", "pattern": "^[0-9a-f]{16}$" },
            "algorithm": { "description": "How.", "type": "string", "enum": ["ecdsa-p256-sha256", "ed25519"] },
            "schema": { "description": "Version of the envelope; may be left out.", "type": "string", "enum": ["edge.envelope/1"] }
          }
        }
        """;

    private const string Chunk = """
        {
          "description": "A piece of an offered snapshot. Its hash stands in the offer; what does not have it is let go and asked for again.",
          "type": "object",
          "additionalProperties": false,
          "required": ["sha256", "index", "data"],
          "properties": {
            "sha256": { "description": "The whole that it is a piece of.", "type": "string", "pattern": "^[0-9a-f]{64}$" },
            "index": { "description": "Which piece, from 0.", "type": "integer", "minimum": 0 },
            "data": { "description": "Its bytes, base64; at most 256 KiB of them.", "type": "string", "pattern": "^[A-Za-z0-9+/]*={0,2}$" },
            "schema": { "description": "Version of this payload; may be left out.", "type": "string", "enum": ["edge.snapshot-chunk/1"] }
          }
        }
        """;

    private const string Name = """{ "type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$" }""";

    private const string Desired = $$"""
        {
          "description": "Unsigned as here, or this in an envelope, base64. Without any trusted key and from a broker on the loopback interface a device takes it unsigned; otherwise in an envelope only.",
          "oneOf": [
            {
              "title": "unsigned",
              "type": "object",
              "additionalProperties": false,
              "required": ["version", "config"],
              "properties": {
                "schema": { "description": "Version of this payload; may be left out.", "type": "string", "enum": ["edge.config-desired/2"] },
                "version": { "description": "Counts from 1 and grows with every change of config, per key.", "type": "integer", "minimum": 1 },
                "notAfter": { "description": "From when on no device takes it any more.", "type": "string", "format": "date-time" },
                "target": {
                  "description": "Whom it is meant for; everything that is named must be the device's own. Left out: every device that receives it.",
                  "type": "object",
                  "additionalProperties": false,
                  "properties": { "fleet": {{Name}}, "group": {{Name}}, "device": {{Name}} }
                },
                "rollout": {
                  "description": "How much of the fleet takes it: devices whose bucket (the first eight bytes of SHA-256 over SEED:DEVICE, big-endian, modulo 100) is below percent.",
                  "type": "object",
                  "additionalProperties": false,
                  "required": ["percent"],
                  "properties": { "percent": { "type": "number", "minimum": 0, "maximum": 100 }, "seed": { "type": "integer" } }
                },
                "minimumRuntime": { "description": "Lowest version of the service that understands it.", "type": "string", "pattern": "^[0-9]+(\\.[0-9]+){1,3}$" },
                "config": { "description": "Merge patch (RFC 7396) over the file that the device was started with. device-config/device.schema.json says what may stand in it.", "type": "object" }
              }
            },
            {{Envelope}}
          ]
        }
        """;

    private static JsonObject Parse(string json) => JsonNode.Parse(json)!.AsObject();
}
