using System.CommandLine;
using System.Globalization;
using Edge.Storage;

namespace Edge.Runtime.Commands;

/// <summary>Which examples <c>edge replay list</c> and <c>export</c> are about.</summary>
public sealed class ReplayFilter
{
    private static readonly string[] s_roles = ["replay", "anchor", "fresh"];
    private readonly Option<string[]> classes = new("--class") { Description = "Only of this class, by its name now or, where labels.renamed has it, the one before; may be given several times." };
    private readonly Option<string?> role = new("--role") { Description = "Only of this role; fresh waits for a round only. [default: all]" };
    private readonly Option<double?> from = Seconds("--from", "Only windows that start at this stream time or later, seconds.");
    private readonly Option<double?> to = Seconds("--to", "Only windows that start before this stream time, seconds.");

    /// <summary>Its options.</summary>
    public void AddTo(Command command)
    {
        role.AcceptOnlyFromAmong(s_roles);
        foreach (Option option in new Option[] { classes, role, from, to }) command.Add(option);
    }

    /// <summary>The examples that pass, in the order of their ids.</summary>
    public List<Example> Of(IEnumerable<Example> examples, ParseResult parsed, ClassNames names)
    {
        string[] wanted = Wanted(parsed, names);
        ExampleRole? part = parsed.GetValue(role) is { } name ? Enum.Parse<ExampleRole>(name, ignoreCase: true) : null;
        var (first, end) = (parsed.GetValue(from), parsed.GetValue(to));
        return [.. examples.Where(e => (wanted.Length == 0 || wanted.Contains(e.Class, StringComparer.Ordinal)) && (part is null || e.Role == part) && !(e.StartSeconds < first) && !(e.StartSeconds >= end))];
    }

    /// <summary>Why nothing passes, where a wanted class is not in the store; else that nothing does.</summary>
    public string WhyNone(IEnumerable<Example> examples, ParseResult parsed, ClassNames names)
    {
        string[] held = [.. examples.Select(e => e.Class).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        string[] strange = [.. Wanted(parsed, names).Except(held, StringComparer.Ordinal)];
        string kept = held.Length == 0 ? "it holds no example" : $"it holds {string.Join(", ", held)}";
        return strange.Length > 0 ? $"the store has no example of {string.Join(", ", strange)}; {kept}" : $"no example passes the filter; the store {kept[3..]}";
    }

    private string[] Wanted(ParseResult parsed, ClassNames names) => [.. (parsed.GetValue(classes) ?? []).Select(names.FromStored)];

    private static Option<double?> Seconds(string name, string description) => new(name)
    {
        Description = description,
        CustomParser = result =>
        {
            if (result.Tokens is [var token] && double.TryParse(token.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value)) return value;
            result.AddError($"{name} {string.Join(' ', result.Tokens.Select(t => t.Value))}: expected seconds of stream time, a number such as 12.5.");
            return null;
        },
    };
}
