using System.Text.Json.Serialization;
using Edge.Telemetry.Messages;

namespace Edge.Runtime.Fleet.Watching;

/// <summary>What may be wrong with a device, the worst last.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<DeviceTrouble>))]
internal enum DeviceTrouble
{
    /// <summary>It said goodbye.</summary>
    Stopped,

    /// <summary>It gave up messages.</summary>
    Dropping,

    /// <summary>A drift alarm rang within the last ten minutes.</summary>
    Drifting,

    /// <summary>A class has lost more than five points of its best accuracy.</summary>
    Forgetting,

    /// <summary>It refused the latest configuration.</summary>
    Refused,

    /// <summary>It went back from the latest configuration.</summary>
    RolledBack,

    /// <summary>It says that it is there, and nothing is heard of it.</summary>
    Stale,

    /// <summary>It ended on a fault.</summary>
    Fault,

    /// <summary>The broker lost it without a word.</summary>
    Lost,
}

/// <summary>The latest drift alarm.</summary>
/// <param name="What">What it watches, or the detector.</param>
/// <param name="Channel">The channel that moved most; null where none was named.</param>
/// <param name="Score">Statistic / threshold.</param>
/// <param name="WindowId">The window with which it rang; null where it was not said.</param>
/// <param name="At">When, by the device's clock.</param>
internal sealed record DriftShown(string? What, string? Channel, double? Score, long? WindowId, DateTimeOffset At);

/// <summary>The active configuration and the latest attempt to change it.</summary>
/// <param name="ActiveVersion">Version of the last good one; null for one from a file or the defaults.</param>
/// <param name="AttemptVersion">Version of the latest attempt.</param>
/// <param name="Result">What became of it; null when there was none.</param>
/// <param name="Codes">One word for each reason.</param>
internal sealed record ConfigShown(long? ActiveVersion, long? AttemptVersion, string? Result, IReadOnlyList<string> Codes)
{
    public bool Equals(ConfigShown? other) =>
        other is not null && (ActiveVersion, AttemptVersion, Result) == (other.ActiveVersion, other.AttemptVersion, other.Result) && Codes.SequenceEqual(other.Codes, StringComparer.Ordinal);

    public override int GetHashCode() => HashCode.Combine(ActiveVersion, AttemptVersion, Result, Codes.Count);
}

/// <summary>One device as a fleet's operator sees it; what was never heard is null.</summary>
internal sealed record DeviceRow(string Device)
{
    /// <summary>starting, online or offline, as last said.</summary>
    public string? State { get; init; }

    /// <summary>Why.</summary>
    public string? Reason { get; init; }

    /// <summary>The snapshot that runs.</summary>
    public string? Snapshot { get; init; }

    /// <summary>Share of all anchors that the running snapshot recognises, percent, as last measured.</summary>
    public double? AnchorAccuracyPercent { get; init; }

    /// <summary>The class that has lost most.</summary>
    public WorstForgetting? WorstForgetting { get; init; }

    /// <summary>When the message came about that said these two, by the device's clock: what is older does not replace them, in whatever order a broker hands over what it had kept.</summary>
    internal DateTimeOffset? AnchorsSaidAt { get; init; }

    /// <summary>The latest drift alarm since the device's service started, or since this view began.</summary>
    public DriftShown? Drift { get; init; }

    /// <summary>Drift alarms, as many as the device counts since its service started, and those heard since.</summary>
    public long? DriftAlarmCount { get; init; }

    /// <summary>Largest statistic / threshold of its drift detectors, as last said; at 1 one rings.</summary>
    public double? DriftScore { get; init; }

    /// <summary>Configuration.</summary>
    public ConfigShown? Config { get; init; }

    /// <summary>Messages that it gave up since it started, all names together.</summary>
    public long? MessagesDropped { get; init; }

    /// <summary>When it was last heard of: of what came since this view began by this machine's clock, of what the broker had kept by the device's.</summary>
    public DateTimeOffset? LastSeen { get; init; }

    /// <summary>Whether it should have been heard of and was not.</summary>
    public bool Stale { get; init; }

    /// <summary>What is wrong, the worst first.</summary>
    public IReadOnlyList<DeviceTrouble> Trouble { get; init; } = [];

    /// <summary>Names of what differs from <paramref name="before"/>, as JSON has them; that it was heard of again, or that its drift score moved, alone is no change.</summary>
    internal IReadOnlyList<string> ChangedSince(DeviceRow before)
    {
        var changed = new List<string>();
        void Compare<T>(string name, T one, T other)
        {
            if (!EqualityComparer<T>.Default.Equals(one, other)) changed.Add(name);
        }

        Compare("state", State, before.State);
        Compare("reason", Reason, before.Reason);
        Compare("snapshot", Snapshot, before.Snapshot);
        Compare("anchorAccuracyPercent", AnchorAccuracyPercent, before.AnchorAccuracyPercent);
        Compare("worstForgetting", WorstForgetting, before.WorstForgetting);
        Compare("drift", Drift, before.Drift);
        Compare("driftAlarmCount", DriftAlarmCount, before.DriftAlarmCount);
        Compare("config", Config, before.Config);
        Compare("messagesDropped", MessagesDropped, before.MessagesDropped);
        Compare("stale", Stale, before.Stale);
        if (!Trouble.SequenceEqual(before.Trouble)) changed.Add("trouble");
        return changed;
    }
}
