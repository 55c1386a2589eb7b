using System.CommandLine;
using Edge.Storage;

namespace Edge.Runtime.Commands;

/// <summary>Which examples <c>edge replay list</c> and <c>export</c> are about.</summary>
public sealed class ReplayFilter
{
    private readonly Option<string[]> classes = new("--class") { Description = "Only of this class; may be given several times." };
    private readonly Option<ExampleRole?> role = new("--role") { Description = "Only of this role: replay, anchor, fresh (waits for a round only). [default: all]" };
    private readonly Option<double?> from = new("--from") { Description = "Only windows that start at this stream time or later, seconds." };
    private readonly Option<double?> to = new("--to") { Description = "Only windows that start before this stream time, seconds." };

    /// <summary>Its options.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { classes, role, from, to }) command.Add(option);
    }

    /// <summary>The examples that pass, in the order of their ids.</summary>
    public List<Example> Of(IEnumerable<Example> examples, ParseResult parsed)
    {
        string[] wanted = parsed.GetValue(classes) ?? [];
        var part = parsed.GetValue(role);
        var (first, end) = (parsed.GetValue(from), parsed.GetValue(to));
        return [.. examples.Where(e => (wanted.Length == 0 || wanted.Contains(e.Class, StringComparer.Ordinal)) && (part is null || e.Role == part) && !(e.StartSeconds < first) && !(e.StartSeconds >= end))];
    }
}
