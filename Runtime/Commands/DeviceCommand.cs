using System.CommandLine;
using Edge.Config;
using Edge.Runtime.Stages;
using Edge.Runtime.Updates;

namespace Edge.Runtime.Commands;

/// <summary>Verbs that look at, or change, what a device has stored.</summary>
internal static class DeviceCommand
{
    internal static readonly Option<string?> Config = new("--config", "-c") { Description = "Configuration of the device; without it the defaults, with data in ./edge-data." };

    /// <summary>Runs a verb on the data directory of a configuration, and says in one line what is in the way.</summary>
    /// <param name="verb">The verb of which <paramref name="command"/> is a sub-verb; empty: it is a verb itself.</param>
    /// <param name="command">The verb.</param>
    /// <param name="run">What it does.</param>
    internal static void Act(string verb, Command command, Func<DeviceConfig, DataDirectory, ParseResult, CancellationToken, Task<int>> run) => command.SetAction(async (parsed, cancel) =>
    {
        await Task.Yield(); // Ctrl-C is listened to only once the action has returned for the first time.
        var document = RunningConfig.Read(parsed.GetValue(Config));
        if (!document.Verdict.IsValid) return RunCommand.Refused(document.Verdict);
        var data = DataDirectory.At(document.Verdict.Config!.Device.DataDirectory);
        try
        {
            var active = Directory.Exists(data.Config) ? document.AsLeftIn(data.Config) : document;
            return await run(active.Verdict.Config!, data, parsed, cancel);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            return Failed(verb, command, "stopped; what was done so far is on disk. Run the same command again to go on.");
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            return Failed(verb, command, WithRemedy(e));
        }
    });

    /// <summary>What a person can do about a message that is the system's own; what this program says itself ends with its remedy.</summary>
    internal static string WithRemedy(Exception e) => e switch
    {
        FileNotFoundException or DirectoryNotFoundException when e.Message.StartsWith("Could not find", StringComparison.Ordinal) => $"{e.Message} Correct the path, or make it first.",
        IOException when e.Message.StartsWith("No space left", StringComparison.Ordinal) || e.Message.Contains("its old content stands: No space left", StringComparison.Ordinal) => $"{e.Message}. Free disk space, or use another disk.",
        UnauthorizedAccessException => $"{e.Message} Let the user of this process read and write there, or put a file in the place of the folder.",
        System.Text.Json.JsonException or FormatException { InnerException: System.Text.Json.JsonException } => $"what was read does not have the shape that belongs here: {e.Message}. 'edge config sign' writes an envelope, 'edge config keyring' a list of keys; an unsigned document is {{\"version\": 7, \"config\": {{…}}}}.",
        _ => e.Message,
    };

    /// <summary>Says why a sub-verb could not do its work.</summary>
    internal static int Failed(string verb, Command command, string why)
    {
        Console.Error.WriteLine($"edge {(verb.Length > 0 ? $"{verb} " : "")}{command.Name}: {why.ReplaceLineEndings(" ")}");
        return ExitCode.Fault;
    }
}
