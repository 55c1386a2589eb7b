using System.CommandLine;
using System.Text.Json;
using Edge.Config;
using Edge.Runtime.Updates;

namespace Edge.Runtime.Commands;

/// <summary><c>edge config diff A B</c>: every changed key and what a device does to take it.</summary>
internal static class ConfigDiffCommand
{
    internal static Command Create()
    {
        var before = new Argument<string>("a") { Description = "Configuration file." };
        var after = new Argument<string>("b") { Description = "Configuration file; with --patch a merge patch over A." };
        var patch = new Option<bool>("--patch") { Description = "B names only what changes (RFC 7396), as over the air." };
        var command = new CodedCommand("diff", "Compare two configurations key by key, and say of each change what a device does to take it. live: the running service takes it, no window is lost. pipeline: the pipeline starts again in the process. process: only a start with another file; refused over the air. snapshot: the running snapshot does not fit; refused over the air unless updates.acceptNewSnapshot. The heaviest decides.", ConfigCommand.Codes(config: "one of the configurations is refused")) { before, after, patch, GlobalOptions.Json };
        ConfigCommand.Act(command, async (parsed, cancel) =>
        {
            var a = RunningConfig.Read(parsed.GetValue(before)!);
            if (!a.Verdict.IsValid) return RunCommand.Refused(a.Verdict);
            string path = parsed.GetValue(after)!;
            var b = parsed.GetValue(patch) ? a.Under(await File.ReadAllBytesAsync(path, cancel), path) : DeviceConfigReader.ReadFile(path);
            if (!b.IsValid) return RunCommand.Refused(b);
            var diff = ConfigDiff.Between(a.Verdict.Config!, b.Config!);
            if (parsed.GetValue(GlobalOptions.Json)) Console.WriteLine(JsonSerializer.Serialize(new { change = Word(diff.Heaviest), fields = diff.Fields.Select(f => new { f.Path, f.Old, f.New, change = Word(f.Change) }) }, GlobalOptions.OneLine));
            else foreach (string line in Lines(diff)) Console.WriteLine(line);
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>A line for each change and one for the whole.</summary>
    internal static IEnumerable<string> Lines(ConfigDiff diff) =>
        diff.Fields.Select(field => $"{Word(field.Change),-8}  {field.Path}: {field.Old.GetRawText()} -> {field.New.GetRawText()}").Append(diff.Heaviest is null ? "nothing differs" : $"the whole is {Word(diff.Heaviest)}");

    internal static string? Word(ConfigChange? change) => change is null ? null : JsonNamingPolicy.CamelCase.ConvertName(change.Value.ToString());
}
