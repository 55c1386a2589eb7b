using Edge.Config;
using Edge.Runtime.Updates.Checks;
using Edge.Runtime.Updates.Envelopes;
using Edge.Runtime.Updates.Trust;
using Edge.Storage;

namespace Edge.Runtime.Updates.Offers;

/// <summary>Verdict on an offer, before anything of it is fetched.</summary>
/// <param name="Offer">What is offered; null when it could not be read, or its signature is not trusted.</param>
/// <param name="Id">SHA-256 of the signed payload: two with the same are the same offer. Empty without <paramref name="Offer"/>.</param>
/// <param name="Reasons">All reasons against it; empty: it is fetched.</param>
public sealed record OfferVerdict(SnapshotOffer? Offer, string Id, IReadOnlyList<Reason> Reasons)
{
    /// <summary>Who signed it; empty without <see cref="Offer"/>.</summary>
    public string KeyId { get; init; } = "";
}

/// <summary>What a device knows when an offer arrives.</summary>
/// <param name="DeviceId">Its name in topics.</param>
/// <param name="Config">What it runs with.</param>
/// <param name="Keys">Its trusted keys.</param>
/// <param name="Window">Windows that it cuts.</param>
/// <param name="Clock">Its clock.</param>
public sealed record OfferFacts(string DeviceId, DeviceConfig Config, KeyRingStore Keys, WindowShape Window, IDeviceClock Clock);

/// <summary>
/// The checks of an offered snapshot, in order: size, signature by a trusted key with the role <c>snapshots</c>, shape, target; then, all reasons together, its time (not while the clock is not synchronised), the size of the snapshot, its windows, its classes, and whether another one is pinned. There
/// is no unsigned mode: a snapshot is code that runs.
/// </summary>
public static class OfferCheck
{
    /// <summary>Judges one message; never throws, whatever the bytes.</summary>
    public static OfferVerdict Judge(ReadOnlyMemory<byte> message, OfferFacts facts)
    {
        var config = facts.Config;
        if (message.Length > SignedEnvelope.MaxBytes) return Refused(ReasonCode.TooLarge, $"{message.Length} bytes; at most {SignedEnvelope.MaxBytes} are looked at");
        if (!config.Updates.AcceptSnapshots) return Refused(ReasonCode.NotAccepted, "updates.acceptSnapshots is false on this device");
        if (facts.Keys.Damage is { } damage) return Refused(ReasonCode.KeysDamaged, $"{damage}. Nothing is trusted until that file is mended");
        if (!SignedEnvelope.IsMeant(message.Span)) return Refused(ReasonCode.Unsigned, "it is not signed; snapshots are taken only when a trusted key with the role 'snapshots' has signed them, from any broker ('edge snapshot publish --key')");
        SnapshotOffer offer;
        byte[] payload;
        string keyId;
        try
        {
            var envelope = SignedEnvelope.Read(message.Span);
            if (EnvelopeCheck.Of(envelope, facts.Keys.Ring, KeyRole.Snapshots) is { } untrusted) return new OfferVerdict(null, "", [untrusted]);
            (payload, keyId) = (envelope.Payload, envelope.KeyId);
            offer = SnapshotOffer.Read(payload);
        }
        catch (FormatException e)
        {
            return Refused(ReasonCode.Malformed, e.Message);
        }

        string id = SnapshotOffer.HashOf(payload);
        if (offer.Target.WhyNot(facts.DeviceId, config.Device) is { } elsewhere) return new OfferVerdict(offer, id, [elsewhere]);
        var reasons = new List<Reason>();
        if (offer.NotAfter is { } notAfter && facts.Clock.IsSynchronised && facts.Clock.Now > notAfter) reasons.Add(new(ReasonCode.Expired, $"it was to be taken until {notAfter:u}, and it is {facts.Clock.Now:u}; offer it again ('edge snapshot publish')"));
        long most = (long)config.Updates.MaxSnapshotMiB << 20;
        if (offer.Bytes > most) reasons.Add(new(ReasonCode.TooLarge, $"it has {offer.Bytes} bytes; updates.maxSnapshotMiB is {config.Updates.MaxSnapshotMiB}, {most} bytes"));
        if (offer.Manifest.Window != facts.Window) reasons.Add(new(ReasonCode.OtherWindows, $"it takes windows {offer.Manifest.Window}; this device cuts {facts.Window} (window.length, sensor.sampleRateHz, the channels of sensor.kind)"));
        if (!ClassNames.Of(config.Labels.Renamed).FromStored(offer.Manifest.Classes).Intersect(config.Labels.Classes, StringComparer.Ordinal).Any())
            reasons.Add(new(ReasonCode.OtherClasses, $"it was trained on {string.Join(", ", offer.Manifest.Classes)}; labels.classes has none of them ({string.Join(", ", config.Labels.Classes)})"));
        if (config.Promotion.PinnedSnapshot is { Length: > 0 } pinned) reasons.Add(new(ReasonCode.SnapshotPinned, $"promotion.pinnedSnapshot is '{pinned}'; empty it to let another one run"));
        return new OfferVerdict(offer, id, reasons) { KeyId = keyId };
    }

    private static OfferVerdict Refused(ReasonCode code, string text) => new(null, "", [new Reason(code, text)]);
}
