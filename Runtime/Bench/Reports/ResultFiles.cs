using System.Text;
using Edge.Storage;

namespace Edge.Runtime.Bench.Reports;

/// <summary>The report as files: <c>results.md</c>, <c>results.json</c> and the pictures.</summary>
public static class ResultFiles
{
    /// <summary>Writes them into the folder.</summary>
    /// <returns>Path of <c>results.md</c>.</returns>
    public static string Write(BenchReport report, BenchFolder folder)
    {
        foreach (var plot in Plots.Of(report)) Replace(folder[plot.FileName], plot.Svg);
        DurableFile.Replace(folder["results.json"], ResultsJson.Utf8(report));
        Replace(folder["results.md"], Markdown(report));
        return folder["results.md"];
    }

    /// <summary>The whole report. Two runs of one command differ in the line that begins with <c>- measured:</c> and in what follows <c>## Cost</c>, and nowhere else.</summary>
    public static string Markdown(BenchReport report)
    {
        var text = new StringBuilder($"# {BenchNames.Of(report.Plan.Protocol)} on {string.Join(", ", report.Plan.Data)}\n\nWritten by `edge bench`; not to be edited.\n\n");
        text.Append(RunPart.Text(report)).Append("\n## Results\n\n").Append(TablePart.Text(report)).Append('\n');
        if (GatePart.IsIn(report)) text.Append(GatePart.Text(report)).Append('\n');
        if (PublishedPart.IsIn(report)) text.Append(PublishedPart.Text(report)).Append('\n');
        foreach (var plot in Plots.Of(report).Where(p => p.FileName.EndsWith("curves.svg", StringComparison.Ordinal))) text.Append($"![{plot.Caption}]({plot.FileName})\n\n");
        if (LossPart.IsIn(report))
        {
            text.Append("## Where the loss of accuracy sits\n\n").Append(LossPart.Text(report)).Append('\n');
            foreach (var plot in Plots.Of(report).Where(p => !p.FileName.EndsWith("curves.svg", StringComparison.Ordinal))) text.Append($"![{plot.Caption}]({plot.FileName})\n\n");
        }

        return text.Append("## Cost\n\nTimes; they differ from run to run.\n\n").Append(CostPart.Text(report)).ToString().TrimEnd('\n') + "\n";
    }

    private static void Replace(string path, string text) => DurableFile.Replace(path, Encoding.UTF8.GetBytes(text));
}
