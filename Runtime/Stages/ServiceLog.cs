using Edge.Storage;
using Microsoft.Extensions.Logging;

namespace Edge.Runtime.Stages;

/// <summary>What the service says at start and stop. Event ids are stable.</summary>
public static partial class ServiceLog
{
    /// <summary>The service runs.</summary>
    [LoggerMessage(1001, LogLevel.Information, "{How} snapshot {SnapshotId} on {Provider}; buffer holds {ReplayCount} for replay, {AnchorCount} anchors, {FreshCount} fresh")]
    public static partial void Started(ILogger log, string how, string snapshotId, string provider, int replayCount, int anchorCount, int freshCount);

    /// <summary>A faster provider does not run.</summary>
    [LoggerMessage(1002, LogLevel.Information, "execution provider not used: {Reason}")]
    public static partial void ProviderRefused(ILogger log, string reason);

    /// <summary>A snapshot failed its hash.</summary>
    [LoggerMessage(1003, LogLevel.Warning, "snapshot damaged and left out: {What}")]
    public static partial void SnapshotDamaged(ILogger log, string what);

    /// <summary>The replay buffer could not be read.</summary>
    [LoggerMessage(1004, LogLevel.Error, "the replay buffer was damaged ({Reason}); it was put aside as {Path}. {SalvagedCount} examples were read from it, {FromCopyCount} taken from a copy; {Loss}")]
    public static partial void BufferRestored(ILogger log, string path, string reason, int salvagedCount, int fromCopyCount, string loss);

    /// <summary>Records failed their checksum.</summary>
    [LoggerMessage(1005, LogLevel.Warning, "{Count} records of the replay buffer failed their checksum and are left out")]
    public static partial void RecordsCorrupt(ILogger log, long count);

    /// <summary>Accepted configuration could not be used.</summary>
    [LoggerMessage(1006, LogLevel.Error, "configuration accepted over the air cannot be run and was set aside: {Reason}")]
    public static partial void OverlaySetAside(ILogger log, string reason);

    /// <summary>What the device had stored of its configuration was damaged.</summary>
    [LoggerMessage(1009, LogLevel.Error, "stored configuration: {What}")]
    public static partial void UpdateStateDamaged(ILogger log, string what);

    /// <summary>The list of trusted keys cannot be read.</summary>
    [LoggerMessage(1010, LogLevel.Error, "no configuration is taken over the air until the list of trusted keys is mended: {Problem}")]
    public static partial void KeysDamaged(ILogger log, string problem);

    /// <summary>A start on trial waits for something that does not come.</summary>
    [LoggerMessage(1013, LogLevel.Critical, "a start with a configuration on trial hangs since {Seconds:0} s; the process ends, which costs an attempt")]
    public static partial void StartHangs(ILogger log, double seconds);

    /// <summary>A bug ended the service while a configuration was on trial.</summary>
    [LoggerMessage(1011, LogLevel.Error, "a fault during the trial of a configuration; it counts as an attempt: {Fault}")]
    public static partial void TrialFault(ILogger log, string fault);

    /// <summary>The pinned snapshot cannot run.</summary>
    [LoggerMessage(1031, LogLevel.Error, "the snapshot that promotion.pinnedSnapshot names cannot run: {Reason} {SnapshotId} runs in its place, and none is promoted")]
    public static partial void PinNotRun(ILogger log, string reason, string snapshotId);

    /// <summary>A snapshot that is offered over the air is not taken.</summary>
    [LoggerMessage(1032, LogLevel.Warning, "offered snapshot {OfferedId} is not taken: {Reasons}")]
    public static partial void OfferRefused(ILogger log, string offeredId, string reasons);

    /// <summary>What had been counted before a trial could not be brought back.</summary>
    [LoggerMessage(1012, LogLevel.Error, "what the read-out had counted before the trial could not be brought back, and is counted anew from the replay buffer: {Reason}")]
    public static partial void ReadOutNotRestored(ILogger log, string reason);

    /// <summary>A small file of what had been noted could not be read.</summary>
    [LoggerMessage(1033, LogLevel.Warning, "{File} was damaged and is begun anew ({Problem}): {Cost}")]
    public static partial void NoteBegunAnew(ILogger log, string file, string problem, string cost);

    /// <summary>The statistics of the frozen features could not be used.</summary>
    [LoggerMessage(1007, LogLevel.Warning, "the statistics of the frozen features were put aside (.bad); with what the replay buffer holds they count {Count} examples now: {Problem}")]
    public static partial void StatisticsBegunAnew(ILogger log, long count, string problem);

    /// <summary>An execution provider failed while it ran; said once.</summary>
    [LoggerMessage(1020, LogLevel.Error, "execution provider {Provider}: {Reason}")]
    public static partial void ProviderFailed(ILogger log, string provider, string reason);

    /// <summary>The configuration cuts other windows than the snapshot that ran takes.</summary>
    [LoggerMessage(1021, LogLevel.Warning, "snapshot {KnownId} takes windows {Takes}, window.length and sensor.sampleRateHz cut {Cuts}: {SnapshotId} runs in its place. It is kept; set both back to run it again")]
    public static partial void OtherWindows(ILogger log, string knownId, WindowShape takes, WindowShape cuts, string snapshotId);

    /// <summary>Labelled windows of another shape.</summary>
    [LoggerMessage(1022, LogLevel.Warning, "{Count} examples of the replay buffer are other windows than {Window}: they are kept, and left out of prototypes, training and exams until such windows are cut again; 'edge replay forget' lets a class go")]
    public static partial void ExamplesOfOtherWindows(ILogger log, int count, WindowShape window);

    /// <summary>Less than float32 was asked for.</summary>
    [LoggerMessage(1008, LogLevel.Information, "inference.precision asks for {Wanted}; the snapshot has {Precision}, it is examined when the service has started, and the next promoted one anew")]
    public static partial void Precision(ILogger log, string wanted, string precision);

    /// <summary>What the drift watch had seen could not be used.</summary>
    [LoggerMessage(1015, LogLevel.Information, "the drift watch begins anew: {Problem}")]
    public static partial void DriftBegunAnew(ILogger log, string problem);
}
