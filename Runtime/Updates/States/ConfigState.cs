using System.Text.Json.Serialization;
using Edge.Runtime.Updates.Checks;

namespace Edge.Runtime.Updates.States;

/// <summary>Where a device stands between the last good configuration and a newer one.</summary>
[JsonConverter(typeof(CamelCase<ConfigPhase>))]
public enum ConfigPhase
{
    /// <summary>The last good one runs; there is no other.</summary>
    Active,

    /// <summary>A newer one has passed all checks and is on disk; it has not run yet.</summary>
    Staged,

    /// <summary>The newer one runs, and must prove itself.</summary>
    Trial,

    /// <summary>The newer one has failed; the last good one is to run again, or runs already.</summary>
    RolledBack,
}

/// <summary>How an attempt to change the configuration ended, or stands.</summary>
[JsonConverter(typeof(CamelCase<AttemptResult>))]
public enum AttemptResult
{
    /// <summary>It has passed all checks.</summary>
    Staged,

    /// <summary>It runs, and must prove itself.</summary>
    Trial,

    /// <summary>It is the last good one now.</summary>
    Applied,

    /// <summary>It has failed on trial, and the one before runs again.</summary>
    RolledBack,
}

/// <summary>An accepted document, named by the hash of its bytes.</summary>
/// <param name="Sha256">SHA-256 of the bytes of its <c>config</c>, 64 hexadecimal digits; also the name of the file that holds them.</param>
/// <param name="Version">Its version.</param>
/// <param name="KeyId">Who signed it.</param>
/// <param name="ConfigHash">Hash of the configuration that it made when it was accepted; see <see cref="Edge.Config.ConfigVerdict.Hash"/>.</param>
public sealed record DocumentName(string Sha256, long Version, string KeyId, string ConfigHash);

/// <summary>The highest version that was accepted of a key.</summary>
/// <param name="Version">The version.</param>
/// <param name="Sha256">Its content; see <see cref="DocumentName.Sha256"/>.</param>
public sealed record Ratchet(long Version, string Sha256);

/// <summary>The latest document that was accepted for a trial, and what became of it.</summary>
/// <param name="Document">The document.</param>
/// <param name="Result">What became of it.</param>
/// <param name="Reasons">All reasons for going back; empty otherwise.</param>
/// <param name="Notes">What could not be checked, or was left out of the checks, and why.</param>
/// <param name="At">When, UTC.</param>
public sealed record ConfigTrialRecord(DocumentName Document, AttemptResult Result, IReadOnlyList<Reason> Reasons, IReadOnlyList<string> Notes, DateTimeOffset At);

/// <summary>Everything that a device remembers of its configuration; one file, replaced as a whole.</summary>
public sealed record ConfigState
{
    /// <summary>Where it stands.</summary>
    public ConfigPhase Phase { get; init; } = ConfigPhase.Active;

    /// <summary>The last good document; null: the file that the device was started with, as it is.</summary>
    public DocumentName? Good { get; init; }

    /// <summary>The newer one; null in phase active.</summary>
    public DocumentName? Candidate { get; init; }

    /// <summary>Trials of it that were begun.</summary>
    public int Attempts { get; init; }

    /// <summary>When its trial must be over, restarts included; null before it has begun, and until the clock can be believed.</summary>
    public DateTimeOffset? Deadline { get; init; }

    /// <summary>Accuracy on the anchor set before it, percent; null when it was not known.</summary>
    public double? AccuracyBeforePercent { get; init; }

    /// <summary>Highest accepted version of each key.</summary>
    public IReadOnlyDictionary<string, Ratchet> Ratchets { get; init; } = new Dictionary<string, Ratchet>();

    /// <summary>The latest attempt that passed the checks; null before the first.</summary>
    public ConfigTrialRecord? LastAttempt { get; init; }

    /// <summary>Latest moment at which the clock was known to be right; it is at least as late now. Null: never.</summary>
    public DateTimeOffset? NotBefore { get; init; }
}

internal sealed class CamelCase<T>() : JsonStringEnumConverter<T>(System.Text.Json.JsonNamingPolicy.CamelCase, allowIntegerValues: false)
    where T : struct, Enum;
