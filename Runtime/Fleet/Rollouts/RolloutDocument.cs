using Edge.Runtime.Updates.Checks;
using Edge.Runtime.Updates.Envelopes;

namespace Edge.Runtime.Fleet.Rollouts;

/// <summary>A desired document that is sent to a share of a fleet: the same version and content with another share, and signed again for it.</summary>
internal sealed class RolloutDocument
{
    private readonly SigningKey? key;
    private readonly DesiredPayload payload;

    private RolloutDocument(DesiredPayload payload, SigningKey? key)
    {
        // Written once, so that each share has the same bytes for a content, whatever white space and comments the file had: it is one version.
        this.payload = DesiredPayload.Read(DesiredPayload.Write(payload.Version, payload.Config, payload.Target, payload.NotAfter, rollout: null, payload.MinimumRuntime?.ToString()));
        this.key = key;
    }

    /// <summary>Its version.</summary>
    internal long Version => payload.Version;

    /// <summary>Who signs it, or <see cref="Updates.Envelopes.KeyId.Unsigned"/>.</summary>
    internal string KeyId => key?.Id ?? Updates.Envelopes.KeyId.Unsigned;

    /// <summary>SHA-256 of its content.</summary>
    internal string ContentHash => payload.ContentHash;

    /// <summary>Takes an envelope or a payload, of which only the share, and perhaps the group, is changed.</summary>
    /// <param name="message">What 'edge config sign' wrote, or an unsigned payload.</param>
    /// <param name="key">Signs what is sent; null: it is sent unsigned.</param>
    /// <exception cref="FormatException">It is neither; or it is signed, and there is no key to sign it again.</exception>
    internal static RolloutDocument Of(ReadOnlySpan<byte> message, SigningKey? key)
    {
        if (!SignedEnvelope.IsMeant(message)) return new RolloutDocument(DesiredPayload.Read(message), key);
        var envelope = SignedEnvelope.Read(message);
        if (key is null) throw new FormatException("the document is signed with its share of the fleet inside, so that another share must be signed again; name the private key with --key");
        return new RolloutDocument(DesiredPayload.Read(envelope.Payload), key);
    }

    /// <summary>The message for one share of the fleet.</summary>
    /// <param name="rollout">The share; null: all.</param>
    /// <param name="group">For that group; null: as the document has it.</param>
    internal byte[] For(Rollout? rollout, string? group)
    {
        byte[] bytes = DesiredPayload.Write(payload.Version, payload.Config, group is null ? payload.Target : payload.Target with { Group = group }, payload.NotAfter, rollout, payload.MinimumRuntime?.ToString());
        return key is null ? bytes : SignedEnvelope.Sign(key, bytes).Write();
    }
}
