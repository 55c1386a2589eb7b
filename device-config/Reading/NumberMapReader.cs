using System.Collections.ObjectModel;
using System.Globalization;
using System.Text.Json;

namespace Edge.Config;

/// <summary>Reads an object whose keys an operator chooses, with a number each.</summary>
internal static class NumberMapReader
{
    /// <summary>The numbers by key, in the order of the keys and not of the document, since both mean the same and must hash the same; null when something of it cannot be used, and then there is at least one more finding.</summary>
    public static ReadOnlyDictionary<string, double>? Read(ConfigField field, JsonPart map, string path, ConfigFindings findings)
    {
        int before = findings.Count;
        if (!field.Limits.AllowsCount(map.Members.Count))
        {
            findings.Add(path, map.Shown, field.Expected, $"shorten it, {field.OrDefault}", map.Offset);
        }

        var numbers = new SortedDictionary<string, double>(StringComparer.Ordinal);
        foreach (JsonMember member in map.Members)
        {
            string memberPath = ConfigPath.Member(path, member.Name);
            findings.Given(memberPath, member.Value.Offset);
            if (!field.Limits.Allows(member.Name))
            {
                findings.Add(memberPath, JsonPart.Quote(member.Name), $"a key that is {field.Limits.TextClause}", "correct the key, or delete it", member.Value.Offset);
            }

            double number = member.Value.Kind == JsonValueKind.Number ? double.Parse(member.Value.Text, NumberStyles.Float, CultureInfo.InvariantCulture) + 0.0 : double.NaN;
            if (!field.Limits.Allows(number))
            {
                findings.Add(memberPath, member.Value.Shown, $"a number{field.Limits.NumberClause}", "write such a number, or delete the key", member.Value.Offset);
            }

            numbers[member.Name] = number;
        }

        return findings.Count == before ? new ReadOnlyDictionary<string, double>(numbers) : null;
    }
}
