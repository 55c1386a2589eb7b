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
        var validate = new Command("validate", "Read a configuration strictly and name everything that is wrong with it.") { file, GlobalOptions.Json };
        validate.SetAction(parsed => Validate(parsed.GetValue(file)!, parsed.GetValue(GlobalOptions.Json)));

        var optional = new Argument<string?>("file") { Description = "Configuration file; without it the defaults.", Arity = ArgumentArity.ZeroOrOne };
        var show = new Command("show", "Print the effective configuration, every default filled in.") { optional, GlobalOptions.Json };
        show.SetAction(parsed => Show(parsed.GetValue(optional), parsed.GetValue(GlobalOptions.Json)));

        var schema = new Command("schema", "Print the JSON schema of the configuration.") { GlobalOptions.Json };
        schema.SetAction(parsed => Print(Encoding.UTF8.GetBytes(ConfigSchema.Text), parsed.GetValue(GlobalOptions.Json)));
        return new Command("config", "Look at configuration, sign it, and bring it to devices.")
        {
            validate, show, schema, ConfigDiffCommand.Create(), ConfigKeygenCommand.Create(), ConfigKeyringCommand.Create(), ConfigSignCommand.Create(), ConfigVerifyCommand.Create(), ConfigPushCommand.Create(), ConfigPauseCommand.Create(), ConfigAbortCommand.Create(), ConfigStatusCommand.Create(),
        };
    }

    /// <summary>Exit codes, for the help of a sub-verb.</summary>
    internal const string Codes = "Ends with 0 when it is done, 64 when the command line makes no sense, 70 when a file, a key or the broker lets it down, 78 when a configuration is refused.";

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
