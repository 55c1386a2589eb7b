using System.Text.Json.Serialization;

namespace Edge.Telemetry.Messages;

/// <summary>What became of a desired configuration.</summary>
[JsonConverter(typeof(CamelCaseEnumConverter<ConfigResult>))]
public enum ConfigResult
{
    /// <summary>It is active now.</summary>
    Applied,

    /// <summary>It is not; the last good one stays active.</summary>
    Refused,

    /// <summary>It was active already.</summary>
    Unchanged,

    /// <summary>It is good, and the rollout has not reached this device; it is looked at again with every message.</summary>
    Deferred,

    /// <summary>It has passed all checks and is on disk; the last good one runs still.</summary>
    Staged,

    /// <summary>It runs, and must prove itself; the last good one is still <c>active</c>.</summary>
    Trial,

    /// <summary>It has failed on trial, and the last good one runs again.</summary>
    RolledBack,

    /// <summary>A newer one took its place before its trial was over.</summary>
    Superseded,
}

/// <summary>How far an attempt came.</summary>
[JsonConverter(typeof(CamelCaseEnumConverter<ConfigStage>))]
public enum ConfigStage
{
    /// <summary>The checks; nothing was written.</summary>
    Checks,

    /// <summary>It was on disk and had not run.</summary>
    Staged,

    /// <summary>It ran.</summary>
    Trial,

    /// <summary>It became the last good one.</summary>
    Active,
}

/// <summary>What a device believes of what comes over the air.</summary>
[JsonConverter(typeof(CamelCaseEnumConverter<ConfigTrust>))]
public enum ConfigTrust
{
    /// <summary>What a trusted key has signed.</summary>
    Signed,

    /// <summary>Anything, because it has no trusted key and its broker is on the loopback interface. Not for a device in the field.</summary>
    Unsigned,

    /// <summary>Nothing: it has no trusted key and its broker is elsewhere, its list of keys is damaged, or <c>updates.accept</c> is false.</summary>
    Nothing,
}

/// <summary>The last good configuration. The device runs with it, except while <see cref="ConfigAttempt.Result"/> is <see cref="ConfigResult.Trial"/>.</summary>
/// <param name="Version">Version given by whoever sent it; left out for one from a file or the defaults.</param>
/// <param name="Hash">Hash of its canonical form, all defaults filled in.</param>
/// <param name="Source">Where it came from: "default", "file" or "desired".</param>
public sealed record ActiveConfig(long? Version, string Hash, string Source);

/// <summary>The latest desired configuration that a device looked at.</summary>
/// <param name="Version">Its version; left out when it could not be read.</param>
/// <param name="Hash">Hash of the configuration that it makes, as in <see cref="ActiveConfig"/>; left out when it makes none.</param>
/// <param name="Result">What became of it.</param>
/// <param name="Reasons">All reasons for refusing it, putting it off or going back; empty otherwise.</param>
/// <param name="At">When, UTC.</param>
public sealed record ConfigAttempt(
    long? Version,
    string? Hash,
    ConfigResult Result,
    IReadOnlyList<string> Reasons,
    [property: JsonConverter(typeof(UtcMillisecondsConverter))] DateTimeOffset At)
{
    /// <summary>How far it came.</summary>
    public ConfigStage? Stage { get; init; }

    /// <summary>One word for each of <see cref="Reasons"/>, in their order, for programs.</summary>
    public IReadOnlyList<string>? Codes { get; init; }

    /// <summary>What could not be checked or judged, and why; left out when there was nothing.</summary>
    public IReadOnlyList<string>? Notes { get; init; }

    /// <summary>Who signed it: the id of the key, or "unsigned"; left out when that was not known.</summary>
    public string? KeyId { get; init; }

    /// <summary>Windows that the change has cost so far, roll back included: those that would have been cut while the pipeline started again, by the clock, from the last window before to the first one after. 0: the
    /// change was taken by the running pipeline, or the stream waits. Left out until the first window has come, and when the process itself was started again meanwhile.</summary>
    public long? GapWindows { get; init; }
}

/// <summary>Active configuration and the latest attempt to change it; retained.</summary>
public sealed record ConfigReportedMessage : TelemetryMessage
{
    /// <summary>Name and version of this message.</summary>
    public const string SchemaName = "edge.config-reported/1";

    /// <inheritdoc/>
    [JsonPropertyOrder(-10)]
    public override string Schema => SchemaName;

    /// <summary>The last good one.</summary>
    public required ActiveConfig Active { get; init; }

    /// <summary>The latest attempt; left out when there was none.</summary>
    public ConfigAttempt? LastAttempt { get; init; }

    /// <summary>What the device believes.</summary>
    public ConfigTrust? Trust { get; init; }

    /// <summary>Version of its list of trusted keys; left out when it has none.</summary>
    public long? KeysVersion { get; init; }

    /// <summary>Why the latest list of trusted keys was not taken, or why the device's own cannot be read; left out when neither is so.</summary>
    public IReadOnlyList<string>? KeysProblems { get; init; }
}
