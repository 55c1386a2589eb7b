using Edge.Config;
using Edge.Runtime.Updates.Envelopes;
using Edge.Runtime.Updates.States;
using Edge.Runtime.Updates.Trust;
using Edge.Telemetry.Mqtt;

namespace Edge.Runtime.Updates.Checks;

/// <summary>How a desired document fared.</summary>
public enum CheckOutcome
{
    /// <summary>All checks passed.</summary>
    Accepted,

    /// <summary>It was accepted before, with the same content; what became of it stands.</summary>
    Known,

    /// <summary>It is good, and the rollout has not reached this device.</summary>
    Deferred,

    /// <summary>It is not taken.</summary>
    Refused,
}

/// <summary>Verdict on a desired document.</summary>
/// <param name="Outcome">How it fared.</param>
/// <param name="Reasons">All reasons against it, or for putting it off; empty otherwise.</param>
public sealed record CheckVerdict(CheckOutcome Outcome, params IReadOnlyList<Reason> Reasons)
{
    /// <summary>Its version; null when it could not be read, or its signature is not trusted.</summary>
    public long? Version { get; init; }

    /// <summary>Hash of the merged configuration; null when there is none.</summary>
    public string? Hash { get; init; }

    /// <summary>Who signed it; null before that was known.</summary>
    public string? KeyId { get; init; }

    /// <summary>What could not be checked, and why.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>The merged configuration, when it was accepted.</summary>
    public RunningConfig? Merged { get; init; }
}

/// <summary>What a device knows when a document arrives.</summary>
public sealed record DeviceFacts
{
    /// <summary>Its name in topics.</summary>
    public required string DeviceId { get; init; }

    /// <summary>The last good configuration.</summary>
    public required RunningConfig Good { get; init; }

    /// <summary>Its trusted keys.</summary>
    public required KeyRingStore Keys { get; init; }

    /// <summary>Whether the broker that brought the document is on the device itself.</summary>
    public required bool BrokerIsLoopback { get; init; }

    /// <summary>What was accepted before.</summary>
    public required ConfigState State { get; init; }

    /// <summary>Its clock.</summary>
    public required IDeviceClock Clock { get; init; }

    /// <summary>Version of the service.</summary>
    public required Version Runtime { get; init; }

    /// <summary>Why a snapshot cannot be pinned by a configuration; null when it can.</summary>
    public Func<DeviceConfig, string?> WhyNotPinned { get; init; } = _ => null;
}

/// <summary>
/// The checks of a desired document, in order: size, shape, signature by a trusted key, target, then (all reasons together) expiry, version, types, ranges and rules of the merged result, what cannot be changed over the air, lowest
/// version of the service; last the rollout. Nothing is written here, and nothing before all have passed. What is not signed by a trusted key is not looked into.
/// </summary>
public static class UpdateChecks
{
    /// <summary>Judges one message; never throws, whatever the bytes.</summary>
    public static CheckVerdict Judge(ReadOnlyMemory<byte> message, DeviceFacts facts)
    {
        var config = facts.Good.Verdict.Config!;
        if (message.Length > SignedEnvelope.MaxBytes) return Refused(ReasonCode.TooLarge, $"{message.Length} bytes; at most {SignedEnvelope.MaxBytes} are looked at");
        if (!config.Updates.Accept) return Refused(ReasonCode.NotAccepted, "updates.accept is false on this device; change it in the device's own config file");
        if (facts.Keys.Damage is { } damage) return Refused(ReasonCode.KeysDamaged, $"{damage}. Nothing is trusted until that file is mended");

        DesiredPayload payload;
        string keyId;
        try
        {
            if (SignedEnvelope.IsMeant(message.Span))
            {
                var envelope = SignedEnvelope.Read(message.Span);
                if (EnvelopeCheck.Of(envelope, facts.Keys.Ring, KeyRole.Config) is { } untrusted) return new CheckVerdict(CheckOutcome.Refused, untrusted);
                (payload, keyId) = (DesiredPayload.Read(envelope.Payload), envelope.KeyId);
            }
            else
            {
                if (!facts.Keys.IsUnsignedMode) return Refused(ReasonCode.Unsigned, "it is not signed, and this device trusts keys; sign it with one of them ('edge config sign')");
                if (!facts.BrokerIsLoopback) return Refused(ReasonCode.Unsigned, "it is not signed, and the broker is not on the loopback interface; unsigned configuration is taken only from a broker on the device itself");
                (payload, keyId) = (DesiredPayload.Read(message.Span), KeyId.Unsigned);
            }
        }
        catch (FormatException e)
        {
            return Refused(ReasonCode.Malformed, e.Message);
        }

        return Judge(payload, keyId, config, facts) with { Version = payload.Version, KeyId = keyId };
    }

    private static CheckVerdict Judge(DesiredPayload payload, string keyId, DeviceConfig config, DeviceFacts facts)
    {
        if (payload.Target.WhyNot(facts.DeviceId, config.Device) is { } elsewhere) return new CheckVerdict(CheckOutcome.Refused, elsewhere);
        string content = payload.ContentHash;
        var ratchet = facts.State.Ratchets.GetValueOrDefault(keyId);
        if (ratchet is not null && ratchet.Version == payload.Version && ratchet.Sha256 == content) return Again(payload, keyId, facts.State);

        var (reasons, notes) = (new List<Reason>(), new List<string>());
        CheckExpiry(payload, facts, reasons, notes);
        if (ratchet is not null && payload.Version < ratchet.Version) reasons.Add(new(ReasonCode.VersionOlder, $"version {payload.Version} is older than {ratchet.Version}, accepted from the same key; send a higher version, with the old content if that is what you want"));
        if (ratchet is not null && payload.Version == ratchet.Version) reasons.Add(new(ReasonCode.VersionReused, $"version {payload.Version} was accepted with other content; give every change a new version"));
        var merged = facts.Good.With(new AcceptedOverlay(payload.Version, keyId, payload.Config));
        reasons.AddRange(merged.Verdict.Problems.Select(problem => new Reason(ReasonCode.Invalid, problem.ToString())));
        if (merged.Verdict.OmittedProblemCount > 0) reasons.Add(new(ReasonCode.Invalid, $"{merged.Verdict.OmittedProblemCount} more problems are not listed"));
        if (merged.Verdict.Config is { } wanted) CheckChanges(config, wanted, facts, reasons);
        if (keyId == KeyId.Unsigned && merged.Verdict.Config?.Telemetry is { Broker: "external" } moved && !BrokerAddress.IsLoopback(moved.Host))
            reasons.Add(new(ReasonCode.Unsigned, $"it is not signed, and moves the device to the broker {moved.Host}, from where nothing unsigned is taken: the device would take nothing any more. Give the device keys to trust first (updates.keysFile in its own config file), and sign what moves it with one of them"));
        if (payload.MinimumRuntime is { } least && facts.Runtime < least) reasons.Add(new(ReasonCode.RuntimeTooOld, $"it asks for version {least} of the service or later, this is {facts.Runtime}; bring the service up to date first"));
        string? hash = merged.Verdict.IsValid ? merged.Verdict.Hash : null;
        if (reasons.Count > 0) return new CheckVerdict(CheckOutcome.Refused, reasons) { Hash = hash, Notes = notes };

        if (payload.Rollout is { } rollout && Rollout.BucketOf(rollout.Seed, facts.DeviceId) is var bucket && bucket >= rollout.Percent)
            return new CheckVerdict(CheckOutcome.Deferred, new Reason(ReasonCode.NotInRollout, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"the rollout has reached {rollout.Percent} % of the devices, and this one is in bucket {bucket}; it is looked at again with every message"))) { Hash = hash, Notes = notes };
        return new CheckVerdict(CheckOutcome.Accepted) { Hash = hash, Notes = notes, Merged = merged };
    }

    private static CheckVerdict Again(DesiredPayload payload, string keyId, ConfigState state)
    {
        bool Is(DocumentName? name) => name is not null && name.KeyId == keyId && name.Version == payload.Version;
        var name = Is(state.Candidate) ? state.Candidate : Is(state.Good) ? state.Good : Is(state.LastAttempt?.Document) ? state.LastAttempt!.Document : null;
        return name is not null
            ? new CheckVerdict(CheckOutcome.Known) { Hash = name.ConfigHash }
            : Refused(ReasonCode.VersionSuperseded, $"version {payload.Version} was accepted before, and another document has taken its place since; send a higher version");
    }

    private static void CheckExpiry(DesiredPayload payload, DeviceFacts facts, List<Reason> reasons, List<string> notes)
    {
        if (payload.NotAfter is not { } notAfter) return;
        if (facts.Clock.IsSynchronised)
        {
            if (facts.Clock.Now > notAfter) reasons.Add(new(ReasonCode.Expired, $"it was to be taken until {notAfter:u}, and it is {facts.Clock.Now:u}; sign it again with a later time"));
            return;
        }

        if (facts.State.NotBefore is { } known && known > notAfter) reasons.Add(new(ReasonCode.Expired, $"it was to be taken until {notAfter:u}, and it was {known:u} when this device's clock was last right; sign it again with a later time"));
        else notes.Add($"the clock is not synchronised, so that notAfter {notAfter:u} was not checked against it");
    }

    private static void CheckChanges(DeviceConfig config, DeviceConfig wanted, DeviceFacts facts, List<Reason> reasons)
    {
        var changed = ConfigDiff.Between(config, wanted).Fields;
        string[] fixedFields = [.. changed.Where(f => f.Change == ConfigChange.Process).Select(f => f.Path)];
        if (fixedFields.Length > 0) reasons.Add(new(ReasonCode.NotOverTheAir, $"{string.Join(", ", fixedFields)} cannot be changed over the air; change the device's own config file"));
        string[] others = [.. changed.Where(f => f.Change == ConfigChange.Snapshot).Select(f => f.Path)];
        if (others.Length > 0 && !wanted.Updates.AcceptNewSnapshot) reasons.Add(new(ReasonCode.NeedsSnapshot, $"{string.Join(", ", others)} needs another snapshot than the one that runs; set updates.acceptNewSnapshot to true in the same document if the device is to begin anew"));
        if (changed.Any(f => f.Path == UpdateStart.Pin) && wanted.Promotion.PinnedSnapshot.Length > 0 && facts.WhyNotPinned(wanted) is { } unknown) reasons.Add(new(ReasonCode.UnknownSnapshot, unknown));
    }

    private static CheckVerdict Refused(ReasonCode code, string text) => new(CheckOutcome.Refused, new Reason(code, text));
}
