using System.CommandLine;
using Edge.Config;
using Edge.Runtime.Stages;
using Edge.Storage;

namespace Edge.Runtime.Commands;

/// <summary><c>edge replay stats|list|export|import|verify|compact|forget</c>: the memory of a device that does not run, or its newest copy.</summary>
public static class ReplayCommand
{
    internal static readonly Option<string?> Config = DeviceCommand.Config;
    internal static readonly Option<bool> Copy = new("--copy") { Description = "Read the newest copy of the store instead of the store: works beside a running service." };
    internal static readonly string Codes = $"Exit codes: {ExitCode.Done} done, {ExitCode.Usage} command line, {ExitCode.Fault} the disk, a file or a running service is in the way, {ExitCode.Config} configuration.";

    /// <summary>The verb.</summary>
    public static Command Create() => new("replay", "Look at the device's memory of labelled windows, take it elsewhere, repair it, or make it forget a class. The service must not run.")
    {
        ReplayStatsCommand.Create(),
        ReplayListCommand.Create(),
        ReplayExportCommand.Create(),
        ReplayImportCommand.Create(),
        ReplayVerifyCommand.Create(),
        ReplayCompactCommand.Create(),
        ReplayForgetCommand.Create(),
    };

    /// <summary>Runs a sub-verb on the data directory of a configuration, and says in one line what is in the way.</summary>
    internal static void Act(Command command, Func<DeviceConfig, DataDirectory, ParseResult, CancellationToken, Task<int>> run) => DeviceCommand.Act("replay", command, run);

    /// <summary>Opens the store, or its newest copy.</summary>
    internal static ReplayBuffer Open(DeviceConfig config, DataDirectory data, ReplayAccess access, bool copy = false)
    {
        string path = data.ReplayFile;
        if (copy)
        {
            path = ReplayBuffer.NewestCopyOf(path) ?? throw new FileNotFoundException($"there is no copy of the replay buffer in '{data.Path}'. A service makes one every replay.copyMinutes = {config.Replay.CopyMinutes} (replay.keepCopies = {config.Replay.KeepCopies}); stop it and leave --copy out.");
            access = ReplayAccess.LookAtCopy;
        }
        else if (!ReplayBuffer.IsAt(path))
        {
            throw new FileNotFoundException($"there is no replay buffer in '{data.Path}'. Name the device's configuration with --config; 'edge run' or 'edge replay import' makes one.");
        }

        return ReplayBuffer.Open(path, ServiceHost.OptionsOf(config), TimeProvider.System, access);
    }

    /// <summary>Progress on standard error where a person looks at it.</summary>
    internal static IProgress<long> Progress(string what) => new Lines(what);

    /// <summary>Says why a sub-verb could not do its work.</summary>
    internal static int Failed(Command command, string why) => DeviceCommand.Failed("replay", command, why);

    private sealed class Lines(string what) : IProgress<long>
    {
        private long last;

        public void Report(long value)
        {
            if (Console.IsErrorRedirected || (last != 0 && TimeProvider.System.GetElapsedTime(last).TotalMilliseconds < 200)) return;
            last = TimeProvider.System.GetTimestamp();
            Console.Error.Write($"\r{value} {what}  ");
        }
    }
}
