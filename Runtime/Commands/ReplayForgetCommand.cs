using System.CommandLine;
using System.Text.Json;
using Edge.Config;
using Edge.Runtime.Learning;
using Edge.Runtime.Stages;
using Edge.Storage;

namespace Edge.Runtime.Commands;

/// <summary><c>edge replay forget --class X</c>: makes the device forget a class.</summary>
public static class ReplayForgetCommand
{
    private const string Consequence =
        "The running snapshot keeps the class in its list, but without prototype and statistics it is never predicted; its weights have seen the class until a round replaces them. It is learnt again with its next label: take it out of labels.classes, or, where the sensor brings it (simulated, uciHar), send none and set labels.sourceShare to 0.";

    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var name = new Option<string>("--class") { Description = "The class, by its name now or, where labels.renamed has it, the one before.", Required = true };
        name.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: "" }]) result.AddError("--class '': expected the name of a class; 'edge replay stats' lists those that the store holds.");
        });
        var yes = new Option<bool>("--yes") { Description = "Do not ask." };
        var later = new Option<bool>("--no-compact") { Description = "Leave the deleted bytes in the data file until 'edge replay compact'." };
        var command = new CodedCommand("forget", $"Delete every example of a class, its prototype, its statistics, the copies of the store, the samples in round folders and the windows that the drift watch compares with; then compact, so that no byte of it is left in the data file, and make a new copy. {Consequence}", SnapshotCommand.CodesWith("a file is left that may hold it, or there was nothing of a class that labels.classes does not name either"))
        {
            name, yes, later, ReplayCommand.Config, GlobalOptions.Json,
        };
        ReplayCommand.Act(command, async (config, data, parsed, cancel) =>
        {
            string className = parsed.GetValue(name)!;
            using var buffer = ReplayCommand.Open(config, data, ReplayAccess.Maintain);
            if (buffer.Names.FromStored(className) is var now && now != className) Console.Error.WriteLine($"'{className}' is called '{now}' now (labels.renamed), and that is what is forgotten, whatever name it lies under.");
            className = now;
            var all = await buffer.ListAsync();
            int held = all.Count(e => e.Class == className);
            if (held == 0) Console.Error.WriteLine($"the store holds no example of '{className}'; it holds {(all.Count == 0 ? "none of any class" : string.Join(", ", all.Select(e => e.Class).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)))}.");
            if (!parsed.GetValue(yes) && !IsConfirmed(className, held)) return ExitCode.Usage;
            return await ForgetAsync(buffer, className, config, data, !parsed.GetValue(later), parsed.GetValue(GlobalOptions.Json), cancel);
        });
        return command;
    }

    private static async Task<int> ForgetAsync(ReplayBuffer buffer, string className, DeviceConfig config, DataDirectory data, bool compacts, bool json, CancellationToken cancel)
    {
        // Each step may be repeated: after a crash the same command finishes what is left.
        int count = await buffer.ForgetAsync(className);
        var traces = new ClassTraces(data, new RoundFolders(data.Rounds, config.Training.KeepRounds), buffer.Names).Forget(className);
        if (compacts)
        {
            await buffer.CompactAsync(ReplayCommand.Progress("records"), cancel);
            if (config.Replay.KeepCopies > 0) await buffer.CopyAsync();
        }

        string[] left = [.. (await buffer.StatsAsync()).PutAside];
        if (json) Console.WriteLine(JsonSerializer.Serialize(new { className, exampleCount = count, traces.InStatistics, traces.InMemory, traces.InDriftReference, roundFolders = traces.RoundFolderCount, compacted = compacts, left }, GlobalOptions.OneLine));
        else
        {
            Console.WriteLine($"'{className}': {count} examples forgotten; statistics {(traces.InStatistics ? "forgotten" : "had none")}; samples deleted from {traces.RoundFolderCount} round folders{(traces.InDriftReference ? "; the windows that the drift watch compares with deleted" : "")}; {(compacts ? "compacted" : "not compacted: 'edge replay compact' takes its bytes out of the file")}");
            Console.WriteLine(Consequence);
        }

        bool isStrange = count == 0 && !traces.InStatistics && !traces.InMemory && !config.Labels.Classes.Contains(className, StringComparer.Ordinal);
        if (isStrange) Console.Error.WriteLine($"nothing of '{className}' was found, and labels.classes does not name it. Is it spelt like that?");
        foreach (string file in left) Console.Error.WriteLine($"'{file}' was put aside as damaged and may still hold windows of the class; delete it and its '-log'.");
        return left.Length > 0 || isStrange ? ExitCode.Finding : ExitCode.Done;
    }

    private static bool IsConfirmed(string className, int held)
    {
        if (Console.IsInputRedirected)
        {
            Console.Error.WriteLine($"edge replay forget: {held} examples of '{className}' would be deleted for ever, and nobody can be asked here. Add --yes.");
            return false;
        }

        Console.Error.Write($"Delete {held} examples of '{className}' for ever, with prototype, statistics and all copies? [y/N] ");
        if (Console.ReadLine()?.Trim() is "y" or "Y" or "yes") return true;
        Console.Error.WriteLine("Nothing was deleted.");
        return false;
    }
}
