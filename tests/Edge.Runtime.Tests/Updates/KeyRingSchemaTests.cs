using System.Text;
using Edge.Runtime.Updates.Trust;
using Edge.Runtime.Updates.Envelopes;

namespace Edge.Runtime.Tests.Updates;

/// <summary>A list of trusted keys says of which version it is.</summary>
public sealed class KeyRingSchemaTests
{
    [Fact]
    public void A_list_carries_its_version_one_without_is_read_and_another_is_refused()
    {
        using var key = SigningKey.Create(SignatureScheme.Ed25519);
        string written = Encoding.UTF8.GetString(new KeyRing(1, [new TrustedKey("root", key.Algorithm, key.PublicKey, [.. KeyRole.All])]).Write());
        Assert.StartsWith("{\n  \"schema\": \"edge.config-keys/1\",\n  \"version\": 1,", written, StringComparison.Ordinal);

        var bare = KeyRing.Read(Encoding.UTF8.GetBytes(written.Replace("\"schema\": \"edge.config-keys/1\",", "", StringComparison.Ordinal)));
        Assert.Equal(written, Encoding.UTF8.GetString(bare.Write()));
        var refusal = Assert.Throws<FormatException>(() => KeyRing.Read(Encoding.UTF8.GetBytes(written.Replace("keys/1", "keys/2", StringComparison.Ordinal))));
        Assert.Equal("schema is 'edge.config-keys/2'; this program reads edge.config-keys/1", refusal.Message);
    }
}
