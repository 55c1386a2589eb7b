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
    internal static readonly string Codes = SnapshotCommand.CodesWith(null);

    /// <summary>The verb.</summary>
    public static Command Create() => new("replay", "Look at the device's memory of labelled windows, take it elsewhere, repair it, or make it forget a class. The service must not run, or add --copy to a look.")
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

    /// <summary>Opens the store, or its newest copy, and says so on standard error when it was damaged and has just been restored.</summary>
    internal static ReplayBuffer Open(DeviceConfig config, DataDirectory data, ReplayAccess access, bool copy = false)
    {
        string path = data.ReplayFile;
        if (copy)
        {
            path = NewestCopy(config, data);
            access = ReplayAccess.LookAtCopy;
        }
        else
        {
            MustBeThere(data);
        }

        return Told(ReplayBuffer.Open(path, ServiceHost.OptionsOf(config), TimeProvider.System, access));
    }

    /// <summary>Passes a store on; where it has just been restored from damage, standard error hears of it.</summary>
    internal static ReplayBuffer Told(ReplayBuffer buffer)
    {
        if (buffer.Recovery is { } made)
            Console.Error.WriteLine($"the file was damaged ({made.Reason}); it lies as {made.PutAside} now. {made.SalvagedCount} examples were read from it, {made.FromCopyCount} taken from a copy; {made.Loss}.");
        return buffer;
    }

    /// <summary>The newest copy of the store.</summary>
    /// <exception cref="FileNotFoundException">There is none; the message says what makes one.</exception>
    internal static string NewestCopy(DeviceConfig config, DataDirectory data) => ReplayBuffer.NewestCopyOf(data.ReplayFile) ?? throw new FileNotFoundException(config.Replay.KeepCopies == 0
        ? $"there is no copy of the replay buffer in '{data.Path}', and replay.keepCopies = 0 makes none. Stop the service and leave --copy out."
        : $"there is no copy of the replay buffer in '{data.Path}'. A service makes one every replay.copyMinutes = {config.Replay.CopyMinutes}; stop it and leave --copy out.");

    /// <exception cref="FileNotFoundException">There is no store; the message says what makes one.</exception>
    internal static void MustBeThere(DataDirectory data)
    {
        if (!ReplayBuffer.IsAt(data.ReplayFile)) throw new FileNotFoundException($"there is no replay buffer in '{data.Path}'. Name the device's configuration with --config; 'edge run' or 'edge replay import' makes one.");
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
