using System.CommandLine;
using Edge.Config;
using Edge.Runtime.Snapshots;
using Edge.Runtime.Stages;

namespace Edge.Runtime.Commands;

/// <summary><c>edge snapshot list|show|export|promote|publish|rollback|diff</c>: the models that a device has had, and which one runs.</summary>
public static class SnapshotCommand
{
    internal const string Naming = "current, previous, an id, the beginning of one, or its number";
    internal static readonly string Codes = CodesWith(null);

    /// <summary>Exit codes of a sub-verb that also finds something.</summary>
    internal static string CodesWith(string? finding) => ExitCode.List(finding: finding, fault: "the disk, a file or a running service is in the way");

    /// <summary>The verb.</summary>
    public static Command Create() => new("snapshot", "Look at the device's models, take one elsewhere, offer it to others, bring one in, or go back to an earlier one. list, show, export, publish and diff may be used beside a running service.")
    {
        SnapshotListCommand.Create(),
        SnapshotShowCommand.Create(),
        SnapshotExportCommand.Create(),
        SnapshotPromoteCommand.Create(),
        SnapshotPublishCommand.Create(),
        SnapshotRollbackCommand.Create(),
        SnapshotDiffCommand.Create(),
    };

    /// <summary>Runs a sub-verb on the data directory of a configuration.</summary>
    internal static void Act(Command command, Func<DeviceConfig, DataDirectory, ParseResult, CancellationToken, Task<int>> run) => DeviceCommand.Act("snapshot", command, run);

    /// <summary>An argument that names a snapshot.</summary>
    internal static Argument<string> Snapshot(string name, string what, string? otherwise = null)
    {
        var argument = new Argument<string>(name) { Description = $"{what}: {Naming}." };
        if (otherwise is not null) argument.DefaultValueFactory = _ => otherwise;
        return argument;
    }

    /// <summary>
    /// Why another snapshot's frozen features must not come under the device's statistics unasked; null when they are the same, or there are none to lose. Statistics count everything ever labelled, the buffer holds a small part of it.
    /// </summary>
    internal static string? LostStatistics(DataDirectory data, StoredModel? running, string modelFile)
    {
        if (running is null || !File.Exists(data.ReadOut.Statistics)) return null;
        var (now, then) = (ModelDescription.Read(running.File).FrozenBankId, ModelDescription.Read(modelFile).FrozenBankId);
        return now == then || now is null ? null
            : $"it computes other frozen features ({then ?? "none"}) than {running.Id} ({now}). The statistics of everything that was ever labelled would be put aside, and only what the replay buffer holds be counted anew. Add --drop-statistics if that is meant.";
    }

    /// <summary>A graph that runs.</summary>
    internal sealed record StoredModel(string Id, string File);
}
