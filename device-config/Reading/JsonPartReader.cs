using System.Text.Json;

namespace Edge.Config;

/// <summary>
/// Reads one JSON document into <see cref="JsonPart"/>s. Comments and trailing commas are allowed, because people write these files; everything else is RFC
/// 8259. A document that is too
/// large, too deep, not UTF-8 or not JSON is one problem and gives no parts; a key given twice is a problem each time and reading goes on.
/// </summary>
internal sealed class JsonPartReader
{
    /// <summary>Largest document, bytes: the default document has 2 KiB, so this is a bound on harm, not on use.</summary>
    public const int MaxBytes = 256 * 1024;

    /// <summary>Deepest nesting of objects and arrays; the sections need 5.</summary>
    public const int MaxDepth = 32;

    private readonly ConfigText _text;
    private readonly string _place;
    private readonly ConfigFindings _findings;

    private JsonPartReader(ConfigText text, string place, ConfigFindings findings)
    {
        _text = text;
        _place = place;
        _findings = findings;
    }

    /// <summary>Reads <paramref name="text"/>; null when it could not be read, and then there is one more finding.</summary>
    /// <param name="text">The document.</param>
    /// <param name="place">Empty, or <c> in NAME</c> where a problem must say in which of several documents it lies.</param>
    /// <param name="findings">Takes the problems.</param>
    public static JsonPart? Read(ConfigText text, string place, ConfigFindings findings) => new JsonPartReader(text, place, findings).Read();

    private JsonPart? Read()
    {
        if (_text.Utf8.Length > MaxBytes)
        {
            Stop(null, $"{_text.Utf8.Length} bytes long", $"at most {MaxBytes} bytes long", "shorten it; the whole default document has 2 KiB");
            return null;
        }

        if (_text.FirstBrokenByte() is >= 0 and int broken)
        {
            Stop(broken, $"not UTF-8 from byte 0x{_text.Utf8[broken]:x2} on", "JSON in UTF-8",
                "save it in that encoding; what follows this place has not been read");
            return null;
        }

        var reader = new Utf8JsonReader(_text.Utf8, new JsonReaderOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true,
            MaxDepth = MaxDepth + 1 });
        try
        {
            reader.Read();
            JsonPart? part = ReadPart(ref reader, "");
            while (part is not null && reader.Read())
            {
            }

            return part;
        }
        catch (JsonException e)
        {
            bool isBlank = e.Message.StartsWith("The input does not contain any JSON tokens", StringComparison.Ordinal);
            int offset = _text.LineStart(e.LineNumber ?? 0) + (int)(e.BytePositionInLine ?? 0);
            Stop(offset, isBlank ? "empty" : $"not JSON ({Reason(e)})", isBlank ? "a JSON object" : "a JSON document",
                isBlank ? "write {} for all defaults" : "mend it there; what follows this place has not been read");
            return null;
        }
        catch (InvalidOperationException)
        {
            // Utf8JsonReader.GetString on an escape such as \ud800 that is half a character.
            Stop((int)reader.TokenStartIndex, "not JSON (half of a \\u surrogate pair)", "a JSON document",
                "write the character itself; what follows this place has not been read");
            return null;
        }
    }

    private JsonPart? ReadPart(ref Utf8JsonReader reader, string path)
    {
        int offset = (int)reader.TokenStartIndex;
        if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray && reader.CurrentDepth >= MaxDepth)
        {
            Stop(offset, $"nested deeper than {MaxDepth} levels", $"nested at most {MaxDepth} levels deep", "flatten it; the sections need 5 levels");
            return null;
        }

        return reader.TokenType switch
        {
            JsonTokenType.StartObject => ReadObject(ref reader, path, offset),
            JsonTokenType.StartArray => ReadArray(ref reader, path, offset),
            JsonTokenType.String => new JsonPart(JsonValueKind.String, offset) { Text = reader.GetString()! },
            JsonTokenType.Number => new JsonPart(JsonValueKind.Number, offset) { Text = System.Text.Encoding.UTF8.GetString(reader.ValueSpan) },
            JsonTokenType.True => new JsonPart(JsonValueKind.True, offset),
            JsonTokenType.False => new JsonPart(JsonValueKind.False, offset),
            _ => new JsonPart(JsonValueKind.Null, offset),
        };
    }

    private JsonPart? ReadObject(ref Utf8JsonReader reader, string path, int offset)
    {
        var members = new List<JsonMember>();
        var firstOffsets = new Dictionary<string, int>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            string name = reader.GetString()!;
            int nameOffset = (int)reader.TokenStartIndex;
            string memberPath = ConfigPath.Member(path, name);
            reader.Read();
            if (ReadPart(ref reader, memberPath) is not JsonPart value)
            {
                return null;
            }

            if (firstOffsets.TryAdd(name, nameOffset))
            {
                members.Add(new JsonMember(name, nameOffset, value));
            }
            else
            {
                int firstLine = _findings.IsFull ? 0 : _text.Locate(firstOffsets[name]).Line;
                _findings.Add(memberPath, $"given again{_place}", $"given once (first on line {firstLine})", "delete one of the two", nameOffset);
            }
        }

        return new JsonPart(JsonValueKind.Object, offset) { Members = members };
    }

    private JsonPart? ReadArray(ref Utf8JsonReader reader, string path, int offset)
    {
        var items = new List<JsonPart>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (ReadPart(ref reader, ConfigPath.Item(path, items.Count)) is not JsonPart item)
            {
                return null;
            }

            items.Add(item);
        }

        return new JsonPart(JsonValueKind.Array, offset) { Items = items };
    }

    private void Stop(int? offset, string value, string expected, string remedy)
    {
        (int? line, int? column) = offset is int o ? _text.Locate(o) : ((int?)null, (int?)null);
        _findings.Add(new ConfigProblem("", value + _place, expected, remedy, line, column));
    }

    /// <summary>
    /// The parser's own words without the position that it appends (0-based and in bytes; ours is 1-based and in characters) and its full stop. It quotes the document: control characters
    /// are escaped.
    /// </summary>
    private static string Reason(JsonException e)
    {
        string message = e.Message;
        int position = message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        string words = (position < 0 ? message : message[..position]).TrimEnd('.', ' ').ReplaceLineEndings(" ").Replace(". Expected", "; expected", StringComparison.Ordinal);
        return string.Concat(words.Select(c => char.IsControl(c) ? $"\\u{(int)c:x4}" : c.ToString()));
    }
}
