using System.CommandLine;
using System.Text.Json;
using Edge.Storage;

namespace Edge.Runtime.Commands;

/// <summary><c>edge replay verify</c>: reads all of it and says what is wrong.</summary>
public static class ReplayVerifyCommand
{
    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var command = new CodedCommand("verify", "Read every record and its checksum, the index, the store's own records, the copies and the statistics, and say what is wrong and what to do; change nothing.", SnapshotCommand.CodesWith("something is wrong"))
        {
            ReplayCommand.Config, ReplayCommand.Copy, GlobalOptions.Json,
        };
        ReplayCommand.Act(command, (config, data, parsed, cancel) => Task.Run(() =>
        {
            bool copy = parsed.GetValue(ReplayCommand.Copy);
            if (!copy) ReplayCommand.MustBeThere(data);
            var verdict = ReplayVerification.Run(copy ? ReplayCommand.NewestCopy(config, data) : data.ReplayFile, !copy, ReplayCommand.Progress("records"), cancel);
            var problems = verdict.Problems.ToList();
            if (!copy && new StatisticsFile(data.ReadOut.Statistics).Flaw() is { } flaw)
                problems.Add(new ReplayProblem(flaw, data.ReadOut.Statistics, "statistics that are whole", "The next start of the service takes what was written before it, and counts what the store holds beyond that."));

            if (parsed.GetValue(GlobalOptions.Json)) Console.WriteLine(JsonSerializer.Serialize(new { isGood = problems.Count == 0, verdict.ExampleCount, verdict.BadCount, problems }, GlobalOptions.OneLine));
            else
            {
                foreach (var problem in problems) Console.WriteLine(problem);
                Console.WriteLine($"{verdict.ExampleCount} examples are good, {verdict.BadCount} records are not; {(problems.Count == 0 ? "nothing is wrong" : problems.Count == 1 ? "1 finding" : $"{problems.Count} findings")}");
            }

            return problems.Count == 0 ? ExitCode.Done : ExitCode.Finding;
        }));
        return command;
    }
}
