using Edge.Runtime.Updates.Envelopes;
using Edge.Runtime.Updates.Trust;

namespace Edge.Runtime.Updates.Checks;

/// <summary>Whether an envelope was signed by a key that the device trusts for such a document.</summary>
public static class EnvelopeCheck
{
    /// <summary>The reason against it; null when the signature is good.</summary>
    public static Reason? Of(SignedEnvelope envelope, KeyRing ring, string role)
    {
        if (ring.Find(envelope.KeyId, role) is not { } key)
        {
            string known = ring.Keys.Count == 0 ? "this device trusts no key; put one into updates.keysFile" : $"trusted for '{role}': {string.Join(", ", ring.Keys.Where(k => k.Roles.Contains(role)).Select(k => $"{k.Id} ({k.Name})"))}";
            return new Reason(ReasonCode.UnknownKey, $"key {envelope.KeyId} is not trusted for '{role}'; {known}");
        }

        if (key.Algorithm != envelope.Algorithm) return new Reason(ReasonCode.WrongAlgorithm, $"key {key.Id} ({key.Name}) signs by {key.Algorithm}, the envelope says {envelope.Algorithm}");
        return SignatureScheme.Verify(key.Algorithm, key.PublicKey, envelope.Payload, envelope.Signature)
            ? null
            : new Reason(ReasonCode.BadSignature, $"the signature is not that of key {key.Id} ({key.Name}) over this payload; it was changed on the way, or signed by another");
    }
}
