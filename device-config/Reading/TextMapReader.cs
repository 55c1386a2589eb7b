using System.Collections.ObjectModel;
using System.Text.Json;

namespace Edge.Config;

/// <summary>Reads an object whose keys an operator chooses, with a text each; what a text must be, a key must be too.</summary>
internal static class TextMapReader
{
    /// <summary>The texts by key, in the order of the keys and not of the document, since both mean the same and must hash the same; null when something of it cannot be used, and then there is at least one more finding.</summary>
    public static ReadOnlyDictionary<string, string>? Read(ConfigField field, JsonPart map, string path, ConfigFindings findings)
    {
        int before = findings.Count;
        if (!field.Limits.AllowsCount(map.Members.Count))
        {
            findings.Add(path, map.Shown, field.Expected, $"shorten it, {field.OrDefault}", map.Offset);
        }

        var texts = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (JsonMember member in map.Members)
        {
            string memberPath = ConfigPath.Member(path, member.Name);
            findings.Given(memberPath, member.Value.Offset);
            if (!field.Limits.Allows(member.Name))
            {
                findings.Add(memberPath, JsonPart.Quote(member.Name), $"a key that is {field.Limits.TextClause}", "correct the key, or delete it", member.Value.Offset);
            }

            if (member.Value.Kind != JsonValueKind.String || !field.Limits.Allows(member.Value.Text))
            {
                findings.Add(memberPath, member.Value.Shown, field.Limits.TextClause, "write such a text in double quotes, or delete the key", member.Value.Offset);
            }

            texts[member.Name] = member.Value.Text;
        }

        return findings.Count == before ? new ReadOnlyDictionary<string, string>(texts) : null;
    }
}
