using System.Text;

namespace Edge.Runtime.Bench.Reports;

/// <summary>How a table was measured: what a reader needs in order to believe it and to measure it again.</summary>
public static class RunPart
{
    /// <summary>As a list. All that differs between two runs of one command (date, machine) is in the line that begins with <c>- measured:</c>.</summary>
    public static string Text(BenchReport report)
    {
        var plan = report.Plan;
        var text = new StringBuilder();
        text.Append($"- command: `{plan.Command}`\n");
        text.Append($"- measured: {Measured(report)}\n");
        text.Append($"- protocol: {BenchNames.Of(plan.Protocol)}: {ProtocolText.Of(plan.Protocol)}\n");
        text.Append($"- deviations: {ProtocolText.Deviations(plan)}\n");
        text.Append($"- epochs {plan.Epochs}, {plan.Seeds.Count} {(plan.Seeds.Count == 1 ? "seed" : "seeds")} ({string.Join(", ", plan.Seeds)}), buffer {100 * plan.BufferShare:0.###} % of the training windows, one thread per cell, bench version {BenchVersion.Current}\n");
        text.Append($"- track: {BenchNames.Of(plan.Track)} ({(plan.Track == Trainer.Bench.Track.Open ? "any features" : "the trained backbone alone, the same for all methods")})\n");
        text.Append(plan.Validation ? "- judged on held-out subjects or windows of the training split (for choosing settings); the test split was not read\n" : "- judged on the test split\n");
        foreach (var (data, methods) in report.Sets)
        {
            foreach (var note in Notes(methods)) text.Append($"- {data}: {note}\n");
        }

        return text.ToString();
    }

    private static string Measured(BenchReport report)
    {
        var records = report.Records.ToList();
        if (records.Count == 0) return "nothing yet";
        var days = records.Select(r => DateOnly.FromDateTime(r.EndedAt.UtcDateTime)).ToList();
        string when = days.Min() == days.Max() ? $"{days.Min():yyyy-MM-dd}" : $"{days.Min():yyyy-MM-dd} to {days.Max():yyyy-MM-dd}";
        return $"{when} on {string.Join("; and on ", records.Select(r => r.Machine).Distinct().Select(m => m.ToString()).Order(StringComparer.Ordinal))}";
    }

    /// <summary>Each note once, with the methods that it is about where it is not about all.</summary>
    private static IEnumerable<string> Notes(IReadOnlyList<MethodFigures> methods)
    {
        var said = methods.SelectMany(m => m.Results.SelectMany(r => r.Notes).Distinct().Select(note => (Note: note, m.Method))).GroupBy(n => n.Note, StringComparer.Ordinal);
        int finished = methods.Count(m => m.Results.Count > 0);
        return said.Select(group => group.Count() == finished ? group.Key : $"{group.Key} ({string.Join("; ", group.Select(n => n.Method))})");
    }
}
