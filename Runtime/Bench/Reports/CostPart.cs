using System.Text;

namespace Edge.Runtime.Bench.Reports;

/// <summary>What the cells cost. Times differ from run to run; nothing else in a report does.</summary>
public static class CostPart
{
    /// <summary>Of all data sets.</summary>
    public static string Text(BenchReport report)
    {
        var text = new StringBuilder();
        foreach (var (data, methods) in report.Sets)
        {
            text.Append($"**{data}**: one cell, mean over the seeds\n\n");
            var table = new MarkdownTable("method", "training, CPU s", "optimiser steps", "process, s");
            foreach (var m in methods) table.Add(m.Method, Estimate.Text(m.TrainingSeconds), m.OptimiserSteps is { } steps ? $"{steps.Mean:0}" : "–", Estimate.Text(Estimate.Of(m.Records.Select(r => r.WallSeconds))));
            text.Append(table).Append('\n');
        }

        return text.ToString();
    }
}
