namespace Edge.Config;

/// <summary>Values as a rejection shows them: short, whatever was written.</summary>
internal static class RuleText
{
    /// <summary>A number.</summary>
    public static string Show(double number) => FieldLimits.Plain(number);

    /// <summary>A list; only its length where it is long.</summary>
    public static string Show(IReadOnlyList<string> texts)
    {
        string json = "[" + string.Join(", ", texts.Take(8).Select(JsonPart.Quote)) + (texts.Count > 8 ? ", …]" : "]");
        return json.Length <= 200 ? json : $"a list of {texts.Count}";
    }
}
