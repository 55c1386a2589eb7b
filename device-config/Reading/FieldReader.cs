using System.Collections.ObjectModel;
using System.Globalization;
using System.Text.Json;

namespace Edge.Config;

/// <summary>Reads the value of one key.</summary>
internal static class FieldReader
{
    /// <summary>The value as the section's property takes it; null when it cannot be used, and then there is at least one more finding.</summary>
    public static object? Read(ConfigField field, JsonPart part, string path, ConfigFindings findings) => (field.Kind, part.Kind) switch
    {
        (FieldKind.Flag, JsonValueKind.True or JsonValueKind.False) => part.Kind == JsonValueKind.True,
        (FieldKind.Integer, JsonValueKind.Number) => (int?)Number(field, part, path, findings),
        (FieldKind.Number, JsonValueKind.Number) => Number(field, part, path, findings),
        (FieldKind.Text, JsonValueKind.String) => Text(field, part, path, field.OrDefault, findings),
        (FieldKind.TextList, JsonValueKind.Array) => TextList(field, part, path, findings),
        (FieldKind.TripleList, JsonValueKind.Array) => TripleListReader.Read(field, part, path, findings),
        (FieldKind.NumberMap, JsonValueKind.Object) => MapReader.Numbers(field, part, path, findings),
        (FieldKind.TextMap, JsonValueKind.Object) => MapReader.Texts(field, part, path, findings),
        _ => WrongType(field, part, path, findings),
    };

    private static double? Number(ConfigField field, JsonPart part, string path, ConfigFindings findings)
    {
        // 1e999 parses to infinity, which no range allows. Adding zero turns -0 into 0: they mean the same and must hash the same.
        double number = double.Parse(part.Text, NumberStyles.Float, CultureInfo.InvariantCulture) + 0.0;
        bool isInteger = field.Kind == FieldKind.Integer;
        if (isInteger && double.IsFinite(number) && number != Math.Truncate(number))
        {
            double low = Math.Floor(number);
            string choice = field.Limits.Allows(low) && field.Limits.Allows(low + 1)
                ? $"round it to {FieldLimits.Plain(low)} or {FieldLimits.Plain(low + 1)}"
                : "write it without a fraction";
            findings.Add(path, part.Shown, field.Expected, $"{choice}, {field.OrDefault}", part.Offset);
            return null;
        }

        if (!field.Limits.Allows(number) || (isInteger && number is < int.MinValue or > int.MaxValue))
        {
            string move = number < field.Limits.Min
                ? $"raise it to {FieldLimits.Plain(field.Limits.Min.Value)} or more"
                : $"lower it to {FieldLimits.Plain(field.Limits.Max ?? int.MaxValue)} or less";
            findings.Add(path, part.Shown, field.Expected, $"{move}, {field.OrDefault}", part.Offset);
            return null;
        }

        return number;
    }

    private static string? Text(ConfigField field, JsonPart part, string path, string otherwise, ConfigFindings findings)
    {
        if (field.Limits.Allows(part.Text))
        {
            return part.Text;
        }

        string? meant = NearestKey.To(part.Text, field.Limits.Allowed) ?? (field.Limits.Allowed.Count == 1 ? field.Limits.Allowed[0] : null);
        string remedy = (meant is null ? "change it, " : $"write {JsonPart.Quote(meant)}, ") + otherwise;
        findings.Add(path, part.Shown, field.Limits.TextClause, remedy, part.Offset);
        return null;
    }

    private static ReadOnlyCollection<string>? TextList(ConfigField field, JsonPart part, string path, ConfigFindings findings)
    {
        int before = findings.Count;
        if (!field.Limits.AllowsCount(part.Items.Count))
        {
            findings.Add(path, part.Shown, field.Expected, $"{(part.Items.Count < field.Limits.MinCount ? "add to it" : "shorten it")}, {field.OrDefault}",
                part.Offset);
        }

        var texts = new List<string>(part.Items.Count);
        foreach (JsonPart item in part.Items)
        {
            string itemPath = ConfigPath.Item(path, texts.Count);
            findings.Given(itemPath, item.Offset);
            if (item.Kind != JsonValueKind.String)
            {
                findings.Add(itemPath, item.Shown, field.Limits.TextClause, "write a text in double quotes, or delete the element", item.Offset);
            }

            texts.Add(item.Kind == JsonValueKind.String ? Text(field, item, itemPath, "or delete the element", findings) ?? "" : "");
        }

        return findings.Count == before ? texts.AsReadOnly() : null;
    }

    private static object? WrongType(ConfigField field, JsonPart part, string path, ConfigFindings findings)
    {
        string remedy = (part.Kind, field.Kind) switch
        {
            (JsonValueKind.Null, _) => $"give it a value, {field.OrDefault}",
            (JsonValueKind.String, FieldKind.Flag or FieldKind.Integer or FieldKind.Number) when IsQuoted(field, part.Text) =>
                $"write {part.Text} without quotes",
            (JsonValueKind.Number, FieldKind.Text) => $"write \"{part.Shown}\" in double quotes, {field.OrDefault}",
            (JsonValueKind.String, FieldKind.TextList) => $"write [{part.Shown}], {field.OrDefault}",
            (_, FieldKind.Flag) => $"write true or false, {field.OrDefault}",
            (_, FieldKind.Integer or FieldKind.Number) => $"write a number, {field.OrDefault}",
            (_, FieldKind.Text) => $"write a text in double quotes, {field.OrDefault}",
            (_, FieldKind.NumberMap) => $"write it like {{\"a\": 10}}, {field.OrDefault}",
            (_, FieldKind.TextMap) => $"write it like {{\"a\": \"b\"}}, {field.OrDefault}",
            _ => $"write a list in square brackets, {field.OrDefault}",
        };
        findings.Add(path, part.Shown, field.Expected, remedy, part.Offset);
        return null;
    }

    /// <summary>Whether <paramref name="text"/> would be right if it had no quotes around it.</summary>
    private static bool IsQuoted(ConfigField field, string text) => field.Kind == FieldKind.Flag
        ? text is "true" or "false"
        : text.Length <= 40
            && double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out double number)
            && field.Limits.Allows(number) && (field.Kind == FieldKind.Number || number == Math.Truncate(number));
}
