using System.Text.Json;
using System.Text.Json.Serialization;

namespace Edge.Runtime.Updates.Checks;

/// <summary>Why a configuration was not taken, put off, or rolled back. In reports and files in camelCase; a name never changes its meaning.</summary>
[JsonConverter(typeof(ReasonCodeConverter))]
public enum ReasonCode
{
    /// <summary>More bytes than are looked at.</summary>
    TooLarge,

    /// <summary>Neither an envelope nor a payload, or one with missing, unknown or doubled members.</summary>
    Malformed,

    /// <summary><c>updates.accept</c> is false.</summary>
    NotAccepted,

    /// <summary>It is not signed, and must be.</summary>
    Unsigned,

    /// <summary>The device's own list of trusted keys cannot be read, so nothing is trusted.</summary>
    KeysDamaged,

    /// <summary>No trusted key of the right role has this id.</summary>
    UnknownKey,

    /// <summary>The key is one of another algorithm.</summary>
    WrongAlgorithm,

    /// <summary>The signature is not that key's over these bytes.</summary>
    BadSignature,

    /// <summary>It is meant for other devices.</summary>
    NotForThisDevice,

    /// <summary>Its time is over.</summary>
    Expired,

    /// <summary>A higher version by the same key was accepted before.</summary>
    VersionOlder,

    /// <summary>The same version by the same key was accepted with other content.</summary>
    VersionReused,

    /// <summary>The same document was accepted before, and another one has taken its place since.</summary>
    VersionSuperseded,

    /// <summary>The merged configuration breaks a type, a range or a rule between fields.</summary>
    Invalid,

    /// <summary>It changes what only a start of the process with another file can change.</summary>
    NotOverTheAir,

    /// <summary>It needs another snapshot, and <c>updates.acceptNewSnapshot</c> is false.</summary>
    NeedsSnapshot,

    /// <summary>It pins a snapshot that the device does not hold, or that does not fit its windows.</summary>
    UnknownSnapshot,

    /// <summary>It asks for a newer version of the service.</summary>
    RuntimeTooOld,

    /// <summary>The device is not in the part of the fleet that the rollout has reached.</summary>
    NotInRollout,

    /// <summary>The disk did not take it.</summary>
    NotWritten,

    /// <summary>The service did not start with it.</summary>
    StartFailed,

    /// <summary>The service ended during the trial, too often.</summary>
    TooManyAttempts,

    /// <summary>The trial took longer than it may, restarts included.</summary>
    DeadlinePassed,

    /// <summary>No window came, or none for too long.</summary>
    SensorSilent,

    /// <summary>Windows were classified too slowly.</summary>
    LatencyTooHigh,

    /// <summary>Too many windows were broken or lost.</summary>
    TooManyErrors,

    /// <summary>The store or the data directory did not take a write.</summary>
    StoreNotWritable,

    /// <summary>The accuracy on the anchor set fell.</summary>
    AccuracyWorse,

    /// <summary>How rounds are trained was changed, and the round by it brought no candidate.</summary>
    TrainingFails,

    /// <summary>The broker whose settings were changed was not reached.</summary>
    BrokerUnreachable,

    /// <summary>A newer document took its place before its trial was over.</summary>
    Superseded,

    /// <summary>What the device had stored of it does not verify.</summary>
    DocumentDamaged,

    /// <summary>It no longer fits the file that the device was started with.</summary>
    NoLongerValid,

    /// <summary>A snapshot for other windows than the device cuts.</summary>
    OtherWindows,

    /// <summary>A snapshot that was trained on none of the device's classes.</summary>
    OtherClasses,

    /// <summary>A snapshot whose frozen features are others: what was counted of everything ever labelled would be lost.</summary>
    OtherFeatures,

    /// <summary><c>promotion.pinnedSnapshot</c> names the one that is to run.</summary>
    SnapshotPinned,

    /// <summary>A piece of a snapshot is not what the offer says.</summary>
    ChunkDamaged,

    /// <summary>The graph cannot be run here, or does not compute what was trained.</summary>
    Unfit,

    /// <summary>The promotion gate has judged it on the device's own anchors.</summary>
    GateRefused,
}

/// <summary>One reason.</summary>
/// <param name="Code">For a program.</param>
/// <param name="Text">For a person: value, place, expectation, remedy.</param>
public sealed record Reason(ReasonCode Code, string Text)
{
    /// <summary>The code as reports write it.</summary>
    [JsonIgnore]
    public string Word => JsonNamingPolicy.CamelCase.ConvertName(Code.ToString());

    /// <inheritdoc/>
    public override string ToString() => $"{Word}: {Text}";
}

internal sealed class ReasonCodeConverter() : JsonStringEnumConverter<ReasonCode>(JsonNamingPolicy.CamelCase, allowIntegerValues: false);
