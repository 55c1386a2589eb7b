using System.CommandLine;
using System.Text.Json;
using Edge.Runtime.Learning;
using Edge.Trainer.Rounds;

namespace Edge.Runtime.Commands;

/// <summary><c>edge train --round DIR</c>: one training round, files in, files out. The service starts it as a child; a person can start it to look at a round again.</summary>
public static class TrainCommand
{
    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var round = new Option<string>("--round") { Description = "Folder of the round: plan.json, samples.bin, parent.checkpoint, anchors.bin.", Required = true };
        var again = new Option<bool>("--again") { Description = "Run a round that is over once more, in a copy of its folder, and compare the bytes of what comes out with the candidate that is kept." };
        var ofService = new Option<bool>("--of-service") { Description = "The round belongs to a running service, which holds its standard input: it ends when the input ends." };
        var command = new CodedCommand("train", "Run one training round from its folder.", ExitCode.List("the round is over, with a candidate or without", finding: "with --again: the candidate came out otherwise", fault: "stopped before that, or the disk or a file is in the way", config: null)) { round, again, ofService, GlobalOptions.Json };
        command.SetAction((parsed, cancel) => Task.Run(() => Run(parsed.GetValue(round)!, parsed.GetValue(again), parsed.GetValue(ofService), parsed.GetValue(GlobalOptions.Json), cancel)));
        return command;
    }

    private static int Run(string path, bool again, bool ofService, bool json, CancellationToken cancel)
    {
        LeastImportant.Become();
        using var orphaned = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        if (ofService) new Thread(() => EndWithInput(orphaned)) { IsBackground = true }.Start();
        try
        {
            using var holder = RoundLock.Take(path);
            var folder = new RoundFolder(path);
            return again ? RunAgain(folder, json, orphaned.Token) : RunOnce(folder, json, orphaned.Token);
        }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine("stopped before the round was over; start it again to go on");
            return ExitCode.Fault;
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"edge train: {(e is FileNotFoundException or DirectoryNotFoundException ? $"'{path}' is not the folder of a round: {e.Message} Name one below 'rounds' in the device's data directory." : DeviceCommand.WithRemedy(e))}");
            return ExitCode.Fault;
        }
        catch (Exception e) when (e is TypeInitializationException or DllNotFoundException or NotSupportedException)
        {
            Console.Error.WriteLine($"libtorch does not load: {(e.InnerException ?? e).Message.ReplaceLineEndings(" ")} Training needs the libtorch natives of this platform beside the program; 'edge doctor' says what is missing.");
            return ExitCode.Fault;
        }
    }

    private static int RunOnce(RoundFolder folder, bool json, CancellationToken cancel)
    {
        bool wasOver = File.Exists(folder.ReportFile);
        var report = RoundRunner.Run(folder, Export, progress => Tell(progress, json), cancel);
        if (wasOver && !json) Console.Error.WriteLine("this round was over before; what follows is of then. Give --again to run it once more.");
        if (!report.HasCandidate) Console.Error.WriteLine($"round {report.Round} abandoned: {report.AbandonedBecause}");
        else if (!json) Console.WriteLine(Summary(report));
        return ExitCode.Done;
    }

    private static int RunAgain(RoundFolder folder, bool json, CancellationToken cancel)
    {
        var repeat = RepeatedRound.Run(folder, Export, progress => Tell(progress, json), cancel);
        if (json) Console.WriteLine(JsonSerializer.Serialize(new { round = repeat.Report.Round, same = repeat.Differing.Count == 0, differing = repeat.Differing }, GlobalOptions.OneLine));
        else
        {
            Console.WriteLine(repeat.Report.HasCandidate ? Summary(repeat.Report) : $"round {repeat.Report.Round} abandoned: {repeat.Report.AbandonedBecause}");
            Console.WriteLine(repeat.Differing.Count == 0 ? "the same bytes as the candidate that is kept" : $"otherwise than the candidate that is kept: {string.Join(", ", repeat.Differing)}. The same build, processor and number of threads give the same bytes.");
        }

        return repeat.Differing.Count == 0 ? ExitCode.Done : ExitCode.Finding;
    }

    private static string Summary(RoundReport report) =>
        $"round {report.Round}: {report.StepCount} steps in {report.Seconds:0.0} s, loss {report.FirstEpochLoss:0.000} to {report.LastEpochLoss:0.000}, {(report.EndedEarly is { } early ? $"ended early by the {early}, " : "")}peak {report.PeakRssMiB:0} MiB";

    private static byte[] Export(Trainer.Backbones.LearnerNet net, RoundPlan plan, TrainingSummary training) => ClassifierGraph.Write(net.Backbone, new ClassifierGraphOptions
    {
        Window = plan.Window,
        Classes = plan.Classes,
        Temperature = plan.ReadoutTemperature,
        FrozenFeatures = plan.FrozenFeatures,
        FrozenSeed = plan.FrozenSeed,
        Metadata = new Dictionary<string, string> { ["round"] = plan.Round.ToString(), ["parent"] = plan.ParentId ?? "", ["channels"] = JsonSerializer.Serialize(plan.Channels), ["training"] = training.ToJson() },
    });

    private static void Tell(RoundProgress progress, bool json)
    {
        if (json) Console.WriteLine(JsonSerializer.Serialize(progress, GlobalOptions.OneLine));
        else Console.Error.Write($"\rstep {progress.Step}/{progress.StepCount} loss {progress.Loss:0.000}  ");
    }

    /// <summary>
    /// The service holds the other end of standard input; when it is gone, however it went, the input ends at once. The round then stops between two steps: to exit in the middle of one would tear down
    /// libtorch under its threads.
    /// </summary>
    internal static void EndWithInput(CancellationTokenSource orphaned)
    {
        while (Console.In.Read() >= 0)
        {
        }

        try
        {
            orphaned.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The round was over first.
        }
    }
}
