using System.Runtime.InteropServices;
using Edge.Runtime.Stages;
using Spectre.Console;

namespace Edge.Runtime.View;

/// <summary>A run's summary for a person.</summary>
public static class SummaryTable
{
    /// <summary>Prints it.</summary>
    public static void Write(IAnsiConsole console, RunSummary summary)
    {
        if (summary.Steps.Count > 0)
        {
            var table = new Table().Border(TableBorder.Rounded).Title($"accuracy per class on {(summary.JudgedOn == "validation" ? "held-out people of the training split" : "the test split")}, %").AddColumn("class").AddColumn("step");
            for (int step = 0; step < summary.Steps.Count; step++) table.AddColumn(new TableColumn($"after {step + 1}").RightAligned());
            foreach (var (name, accuracies) in summary.PerClassAccuracy)
            {
                int brought = summary.Steps.ToList().FindIndex(classes => classes.Contains(name));
                table.AddRow([Markup.Escape(name), $"{brought + 1}", .. accuracies.Select((accuracy, step) => step < brought ? "[grey]-[/]" : $"{accuracy:0.0}")]);
            }

            console.Write(table);
            console.MarkupLine($"average accuracy [bold]{summary.AverageAccuracy:0.0} %[/]   forgetting (Chaudhry) [bold]{summary.Forgetting:0.0}[/]   learning accuracy [bold]{summary.LearningAccuracy:0.0} %[/]");
            string ofNew = summary.UnknownOfNewPercent is { } percent ? FormattableString.Invariant($", and {percent:0.0} % of those of classes not met yet") : "";
            console.WriteLine($"called unknown: {summary.UnknownOfKnownPercent:0.0} % of the windows of classes met{ofNew} (mean over the steps; the accuracies judge the class that has the votes)");
            if (summary.StartedWithExamples > 0) console.MarkupLine($"[yellow]the run began with {summary.StartedWithExamples} examples from an earlier one; start with an empty data directory (--fresh) for figures of this stream alone[/]");
        }

        console.WriteLine($"windows {summary.WindowsSeen} seen, {summary.WindowsDropped} dropped{(summary.WindowsBroken > 0 ? $", {summary.WindowsBroken} broken" : "")}; latency p50 {summary.LatencyP50Ms:0.00} ms, p99 {summary.LatencyP99Ms:0.00} ms");
        console.WriteLine($"examples {summary.ExamplesStored} stored; replay buffer {summary.ReplayBufferExamples}, anchors {summary.AnchorExamples}, at most {summary.FreshCapacity} waiting for a round");
        console.WriteLine($"rounds {summary.RoundsRun} run, {summary.RoundsFailed} failed; snapshots {summary.SnapshotsPromoted} promoted, {summary.SnapshotsRefused} refused; drift alarms {summary.DriftAlarms}; read out by {summary.ReadOut}");
        console.WriteLine($"{summary.Seconds:0} s on {Machine()}, peak memory of the service {summary.PeakRssMb:0} MB");
    }

    /// <summary>What it was measured with: processor, cores, versions, date.</summary>
    private static string Machine()
    {
        string? processor = File.Exists("/proc/cpuinfo") ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim() : null;
        return $"{processor ?? RuntimeInformation.ProcessArchitecture.ToString()} ({Environment.ProcessorCount} cores), {RuntimeInformation.FrameworkDescription}, edge {Product.Version}, {TimeProvider.System.GetUtcNow():yyyy-MM-dd}";
    }
}
