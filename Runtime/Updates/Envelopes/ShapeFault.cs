using System.Collections;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Edge.Runtime.Updates.Envelopes;

/// <summary>Says of JSON that could not be read as a type what is wrong, where, and what belongs there, in the words of the document: whoever wrote it does not know the types of this program.</summary>
internal static class ShapeFault
{
    private const int LongestQuote = 60;

    /// <summary>The first fault, as a clause with its remedy.</summary>
    /// <param name="utf8">What was read; UTF-8.</param>
    /// <param name="type">As what.</param>
    /// <param name="options">How.</param>
    public static string Of(ReadOnlySpan<byte> utf8, Type type, JsonSerializerOptions options)
    {
        try
        {
            using var document = JsonDocument.Parse(utf8.ToArray(), new JsonDocumentOptions { MaxDepth = options.MaxDepth });
            return In(document.RootElement, type, options, "") ?? "it has another shape than what belongs here; see the contract of its topic";
        }
        catch (JsonException e)
        {
            return $"it is not JSON of at most {options.MaxDepth} levels: {Quote(Encoding.UTF8.GetString(utf8))} breaks off at line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}; mend it there";
        }
        catch (InvalidOperationException)
        {
            return "it has half of a \\u surrogate pair in a name; write the character itself"; // A name is decoded only when somebody asks for it.
        }
    }

    private static string? In(JsonElement value, Type type, JsonSerializerOptions options, string path)
    {
        if (type == typeof(JsonElement)) return InFree(value, path);
        var shape = options.GetTypeInfo(Nullable.GetUnderlyingType(type) ?? type);
        if (value.ValueKind == JsonValueKind.Object && shape.Kind == JsonTypeInfoKind.Object) return InObject(value, shape, options, path);
        if (value.ValueKind == JsonValueKind.Array && shape.Kind == JsonTypeInfoKind.Enumerable && shape.ElementType is { } element)
        {
            return value.EnumerateArray().Select((one, at) => In(one, element, options, $"{path}[{at}]")).FirstOrDefault(fault => fault is not null);
        }

        try
        {
            _ = value.Deserialize(type, options);
            return value.ValueKind == JsonValueKind.Null && type == shape.Type ? $"{Name(path)} is null; expected {Kind(shape)}" : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or NotSupportedException or ArgumentException or OverflowException)
        {
            return $"{Name(path)} is {Quote(value.GetRawText())}; expected {Kind(shape)}";
        }
    }

    /// <summary>Where any shape is taken, only a member that is there twice is a fault.</summary>
    private static string? InFree(JsonElement value, string path)
    {
        if (value.ValueKind == JsonValueKind.Array) return value.EnumerateArray().Select((one, at) => InFree(one, $"{path}[{at}]")).FirstOrDefault(fault => fault is not null);
        if (value.ValueKind != JsonValueKind.Object) return null;
        HashSet<string> seen = new(StringComparer.Ordinal);
        return value.EnumerateObject().Select(one => seen.Add(one.Name) ? InFree(one.Value, Below(path, one.Name)) : $"{Below(path, one.Name)} is there twice; leave one").FirstOrDefault(fault => fault is not null);
    }

    private static string? InObject(JsonElement value, JsonTypeInfo shape, JsonSerializerOptions options, string path)
    {
        var members = shape.Properties.Where(one => one.Set is not null || one.AssociatedParameter is not null).ToDictionary(one => one.Name, StringComparer.Ordinal);
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (var one in value.EnumerateObject())
        {
            string at = Below(path, one.Name);
            if (!members.TryGetValue(one.Name, out var member)) return $"{Quote(at)} is unknown; expected only {string.Join(", ", members.Keys)}; remove it or correct its name";
            if (!seen.Add(one.Name)) return $"{at} is there twice; leave one";
            if (one.Value.ValueKind == JsonValueKind.Null && (member.IsSetNullable || member.AssociatedParameter is { IsNullable: true })) continue;
            if (In(one.Value, member.PropertyType, options, at) is { } fault) return fault;
        }

        return members.Values.FirstOrDefault(one => !seen.Contains(one.Name) && (one.IsRequired || one.AssociatedParameter is { HasDefaultValue: false })) is { } missing
            ? $"{Below(path, missing.Name)} is missing; add it, {Kind(options.GetTypeInfo(Nullable.GetUnderlyingType(missing.PropertyType) ?? missing.PropertyType))}" : null;
    }

    private static string Kind(JsonTypeInfo shape) => Type.GetTypeCode(shape.Type) switch
    {
        _ when shape.Type.IsEnum => $"one of {string.Join(", ", Enum.GetNames(shape.Type).Select(name => JsonNamingPolicy.CamelCase.ConvertName(name)))}",
        TypeCode.Boolean => "true or false",
        TypeCode.Double or TypeCode.Single or TypeCode.Decimal => "a number",
        >= TypeCode.SByte and <= TypeCode.UInt64 => "a whole number",
        TypeCode.String => "a text",
        TypeCode.DateTime => "a time such as 2026-01-31T12:00:00Z",
        _ when shape.Type == typeof(DateTimeOffset) => "a time such as 2026-01-31T12:00:00Z",
        _ when shape.Type == typeof(byte[]) => "bytes in base64",
        _ when shape.Type.IsAssignableTo(typeof(IEnumerable)) && shape.Kind == JsonTypeInfoKind.Enumerable => "a list",
        _ => "an object",
    };

    private static string Below(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";

    private static string Name(string path) => path.Length == 0 ? "it" : path;

    /// <summary>What was sent, short and without what would move a terminal's cursor.</summary>
    private static string Quote(string text)
    {
        string shown = string.Concat(text.Take(LongestQuote).Select(c => char.IsControl(c) ? ' ' : c));
        return text.Length > LongestQuote ? $"'{shown}…'" : $"'{shown}'";
    }
}
