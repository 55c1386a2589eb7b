using System.Collections.ObjectModel;
using System.Globalization;
using System.Text.Json;

namespace Edge.Config;

/// <summary>Reads an object whose keys an operator chooses.</summary>
internal static class MapReader
{
    /// <summary>A number for each key; null when something of it cannot be used, and then there is at least one more finding.</summary>
    public static ReadOnlyDictionary<string, double>? Numbers(ConfigField field, JsonPart map, string path, ConfigFindings findings) => Read(
        field, map, path, findings, part => part.Kind == JsonValueKind.Number ? double.Parse(part.Text, NumberStyles.Float, CultureInfo.InvariantCulture) + 0.0 : double.NaN, // -0 and 0 mean the same and must hash the same.
        (_, number) => field.Limits.Allows(number), $"a number{field.Limits.NumberClause}", "write such a number, or delete the key");

    /// <summary>A text for each key, which must be what a key must be; null when something of it cannot be used, and then there is at least one more finding.</summary>
    public static ReadOnlyDictionary<string, string>? Texts(ConfigField field, JsonPart map, string path, ConfigFindings findings) => Read(
        field, map, path, findings, part => part.Text,
        (part, text) => part.Kind == JsonValueKind.String && field.Limits.Allows(text), field.Limits.TextClause, "write such a text in double quotes, or delete the key");

    /// <summary>The values by key, in the order of the keys and not of the document, since both mean the same and must hash the same.</summary>
    private static ReadOnlyDictionary<string, T>? Read<T>(ConfigField field, JsonPart map, string path, ConfigFindings findings, Func<JsonPart, T> valueOf, Func<JsonPart, T, bool> allows, string expected, string remedy)
    {
        int before = findings.Count;
        if (!field.Limits.AllowsCount(map.Members.Count))
        {
            findings.Add(path, map.Shown, field.Expected, $"shorten it, {field.OrDefault}", map.Offset);
        }

        var values = new SortedDictionary<string, T>(StringComparer.Ordinal);
        foreach (JsonMember member in map.Members)
        {
            string memberPath = ConfigPath.Member(path, member.Name);
            findings.Given(memberPath, member.Value.Offset);
            if (!field.Limits.Allows(member.Name))
            {
                findings.Add(memberPath, JsonPart.Quote(member.Name), $"a key that is {field.Limits.TextClause}", "correct the key, or delete it", member.Value.Offset);
            }

            T value = valueOf(member.Value);
            if (!allows(member.Value, value))
            {
                findings.Add(memberPath, member.Value.Shown, expected, remedy, member.Value.Offset);
            }

            values[member.Name] = value;
        }

        return findings.Count == before ? new ReadOnlyDictionary<string, T>(values) : null;
    }
}
