using System.Buffers;
using System.Text.Json;

namespace Edge.Config;

/// <summary>JSON Merge Patch (RFC 7396, section 2): objects are merged key by key, null removes a key, everything else, lists too, replaces.</summary>
public static class MergePatch
{
    /// <summary>
    /// Applies <paramref name="patchUtf8"/> to <paramref name="targetUtf8"/> and returns the result as compact UTF-8 JSON; members keep the target's order, new
    /// ones follow.
    /// </summary>
    /// <exception cref="FormatException">One of the two is not JSON, is larger than 256 KiB or deeper than 32 levels, or gives a key twice; the message says
    /// where.</exception>
    public static byte[] Apply(ReadOnlySpan<byte> targetUtf8, ReadOnlySpan<byte> patchUtf8)
    {
        JsonPart target = Parse(targetUtf8);
        JsonPart patch = Parse(patchUtf8);
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = CanonicalConfig.Options.Encoder }))
        {
            Merge(target, patch).Write(writer);
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>MergePatch(Target, Patch) of the RFC; a null <paramref name="target"/> is one that does not exist.</summary>
    internal static JsonPart Merge(JsonPart? target, JsonPart patch)
    {
        if (patch.Kind != JsonValueKind.Object)
        {
            return patch;
        }

        // A dictionary that nothing is removed from keeps the order of insertion; so removed members stay until the end, as null.
        var merged = new Dictionary<string, JsonMember?>();
        foreach (JsonMember member in target is { Kind: JsonValueKind.Object } ? target.Members : [])
        {
            merged[member.Name] = member;
        }

        foreach (JsonMember member in patch.Members)
        {
            JsonPart? old = merged.GetValueOrDefault(member.Name)?.Value;
            merged[member.Name] = member.Value.Kind == JsonValueKind.Null ? null : member with { Value = Merge(old, member.Value) };
        }

        return new JsonPart(JsonValueKind.Object, patch.Offset) { Members = [.. merged.Values.OfType<JsonMember>()] };
    }

    private static JsonPart Parse(ReadOnlySpan<byte> utf8)
    {
        var text = new ConfigText(utf8);
        var findings = new ConfigFindings(text);
        JsonPart? part = JsonPartReader.Read(text, "", findings);
        return findings.Count == 0 ? part! : throw new FormatException(findings.Problems[0].ToString());
    }
}
