using System.Text;

namespace Edge.Runtime.Bench.Reports;

/// <summary>A Markdown table whose columns are padded, so that it reads well unrendered too.</summary>
public sealed class MarkdownTable(params IReadOnlyList<string> header)
{
    private readonly List<IReadOnlyList<string>> rows = [];

    /// <summary>Columns that hold text; all others hold figures and are set to the right.</summary>
    public IReadOnlySet<int> TextColumns { get; init; } = new HashSet<int> { 0 };

    /// <summary>Adds a row.</summary>
    /// <exception cref="ArgumentException">It has not as many cells as the header.</exception>
    public void Add(params IReadOnlyList<string> cells)
    {
        if (cells.Count != header.Count) throw new ArgumentException($"a row of {cells.Count} cells does not fit a table of {header.Count} columns", nameof(cells));
        rows.Add([.. cells.Select(Escaped)]);
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        int[] widths = [.. header.Select((name, c) => Math.Max(3, rows.Select(row => row[c].Length).Append(name.Length).Max()))];
        var text = new StringBuilder();
        Line(text, [.. header.Select(Padded)]);
        Line(text, [.. widths.Select((width, c) => TextColumns.Contains(c) ? new string('-', width) : new string('-', width - 1) + ":")]);
        foreach (var row in rows) Line(text, [.. row.Select(Padded)]);
        return text.ToString();

        string Padded(string cell, int column) => TextColumns.Contains(column) ? cell.PadRight(widths[column]) : cell.PadLeft(widths[column]);
    }

    private static void Line(StringBuilder text, IReadOnlyList<string> cells) => text.Append("| ").AppendJoin(" | ", cells).Append(" |\n");

    private static string Escaped(string cell) => cell.ReplaceLineEndings(" ").Replace("|", "\\|", StringComparison.Ordinal);
}
