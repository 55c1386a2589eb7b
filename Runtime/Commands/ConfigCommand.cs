using System.CommandLine;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Edge.Config;
using Edge.Runtime.Updates;

namespace Edge.Runtime.Commands;

/// <summary><c>edge config</c>: what a device is told, from the file to the air.</summary>
public static class ConfigCommand
{
    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var file = new Argument<string>("file") { Description = "Configuration file." };
        var validate = new CodedCommand("validate", "Read a configuration strictly and name everything that is wrong with it.", ExitCode.List("the configuration is valid", config: "it is not")) { file, GlobalOptions.Json };
        validate.SetAction(parsed => Validate(parsed.GetValue(file)!, parsed.GetValue(GlobalOptions.Json)));

        var optional = new Argument<string?>("file") { Description = "Configuration file; without it the defaults.", Arity = ArgumentArity.ZeroOrOne };
        var show = new CodedCommand("show", "Print the effective configuration, every default filled in.", ExitCode.List()) { optional, GlobalOptions.Json };
        show.SetAction(parsed => Show(parsed.GetValue(optional), parsed.GetValue(GlobalOptions.Json)));

        var schema = new CodedCommand("schema", "Print the JSON schema of the configuration.", ExitCode.List(config: null)) { GlobalOptions.Json };
        schema.SetAction(parsed => Print(Encoding.UTF8.GetBytes(ConfigSchema.Text), parsed.GetValue(GlobalOptions.Json)));
        return new Command("config", "Look at configuration, sign it, and bring it to devices.")
        {
            validate, show, schema, ConfigDiffCommand.Create(), ConfigKeygenCommand.Create(), ConfigKeyringCommand.Create(), ConfigSignCommand.Create(), ConfigVerifyCommand.Create(), ConfigPushCommand.Create(), ConfigPauseCommand.Create(), ConfigAbortCommand.Create(), ConfigStatusCommand.Create(),
        };
    }

    /// <summary>Exit codes, for the help of a sub-verb that reads files.</summary>
    internal static string Codes(string? finding = null, string? config = null) => ExitCode.List(finding: finding, fault: "a file or a key is not what it should be, or the disk is in the way", config: config);

    /// <summary>The same for one that talks to the broker.</summary>
    internal static string LinkCodes(string? finding, string done = "done", string more = "") => ExitCode.List(done, finding, $"a file, a key or the broker is in the way{more}", config: null);

    /// <summary>Runs a sub-verb, and says in one line what is in the way.</summary>
    internal static void Act(Command command, Func<ParseResult, CancellationToken, Task<int>> run) => Act(command, "config", run);

    /// <summary>The same for a verb that is another's, or (empty) nobody's.</summary>
    internal static void Act(Command command, string verb, Func<ParseResult, CancellationToken, Task<int>> run) => command.SetAction(async (parsed, cancel) =>
    {
        await Task.Yield(); // Ctrl-C is listened to only once the action has returned for the first time.
        try
        {
            return await run(parsed, cancel);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            return DeviceCommand.Failed(verb, command, "stopped");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException or JsonException or ArgumentException)
        {
            return DeviceCommand.Failed(verb, command, DeviceCommand.WithRemedy(e));
        }
    });

    private static int Validate(string path, bool json)
    {
        var verdict = DeviceConfigReader.ReadFile(path);
        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(new { source = path, isValid = verdict.IsValid, hash = verdict.IsValid ? verdict.Hash : null, problems = verdict.Problems }, GlobalOptions.OneLine));
            return verdict.IsValid ? ExitCode.Done : ExitCode.Config;
        }

        if (!verdict.IsValid) return RunCommand.Refused(verdict);
        Console.WriteLine($"{path} is valid (hash {verdict.Hash[..12]})");
        return ExitCode.Done;
    }

    private static int Show(string? path, bool json)
    {
        var verdict = RunningConfig.Read(path).Verdict;
        return verdict.IsValid ? Print(verdict.CanonicalUtf8, json) : RunCommand.Refused(verdict);
    }

    private static int Print(byte[] document, bool oneLine)
    {
        Console.WriteLine(oneLine ? JsonNode.Parse(document)!.ToJsonString() : Encoding.UTF8.GetString(document).TrimEnd());
        return ExitCode.Done;
    }
}
