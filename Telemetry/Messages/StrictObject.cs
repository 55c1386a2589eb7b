using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Edge.Telemetry.Messages;

/// <summary>
/// Reads one flat JSON object of a few known properties and lists everything that is wrong with it. Values are kept as the exact bytes they came as. It never
/// throws, whatever the
/// bytes.
/// </summary>
internal sealed class StrictObject
{
    /// <summary>Largest inbound message, bytes.</summary>
    public const int MaxBytes = 256 * 1024;

    private readonly Dictionary<string, (JsonTokenType Type, ReadOnlyMemory<byte> Bytes)> _values = new(StringComparer.Ordinal);
    private readonly string _known;

    private StrictObject(IReadOnlyList<string> known) => _known = string.Join(", ", known);

    public List<MessageProblem> Problems { get; } = [];

    /// <summary>True when the bytes could not be read to the end, so that a missing property says nothing.</summary>
    private bool Unreadable { get; set; }

    public static StrictObject Read(ReadOnlyMemory<byte> payload, IReadOnlyList<string> known)
    {
        StrictObject read = new(known);
        if (payload.Length > MaxBytes)
        {
            read.GiveUp($"{payload.Length} bytes", $"at most {MaxBytes} bytes", "Send less.");
        }
        else if (!Utf8.IsValid(payload.Span))
        {
            read.GiveUp("not UTF-8", "a JSON object in UTF-8", "Encode the text as UTF-8.");
        }
        else
        {
            try
            {
                read.Walk(payload, known);
            }
            catch (JsonException e)
            {
                string where = $"line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}";
                read.GiveUp(Shorten(Encoding.UTF8.GetString(payload.Span)), $"a JSON object; it breaks off at {where}", "Check the syntax.");
            }
        }

        return read;
    }

    /// <summary>An unsigned whole number.</summary>
    public ulong? WholeNumber(string name, bool required = true)
    {
        if (!TryGet(name, required, "a whole number, 0 or more", out (JsonTokenType Type, ReadOnlyMemory<byte> Bytes) found))
        {
            return null;
        }

        if (found.Type == JsonTokenType.Number && ulong.TryParse(found.Bytes.Span, System.Globalization.NumberStyles.None, null, out ulong number))
        {
            return number;
        }

        Wrong(name, found.Bytes, "a whole number, 0 or more");
        return null;
    }

    /// <summary>A text of 1 to <paramref name="maxLength"/> characters.</summary>
    public string? Text(string name, int maxLength, bool required = true)
    {
        string expectation = $"a text of 1 to {maxLength} characters";
        if (!TryGet(name, required, expectation, out (JsonTokenType Type, ReadOnlyMemory<byte> Bytes) found))
        {
            return null;
        }

        if (found.Type == JsonTokenType.String && Unquote(found.Bytes.Span) is { } text && text.Length >= 1 && text.Length <= maxLength)
        {
            return text;
        }

        Wrong(name, found.Bytes, expectation);
        return null;
    }

    /// <summary>The version of the payload, which may be left out; of another one nothing is known here.</summary>
    public void Version(string schemaName)
    {
        if (_values.TryGetValue("schema", out (JsonTokenType Type, ReadOnlyMemory<byte> Bytes) found) && (found.Type != JsonTokenType.String || Unquote(found.Bytes.Span) != schemaName))
        {
            Wrong("schema", found.Bytes, schemaName);
        }
    }

    private static string? Unquote(ReadOnlySpan<byte> json)
    {
        Utf8JsonReader reader = new(json);
        reader.Read();
        return TextOf(ref reader);
    }

    private static string? TextOf(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString();
        }
        catch (InvalidOperationException)
        {
            return null; // an escaped lone surrogate, which no .NET string built from UTF-8 can hold
        }
    }

    private static string Shorten(string text) => text.Length <= 64 ? text : string.Concat(text.AsSpan(0, 61), "...");

    private void Walk(ReadOnlyMemory<byte> payload, IReadOnlyList<string> known)
    {
        Utf8JsonReader reader = new(payload.Span);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            GiveUp(Shorten(Encoding.UTF8.GetString(payload.Span)), "a JSON object", "Put the properties between { and }.");
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = TextOf(ref reader) ?? "\uFFFD";
            reader.Read();
            int start = (int)reader.TokenStartIndex;
            JsonTokenType type = reader.TokenType;
            reader.Skip();
            ReadOnlyMemory<byte> bytes = payload[start..(int)reader.BytesConsumed];
            if (!known.Contains(name))
            {
                Problems.Add(new MessageProblem(Shorten(name), Shorten(Encoding.UTF8.GetString(bytes.Span)), $"only {_known}", "Remove it or correct its name."));
            }
            else if (!_values.TryAdd(name, (type, bytes)))
            {
                Problems.Add(new MessageProblem(name, Shorten(Encoding.UTF8.GetString(bytes.Span)), "each property once", "Remove one of the two."));
            }
        }

        reader.Read(); // throws when something follows the object
    }

    private bool TryGet(string name, bool required, string expectation, out (JsonTokenType Type, ReadOnlyMemory<byte> Bytes) found)
    {
        bool has = _values.TryGetValue(name, out found);
        if (!has && required && !Unreadable)
        {
            Problems.Add(new MessageProblem(name, "missing", expectation, "Add it."));
        }

        return has;
    }

    private void Wrong(string name, ReadOnlyMemory<byte> bytes, string expectation) =>
        Problems.Add(new MessageProblem(name, Shorten(Encoding.UTF8.GetString(bytes.Span)), expectation, "Correct the value."));

    private void GiveUp(string value, string expectation, string remedy)
    {
        Unreadable = true;
        Problems.Add(new MessageProblem("message", value, expectation, remedy));
    }
}
