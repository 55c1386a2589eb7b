using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Edge.Config;

/// <summary>A JSON value that remembers where it stood. Beside <c>JsonNode</c> because that keeps no places.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Offset">Byte of the document at which it begins.</param>
internal sealed record JsonPart(JsonValueKind Kind, int Offset)
{
    /// <summary>A string's text, or a number as it was written; empty otherwise.</summary>
    public string Text { get; init; } = "";

    /// <summary>An object's members in the order of the document; no name twice.</summary>
    public IReadOnlyList<JsonMember> Members { get; init; } = [];

    /// <summary>An array's elements.</summary>
    public IReadOnlyList<JsonPart> Items { get; init; } = [];

    /// <summary>How the value is shown to a person: JSON for what is short, a phrase for what is not.</summary>
    public string Shown => Kind switch
    {
        JsonValueKind.Object => Members.Count == 0 ? "an empty object" : "an object",
        JsonValueKind.Array => Items.Count == 0 ? "an empty list" : $"a list of {Items.Count}",
        JsonValueKind.String => Quote(Text),
        JsonValueKind.Number => Cut(Text),
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        _ => "null",
    };

    /// <summary>
    /// A text in double quotes, control characters escaped, cut after 80 characters: what a stranger wrote must not steer the operator's terminal.
    /// </summary>
    public static string Quote(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (Rune rune in Cut(text).EnumerateRunes())
        {
            _ = rune.Value switch
            {
                '"' => quoted.Append("\\\""),
                '\\' => quoted.Append("\\\\"),
                _ when IsInvisible(rune) => quoted.Append(rune.IsBmp ? $"\\u{rune.Value:x4}" : $"U+{rune.Value:X}"),
                _ => quoted.Append(rune.ToString()),
            };
        }

        return quoted.Append('"').ToString();
    }

    /// <summary>The value of the member called <paramref name="name"/>, or null.</summary>
    public JsonPart? Member(string name)
    {
        foreach (JsonMember member in Members)
        {
            if (member.Name == name)
            {
                return member.Value;
            }
        }

        return null;
    }

    /// <summary>Writes the value as JSON.</summary>
    public void Write(Utf8JsonWriter writer)
    {
        switch (Kind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (JsonMember member in Members)
                {
                    writer.WritePropertyName(member.Name);
                    member.Value.Write(writer);
                }

                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (JsonPart item in Items)
                {
                    item.Write(writer);
                }

                writer.WriteEndArray();
                break;
            case JsonValueKind.String:
                writer.WriteStringValue(Text);
                break;
            case JsonValueKind.Number:
                writer.WriteRawValue(Text);
                break;
            case JsonValueKind.True or JsonValueKind.False:
                writer.WriteBooleanValue(Kind == JsonValueKind.True);
                break;
            default:
                writer.WriteNullValue();
                break;
        }
    }

    private static bool IsInvisible(Rune rune) => Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control
        or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;

    private static string Cut(string text) => text.Length <= 80 ? text : text[..(char.IsHighSurrogate(text[79]) ? 79 : 80)] + "…";
}

/// <summary>One member of a JSON object.</summary>
/// <param name="Name">Its key.</param>
/// <param name="Offset">Byte of the document at which the key begins.</param>
/// <param name="Value">Its value.</param>
internal readonly record struct JsonMember(string Name, int Offset, JsonPart Value);
