using System.Globalization;
using System.Text.Json;

namespace Edge.Runtime.Fleet;

/// <summary>
/// Reads what an operator's verb wants to know out of a device's message, and nothing else: fields that it does not know may come at any time, and one that is missing or of another type is null. Texts are cut to
/// <see cref="MostCharacters"/> (unless they are asked for whole) and freed of control characters, because a terminal shows them.
/// </summary>
internal static class ReportReader
{
    /// <summary>Most characters of a text that are kept.</summary>
    internal const int MostCharacters = 200;

    /// <summary>The object at the root; null when the bytes are none.</summary>
    internal static JsonElement? Root(ReadOnlyMemory<byte> payload)
    {
        try
        {
            var reader = new Utf8JsonReader(payload.Span, new JsonReaderOptions { MaxDepth = 32 });
            var root = JsonElement.ParseValue(ref reader);
            return root.ValueKind == JsonValueKind.Object ? root : null;
        }
        catch (JsonException)
        {
            return null; // Whoever published this there is no device.
        }
    }

    internal static JsonElement? Member(this JsonElement json, string name) => json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var found) && found.ValueKind != JsonValueKind.Null ? found : null;

    internal static string? Text(this JsonElement json, string name) => json.Member(name) is { ValueKind: JsonValueKind.String } text ? Clean(TextOf(text)) : null;

    internal static double? Number(this JsonElement json, string name) => json.Member(name) is { ValueKind: JsonValueKind.Number } number && number.TryGetDouble(out double value) && double.IsFinite(value) ? value : null;

    internal static long? Whole(this JsonElement json, string name) => json.Member(name) is { ValueKind: JsonValueKind.Number } number && number.TryGetInt64(out long value) ? value : null;

    internal static bool Flag(this JsonElement json, string name) => json.Member(name) is { ValueKind: JsonValueKind.True };

    internal static DateTimeOffset? Time(this JsonElement json, string name) =>
        DateTimeOffset.TryParse(json.Text(name), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at) ? at : null;

    /// <summary>All texts of an array, whole: a person is to read every reason to its end. A broker's limit on messages bounds them.</summary>
    internal static IReadOnlyList<string> WholeTexts(this JsonElement json, string name) => json.Texts(name, int.MaxValue, int.MaxValue);

    /// <summary>The texts of an array, at most <paramref name="most"/>, each cut to <paramref name="mostCharacters"/>; empty when there is none.</summary>
    internal static IReadOnlyList<string> Texts(this JsonElement json, string name, int most = 8, int mostCharacters = MostCharacters) => json.Member(name) is { ValueKind: JsonValueKind.Array } list
        ? [.. list.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.String).Take(most).Select(item => Clean(TextOf(item), mostCharacters))]
        : [];

    private static string TextOf(JsonElement text)
    {
        try
        {
            return text.GetString()!;
        }
        catch (InvalidOperationException)
        {
            return "\uFFFD"; // An escaped lone surrogate.
        }
    }

    private static string Clean(string text, int mostCharacters = MostCharacters)
    {
        string cut = text.Length <= mostCharacters ? text : text[..mostCharacters];
        return cut.Any(char.IsControl) ? new string([.. cut.Select(c => char.IsControl(c) ? ' ' : c)]) : cut;
    }
}
