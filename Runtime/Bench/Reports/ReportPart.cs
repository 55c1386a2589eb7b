namespace Edge.Runtime.Bench.Reports;

/// <summary>The parts of a report, by the names that a document asks for.</summary>
public static class ReportPart
{
    private static readonly Dictionary<string, Func<BenchReport, string>> s_parts = new(StringComparer.Ordinal)
    {
        ["table"] = TablePart.Text,
        ["run"] = RunPart.Text,
        ["gate"] = GatePart.Text,
        ["published"] = PublishedPart.Text,
        ["loss"] = LossPart.Text,
        ["cost"] = CostPart.Text,
    };

    /// <summary>Name of the part that is pictures; it needs a place for them.</summary>
    public const string Plots = "plots";

    /// <summary>All names.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. s_parts.Keys, Plots];

    /// <summary>A part as Markdown.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="report">What was measured.</param>
    /// <param name="plotPath">Gives the path of a picture, by its file name, as the document links to it.</param>
    public static string Text(string name, BenchReport report, Func<string, string> plotPath) => name == Plots
        ? string.Concat(Reports.Plots.Of(report).Select(plot => $"![{plot.Caption}]({plotPath(plot.FileName)})\n\n"))
        : s_parts[name](report);
}
