using System.CommandLine;
using Edge.Runtime.Bench;
using Edge.Runtime.Bench.Reports;
using Edge.Storage;
using Edge.Trainer.Methods;
using Spectre.Console;

namespace Edge.Runtime.Commands;

/// <summary><c>edge bench</c>: measures methods against each other on recorded data and writes the table.</summary>
public static class BenchCommand
{
    private static readonly Option<string> s_data = Text("--data", "uci-har", "Data sets, separated by commas: short names (uci-har), or paths of a file, folder or zip. Short names are looked for in the folder of the environment variable EDGE_DATA.");
    private static readonly Option<string> s_protocol = Text("--protocol", "tscil", "tscil: two classes per step, several passes; online: one pass, task-free, blurred boundaries; domain: one domain or sensor fault after the other; fewshot: a new class from a few labelled windows.");
    private static readonly Option<string> s_methods = Text("--methods", "naive,er,scr,edge", $"Methods, one row each: {string.Join(", ", MethodCatalogue.Names)}. With settings of the section 'training' that differ from the defaults: er:learningRate=0.003,batchSize=16.");
    private static readonly Option<string> s_seeds = Text("--seeds", "5", "Seeds: 5 is the seeds 1 to 5, 1-5 a range, 3,7 a list. A seed gives the order of the classes, the first weights and every draw.");
    private static readonly Option<string?> s_epochs = new("--epochs") { Description = $"Passes over each step. [default: {BenchPlanReader.DefaultEpochs}; online: 1]" };
    private static readonly Option<string> s_buffer = Text("--buffer", "0.05", "Share of the training windows that a method may remember, 0 to 1.");
    private static readonly Option<string> s_track = Text("--track", "open", "open: any features, the frozen branch takes part; same-backbone: the trained backbone alone.");
    private static readonly Option<bool> s_validation = new("--validation") { Description = "Judge on a held-out part of the training split and leave the test split unread: for choosing settings." };
    private static readonly Option<string?> s_out = new("--out") { Description = "Folder for cells and report. [default: ./bench-results/DATA-PROTOCOL]" };
    private static readonly Option<int> s_workers = new("--workers") { Description = "Cells at a time, each a process with one thread. No figure depends on it; the default is as many as there are cores.", DefaultValueFactory = _ => Environment.ProcessorCount };
    private static readonly Option<bool> s_force = new("--force") { Description = "Measure every cell of this table again. Without it cells that are there are kept, so that an interrupted run goes on." };

    /// <summary>The verb.</summary>
    public static Command Create()
    {
        s_workers.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && int.TryParse(token.Value, out int count) && count is < 1 or > 1024) result.AddError($"--workers {count}: expected 1 to 1024. Leave it out for as many as there are cores.");
        });
        var command = new CodedCommand("bench", "Measure training methods on recorded data: every data set, method and seed in a process of its own; writes results.md, results.json and plots. Run again, it goes on where it stopped.", ExitCode.List(finding: "a cell failed", fault: "stopped before the end, or the disk or a data set is in the way", config: null))
        {
            s_data, s_protocol, s_methods, s_seeds, s_epochs, s_buffer, s_track, s_validation, s_out, s_workers, s_force, GlobalOptions.Json,
        };
        command.SetAction(async (parsed, cancel) =>
        {
            await Task.Yield(); // Ctrl-C is listened to only once the action has returned for the first time.
            var words = new BenchWords(
                parsed.GetValue(s_data)!, parsed.GetValue(s_protocol)!, parsed.GetValue(s_methods)!, parsed.GetValue(s_seeds)!, parsed.GetValue(s_epochs), parsed.GetValue(s_buffer)!, parsed.GetValue(s_track)!,
                parsed.GetValue(s_validation));
            if (BenchPlanReader.Read(words, out var problems) is not { } plan)
            {
                foreach (string problem in problems) Console.Error.WriteLine($"edge bench: {problem}");
                return ExitCode.Usage;
            }

            var folder = new BenchFolder(parsed.GetValue(s_out) ?? Path.Combine("bench-results", plan.Name));
            return await RunAsync(plan, folder, parsed.GetValue(s_workers), parsed.GetValue(s_force), parsed.GetValue(GlobalOptions.Json), cancel);
        });
        return command;
    }

    private static async Task<int> RunAsync(BenchPlan plan, BenchFolder folder, int workerCount, bool force, bool json, CancellationToken cancel)
    {
        var lines = new JsonTeller(Console.Out);
        IBenchTeller teller = json ? lines : Console.IsOutputRedirected ? new LineTeller(Console.Out, TimeProvider.System) : new LiveTeller(AnsiConsole.Console, TimeProvider.System);
        try
        {
            using var held = folder.Take();
            foreach (string data in BenchRun.Due(folder, plan, force).Select(cell => cell.Data).Distinct()) DatasetReader.Find(data); // Or every cell would say it for itself, each after starting a process.
            await new BenchRun(folder, new CellChild(folder, TimeProvider.System).RunAsync, teller).RunAsync(plan, workerCount, force, cancel);
            var report = BenchReport.Of(folder);
            string path = ResultFiles.Write(report, folder);
            if (json) lines.Reported(path, report.FailedCount);
            else Console.WriteLine($"\n{TablePart.Text(report)}\nreport: {path}");
            if (report.FailedCount > 0) Console.Error.WriteLine($"edge bench: {report.FailedCount} of {plan.Cells().Count()} cells failed, see the table. Run the same command again to try them again.");
            return report.FailedCount > 0 ? ExitCode.Finding : ExitCode.Done;
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            Console.Error.WriteLine($"edge bench: stopped; the cells that are over are in '{folder.Path}'. Run the same command again to go on.");
            return ExitCode.Fault;
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"edge bench: {DeviceCommand.WithRemedy(e)}");
            return ExitCode.Fault;
        }
    }

    private static Option<string> Text(string name, string value, string description) => new(name) { Description = description, DefaultValueFactory = _ => value };
}
