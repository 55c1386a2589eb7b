using System.Text;
using System.Text.Json.Nodes;
using Edge.Runtime.Updates.Checks;
using Edge.Runtime.Updates.Envelopes;
using Edge.Runtime.Updates.Trust;
using Edge.Telemetry.Tests.Contract;

namespace Edge.Runtime.Tests.Updates;

/// <summary>What a device takes over the air is what Telemetry/asyncapi.yaml says.</summary>
public sealed class DesiredContractTests
{
    private static readonly AsyncApiContract s_contract = AsyncApiContract.Read();

    [Theory]
    [InlineData("""{ "version": 1, "config": {} }""")]
    [InlineData("""{ "schema": "edge.config-desired/2", "version": 1, "config": {} }""")]
    [InlineData("""{ "schema": "edge.config-desired/3", "version": 1, "config": {} }""")]
    [InlineData("""{ "version": 7, "notAfter": "2099-01-31T00:00:00Z", "target": { "fleet": "north", "group": "pumps" }, "rollout": { "percent": 12.5, "seed": -1 }, "minimumRuntime": "0.1.0", "config": { "a": 1 } }""")]
    [InlineData("""{ "version": 1 }""")]
    [InlineData("""{ "config": {} }""")]
    [InlineData("""{ "version": 0, "config": {} }""")]
    [InlineData("""{ "version": "1", "config": {} }""")]
    [InlineData("""{ "version": 1, "config": [] }""")]
    [InlineData("""{ "version": 1, "config": {}, "colour": 1 }""")]
    [InlineData("""{ "version": 1, "config": {}, "rollout": { "percent": 101 } }""")]
    [InlineData("""{ "version": 1, "config": {}, "rollout": { "seed": 1 } }""")]
    [InlineData("""{ "version": 1, "config": {}, "target": { "fleet": "a b" } }""")]
    [InlineData("""{ "version": 1, "config": {}, "target": { "fleets": "a" } }""")]
    [InlineData("""{ "version": 1, "config": {}, "minimumRuntime": "new" }""")]
    public async Task The_reader_and_the_contract_agree_on_an_unsigned_document(string json)
    {
        bool isRead = true;
        try
        {
            DesiredPayload.Read(Encoding.UTF8.GetBytes(json));
        }
        catch (FormatException e)
        {
            isRead = false;
            Assert.DoesNotMatch(@"\bSystem\.|\bEdge\.|\.NET|LineNumber", e.Message); // Whoever wrote it does not know the types of this program.
        }

        Assert.Equal(isRead, (await s_contract.BreachesAsync("config/desired", json)).Count == 0);
    }

    [Theory]
    [InlineData(SignatureScheme.EcdsaP256)]
    [InlineData(SignatureScheme.Ed25519)]
    public async Task A_real_envelope_keeps_the_contract_and_a_broken_one_does_not(string algorithm)
    {
        using var key = SigningKey.Create(algorithm);
        var ring = new KeyRing(1, [new TrustedKey("one", algorithm, key.PublicKey, [.. KeyRole.All])]);
        string desired = Encoding.UTF8.GetString(SignedEnvelope.Sign(key, DesiredPayload.Write(1, "{}"u8)).Write()), keys = Encoding.UTF8.GetString(SignedEnvelope.Sign(key, ring.Write()).Write());
        Assert.Empty(await s_contract.BreachesAsync("config/desired", desired));
        Assert.Empty(await s_contract.BreachesAsync("config/keys", keys));
        foreach (string member in (string[])["payload", "signature", "keyId", "algorithm"])
        {
            var broken = JsonNode.Parse(keys)!;
            broken[member] = "?";
            Assert.NotEmpty(await s_contract.BreachesAsync("config/keys", broken.ToJsonString()));
            broken.AsObject().Remove(member);
            Assert.NotEmpty(await s_contract.BreachesAsync("config/keys", broken.ToJsonString()));
        }
    }
}
