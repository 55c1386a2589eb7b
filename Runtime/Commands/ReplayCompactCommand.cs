using System.CommandLine;
using System.Text.Json;
using Edge.Storage;

namespace Edge.Runtime.Commands;

/// <summary><c>edge replay compact</c>: a new data file with what is kept and nothing else.</summary>
public static class ReplayCompactCommand
{
    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var command = new CodedCommand("compact", "Write what is kept into a new file and put it in the place of the old one, so that deleted bytes are gone; a damaged file is restored first. Needs room for the new file; a crash at any moment leaves the old file or the new one.", ReplayCommand.Codes)
        {
            ReplayCommand.Config, GlobalOptions.Json,
        };
        ReplayCommand.Act(command, async (config, data, parsed, cancel) =>
        {
            using var buffer = ReplayCommand.Open(config, data, ReplayAccess.Maintain);
            var done = await buffer.CompactAsync(ReplayCommand.Progress("records"), cancel);
            if (parsed.GetValue(GlobalOptions.Json)) Console.WriteLine(JsonSerializer.Serialize(new { done.RecordCount, done.BytesBefore, done.BytesAfter, seconds = Math.Round(done.Took.TotalSeconds, 3) }, GlobalOptions.OneLine));
            else Console.WriteLine($"{done.RecordCount} records, {done.BytesBefore} bytes before, {done.BytesAfter} after, {done.Took.TotalSeconds:0.00} s");
            return ExitCode.Done;
        });
        return command;
    }
}
