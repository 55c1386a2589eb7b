using System.CommandLine;
using System.Text;
using System.Text.Json;
using Edge.Runtime.Bench;
using Edge.Runtime.Bench.Reports;
using Edge.Storage;

namespace Edge.Runtime.Commands;

/// <summary><c>edge bench-report</c>: writes the report of what was measured again, or fills a marked place of a document with parts of it.</summary>
public static class BenchReportCommand
{
    private static readonly Option<string> s_from = new("--from") { Description = "Folders that 'edge bench' has written, separated by commas.", Required = true };
    private static readonly Option<string?> s_into = new("--into") { Description = "Document to fill between '<!-- bench:NAME -->' and '<!-- /bench -->'. Without it results.md, results.json and the plots of each folder are written again." };
    private static readonly Option<string?> s_marker = new("--marker") { Description = "NAME of the place." };
    private static readonly Option<string> s_parts = new("--parts") { Description = $"What to put there, in that order: {string.Join(", ", ReportPart.Names)}.", DefaultValueFactory = _ => "table,run" };
    private static readonly Option<string> s_plots = new("--plots") { Description = "Folder for the pictures of part 'plots', as the document links to it.", DefaultValueFactory = _ => "docs" };

    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var command = new CodedCommand("bench-report", "Write the report of measured results again, or fill a marked place of a document with it.", ExitCode.List(fault: "the disk or a file is in the way", config: null)) { s_from, s_into, s_marker, s_parts, s_plots, GlobalOptions.Json };
        command.SetAction(parsed =>
        {
            string[] from = parsed.GetValue(s_from)!.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries), parts = parsed.GetValue(s_parts)!.Split(',', StringSplitOptions.TrimEntries);
            var (into, marker) = (parsed.GetValue(s_into), parsed.GetValue(s_marker));
            var problems = parts.Except(ReportPart.Names).Select(part => $"--parts '{part}' is unknown. There are {string.Join(", ", ReportPart.Names)}.").ToList();
            if (from.Length == 0) problems.Add("--from is empty. Give a folder that 'edge bench' has written.");
            if (into is null != marker is null) problems.Add(into is null ? "--marker without --into: give the document to fill." : "--into without --marker: give the NAME in its '<!-- bench:NAME -->'.");
            foreach (string problem in problems) Console.Error.WriteLine($"edge bench-report: {problem}");
            return problems.Count > 0 ? ExitCode.Usage : Run(from, into, marker!, parts, parsed.GetValue(s_plots)!, parsed.GetValue(GlobalOptions.Json));
        });
        return command;
    }

    private static int Run(string[] from, string? into, string marker, string[] parts, string plots, bool json)
    {
        try
        {
            string[] written = into is null ? [.. from.Select(Rewrite)] : Fill(from, into, marker, parts, plots);
            if (json) Console.WriteLine(JsonSerializer.Serialize(new { written }, GlobalOptions.OneLine));
            else foreach (string path in written) Console.WriteLine(path);
            return ExitCode.Done;
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"edge bench-report: {(e is InvalidDataException && into is not null ? $"{into}: " : "")}{DeviceCommand.WithRemedy(e)}");
            return ExitCode.Fault;
        }
    }

    private static string Rewrite(string path)
    {
        var folder = new BenchFolder(path);
        return ResultFiles.Write(BenchReport.Of(folder), folder);
    }

    private static string[] Fill(string[] from, string into, string marker, string[] parts, string plots)
    {
        var reports = from.Select((path, i) => (Prefix: from.Length == 1 ? $"{marker}." : $"{marker}.{i + 1}.", Report: BenchReport.Of(new BenchFolder(path)))).ToList();
        string content = string.Join('\n', reports.SelectMany(r => parts.Select(part => ReportPart.Text(part, r.Report, file => $"{plots.TrimEnd('/')}/{r.Prefix}{file}").TrimEnd('\n') + "\n")));
        string filled = MarkedText.Fill(File.ReadAllText(into), marker, content);
        var written = new List<string>();
        if (parts.Contains(ReportPart.Plots))
        {
            string folder = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(into))!, plots);
            Directory.CreateDirectory(folder);
            foreach (var (prefix, report) in reports)
            {
                foreach (var plot in Plots.Of(report))
                {
                    written.Add(Path.Combine(folder, prefix + plot.FileName));
                    DurableFile.Replace(written[^1], Encoding.UTF8.GetBytes(plot.Svg));
                }
            }
        }

        DurableFile.Replace(into, Encoding.UTF8.GetBytes(filled));
        return [.. written, into];
    }
}
