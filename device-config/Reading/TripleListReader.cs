using System.Collections.ObjectModel;
using System.Globalization;
using System.Text.Json;

namespace Edge.Config;

/// <summary>Reads a list of lists of three integers.</summary>
internal static class TripleListReader
{
    private const int TripleLength = 3;

    /// <summary>The triples; null when one of them cannot be used, and then there is at least one more finding.</summary>
    public static ReadOnlyCollection<IReadOnlyList<int>>? Read(ConfigField field, JsonPart list, string path, ConfigFindings findings)
    {
        int before = findings.Count;
        if (!field.Limits.AllowsCount(list.Items.Count))
        {
            findings.Add(path, list.Shown, field.Expected, $"shorten it, {field.OrDefault}", list.Offset);
        }

        var triples = new List<IReadOnlyList<int>>(list.Items.Count);
        foreach (JsonPart item in list.Items)
        {
            string itemPath = ConfigPath.Item(path, triples.Count);
            findings.Given(itemPath, item.Offset);
            if (item.Kind != JsonValueKind.Array || item.Items.Count != TripleLength)
            {
                findings.Add(itemPath, item.Shown, $"a list of three integers{field.Limits.NumberClause}", "write it like [0, 1, 2], or delete the element", item.Offset);
            }

            triples.Add(Triple(field, item, itemPath, findings));
        }

        return findings.Count == before ? triples.AsReadOnly() : null;
    }

    private static ReadOnlyCollection<int> Triple(ConfigField field, JsonPart triple, string path, ConfigFindings findings)
    {
        var numbers = new List<int>(TripleLength);
        foreach (JsonPart item in triple.Items)
        {
            string itemPath = ConfigPath.Item(path, numbers.Count);
            findings.Given(itemPath, item.Offset);
            double number = item.Kind == JsonValueKind.Number ? double.Parse(item.Text, NumberStyles.Float, CultureInfo.InvariantCulture) : double.NaN;
            bool fits = number == Math.Truncate(number) && field.Limits.Allows(number);
            if (!fits)
            {
                findings.Add(itemPath, item.Shown, $"an integer{field.Limits.NumberClause}", "write such a number, or delete the list of three", item.Offset);
            }

            numbers.Add(fits ? (int)number : 0);
        }

        return numbers.AsReadOnly();
    }
}
