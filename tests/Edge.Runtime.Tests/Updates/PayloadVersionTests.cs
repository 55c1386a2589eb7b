using System.Text;
using System.Text.Json.Nodes;
using Edge.Runtime.Updates.Envelopes;
using Edge.Runtime.Updates.Offers;

namespace Edge.Runtime.Tests.Updates;

/// <summary>Envelopes and pieces say which version they are; without it they are of the first, and of another they are not read.</summary>
public class PayloadVersionTests
{
    [Fact]
    public void An_envelope_says_its_version_and_another_one_is_refused()
    {
        using SigningKey key = SigningKey.Create(SignatureScheme.EcdsaP256);
        string text = Encoding.UTF8.GetString(SignedEnvelope.Sign(key, "{}"u8.ToArray()).Write());
        Assert.Equal("edge.envelope/1", (string)JsonNode.Parse(text)!["schema"]!);
        Assert.Equal(key.Id, SignedEnvelope.Read(Encoding.UTF8.GetBytes(text)).KeyId);
        Assert.Equal(key.Id, SignedEnvelope.Read(With(text, null)).KeyId);
        FormatException refused = Assert.Throws<FormatException>(() => SignedEnvelope.Read(With(text, "edge.envelope/2")));
        Assert.Equal("schema is 'edge.envelope/2'; this version reads 'edge.envelope/1'", refused.Message);
    }

    [Fact]
    public void A_piece_says_its_version_and_another_one_is_refused()
    {
        string text = Encoding.UTF8.GetString(new SnapshotChunk(new string('9', 64), 3, [1, 2]).Write());
        Assert.Equal("edge.snapshot-chunk/1", (string)JsonNode.Parse(text)!["schema"]!);
        Assert.Equal(3, SnapshotChunk.Read(Encoding.UTF8.GetBytes(text)).Index);
        Assert.Equal(3, SnapshotChunk.Read(With(text, null)).Index);
        FormatException refused = Assert.Throws<FormatException>(() => SnapshotChunk.Read(With(text, "edge.snapshot-chunk/2")));
        Assert.Equal("schema is 'edge.snapshot-chunk/2'; this version reads 'edge.snapshot-chunk/1'", refused.Message);
    }

    private static byte[] With(string text, string? version)
    {
        JsonObject message = JsonNode.Parse(text)!.AsObject();
        message.Remove("schema");
        if (version is not null) message["schema"] = version;
        return Encoding.UTF8.GetBytes(message.ToJsonString());
    }
}
