using Edge.Runtime.Updates.Checks;
using Edge.Runtime.Updates.Envelopes;
using Edge.Runtime.Updates.States;
using Edge.Storage;

namespace Edge.Runtime.Updates.Trust;

/// <summary>
/// The keys that a device trusts: those of <c>updates.keysFile</c>, given with the device, or those of a signed document that came over the air since, whichever has the higher version. A file that is there and cannot be read
/// leaves the device without any trust, not with more of it: nothing is accepted, signed or not, until somebody mends it.
/// </summary>
public sealed class KeyRingStore
{
    private const string Kind = "edge-keys";
    private readonly string accepted;
    private readonly Action<string>? at;
    private byte[] current = [];

    private KeyRingStore(string directory, Action<string>? at) => (accepted, this.at) = (Path.Combine(directory, "keys.json"), at);

    /// <summary>The trusted keys; empty in unsigned mode, and when <see cref="Damage"/> says so.</summary>
    public KeyRing Ring { get; private set; } = KeyRing.Empty;

    /// <summary>Why no key is trusted though there should be some; null when all is well.</summary>
    public string? Damage { get; private set; }

    /// <summary>Whether unsigned documents may be looked at, where the broker is on the loopback interface.</summary>
    public bool IsUnsignedMode => Damage is null && Ring.Keys.Count == 0;

    /// <summary>Reads both files; never throws.</summary>
    /// <param name="provisioned">The file given with the device; empty: none.</param>
    /// <param name="directory">Folder of what came over the air.</param>
    /// <param name="at">Told of every point between two writes, by name; for tests that end the process there.</param>
    public static KeyRingStore Open(string provisioned, string directory, Action<string>? at = null)
    {
        var store = new KeyRingStore(directory, at);
        try
        {
            if (provisioned.Length > 0) store.Use(File.ReadAllBytes(provisioned));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException or ArgumentException or NotSupportedException)
        {
            store.Damage = $"updates.keysFile '{provisioned}': {e.Message}";
        }

        try
        {
            if (CheckedFile.Read(store.accepted, Kind) is { } bytes && KeyRing.Read(bytes) is var later && later.Version > store.Ring.Version && store.Damage is null) store.Use(bytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException or InvalidDataException)
        {
            store.Damage ??= $"{store.accepted}: {e.Message}";
        }

        if (store.Damage is not null) store.Ring = KeyRing.Empty;
        return store;
    }

    /// <summary>Judges a signed list of keys, and makes it the device's own when all checks pass; nothing is written before.</summary>
    /// <returns>The reasons against it; empty when it is the device's list now, or was before.</returns>
    public IReadOnlyList<Reason> Take(ReadOnlyMemory<byte> message)
    {
        if (message.Length > SignedEnvelope.MaxBytes) return [new Reason(ReasonCode.TooLarge, $"{message.Length} bytes; at most {SignedEnvelope.MaxBytes} are looked at")];
        if (Damage is not null) return [new Reason(ReasonCode.KeysDamaged, $"{Damage}. Mend or replace the file on the device")];
        SignedEnvelope envelope;
        try
        {
            envelope = SignedEnvelope.Read(message.Span);
        }
        catch (FormatException e)
        {
            return [new Reason(ReasonCode.Malformed, e.Message)];
        }

        if (EnvelopeCheck.Of(envelope, Ring, KeyRole.Keys) is { } untrusted) return [untrusted];
        KeyRing next;
        try
        {
            next = KeyRing.Read(envelope.Payload);
        }
        catch (FormatException e)
        {
            return [new Reason(ReasonCode.Malformed, e.Message)];
        }

        if (next.Version < Ring.Version) return [new Reason(ReasonCode.VersionOlder, $"version {next.Version} is older than the device's list, {Ring.Version}")];
        if (next.Version == Ring.Version)
        {
            return current.AsSpan().SequenceEqual(envelope.Payload) ? [] : [new Reason(ReasonCode.VersionReused, $"version {next.Version} is the device's list already, with other content; give every list a new version")];
        }

        try
        {
            DurableFile.CreateDirectory(Path.GetDirectoryName(accepted)!);
            at?.Invoke("keys.begin");
            CheckedFile.Write(accepted, Kind, envelope.Payload, () => at?.Invoke("keys.written"));
            at?.Invoke("keys.renamed");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [new Reason(ReasonCode.NotWritten, e.Message)];
        }

        Use(envelope.Payload);
        return [];
    }

    private void Use(byte[] bytes) => (Ring, current) = (KeyRing.Read(bytes), bytes);
}
