using System.Text;
using Edge.Runtime.Updates.Checks;
using Edge.Runtime.Updates.Envelopes;
using Edge.Runtime.Updates.Trust;

namespace Edge.Runtime.Tests.Updates;

/// <summary>What an operator is told of a document that is none: value, place and remedy in the document's own words.</summary>
public sealed class ShapeFaultTests
{
    [Theory]
    [InlineData("garbage{{", "it is not JSON of at most 40 levels: 'garbage{{' breaks off at line 1, byte 1; mend it there")]
    [InlineData("{\n \"version\": 1,\n \"config\": {} ", "it is not JSON of at most 40 levels: '{  \"version\": 1,  \"config\": {} ' breaks off at line 3, byte 15; mend it there")]
    [InlineData("""{ "windowId": 1, "config": {} }""", "'windowId' is unknown; expected only version, config, notAfter, target, rollout, minimumRuntime, schema; remove it or correct its name")]
    [InlineData("""{ "version": 1 }""", "config is missing; add it, an object")]
    [InlineData("""{ "config": {} }""", "version is missing; add it, a whole number")]
    [InlineData("""{ "version": "1", "config": {} }""", "version is '\"1\"'; expected a whole number")]
    [InlineData("""{ "version": 1e999, "config": {} }""", "version is '1e999'; expected a whole number")]
    [InlineData("""{ "version": 1, "version": 2, "config": {} }""", "version is there twice; leave one")]
    [InlineData("""{ "version": null, "config": {} }""", "version is 'null'; expected a whole number")]
    [InlineData("""{ "version": 1, "config": {}, "notAfter": "tomorrow" }""", "notAfter is '\"tomorrow\"'; expected a time such as 2026-01-31T12:00:00Z")]
    [InlineData("""{ "version": 1, "config": {}, "target": { "fleets": "a" } }""", "'target.fleets' is unknown; expected only fleet, group, device; remove it or correct its name")]
    [InlineData("""{ "version": 1, "config": {}, "rollout": { "seed": 1 } }""", "rollout.percent is missing; add it, a number")]
    [InlineData("""{ "version": 1, "config": {}, "rollout": 10 }""", "rollout is '10'; expected an object")]
    [InlineData("""{ "\ud800": 1 }""", "it has half of a \\u surrogate pair in a name; write the character itself")]
    [InlineData("""{ "version": 1, "config": {}, "target": { "\udc00": "a" } }""", "it has half of a \\u surrogate pair in a name; write the character itself")]
    [InlineData("""{ "version": 1, "config": {}, "notAfter": "\ud800" }""", "notAfter is '\"\\ud800\"'; expected a time such as 2026-01-31T12:00:00Z")]
    [InlineData("""{ "version": 1, "config": { "\udc00": 1 } }""", "it has half of a \\u surrogate pair in a name; write the character itself")]
    [InlineData("""{ "version": 1, "config": { "drift": { "threshold": 1, "threshold": 2 } } }""", "config.drift.threshold is there twice; leave one")]
    [InlineData("""{ "version": 1, "config": { "labels": { "classes": [{ "a": 1, "a": 1 }] } } }""", "config.labels.classes[0].a is there twice; leave one")]
    [InlineData("""{ "version": "1", "config": null }""", "version is '\"1\"'; expected a whole number")]
    [InlineData("[1]", "it is '[1]'; expected an object")]
    [InlineData("null", "it is null; expected an object")]
    public void A_desired_configuration_that_is_none_is_told_what_is_wrong_where_and_what_belongs_there(string json, string expected) =>
        Assert.Equal(expected, Assert.Throws<FormatException>(() => DesiredPayload.Read(Encoding.UTF8.GetBytes(json))).Message);

    [Fact]
    public void So_is_an_envelope_and_a_list_of_keys()
    {
        Assert.Equal("signature is missing; add it, a text", Assert.Throws<FormatException>(() => SignedEnvelope.Read("""{ "schema": "edge.envelope/1", "payload": "", "keyId": "a", "algorithm": "b" }"""u8)).Message);
        Assert.StartsWith("keys[0].roles is '5'; expected a list", Assert.Throws<FormatException>(() => KeyRing.Read("""{ "schema": "edge.keys/1", "version": 1, "keys": [{ "name": "a", "algorithm": "ecdsaP256", "publicKey": "", "roles": 5 }] }"""u8)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_long_is_quoted_in_part_and_control_characters_not_at_all()
    {
        string told = Assert.Throws<FormatException>(() => DesiredPayload.Read(Encoding.UTF8.GetBytes($"{{ \"version\": \"\x7f{new string('x', 10_000)}\" }}"))).Message;
        Assert.InRange(told.Length, 60, 120);
        Assert.DoesNotContain(told, char.IsControl);
    }

    [Fact]
    public void Whatever_is_put_into_a_document_nothing_but_a_refusal_comes_of_it()
    {
        const string Whole = """{ "schema": "edge.config-desired/2", "version": 7, "notAfter": "2030-01-01T00:00:00Z", "target": { "fleet": "north" }, "rollout": { "percent": 10, "seed": 1 }, "minimumRuntime": "0.1.0", "config": { "drift": { "threshold": 9 } } }""";
        string[] pieces = ["\\ud800", "\\udc00", "\\u0000", "\"", "{", "}", "[", "]", ":", ",", "null", "1e999", "-", "\\", "\ufffe", "true", "\"config\"", "\"a\": 1,", "//"];
        Random random = new(1);
        int refused = 0;
        for (int trial = 0; trial < 5000; trial++)
        {
            string text = Whole;
            for (int blow = random.Next(1, 4); blow > 0; blow--)
            {
                int at = random.Next(text.Length), length = random.Next(Math.Min(8, text.Length - at));
                text = string.Concat(text.AsSpan(0, at), pieces[random.Next(pieces.Length)], text.AsSpan(at + length));
            }

            if (Record.Exception(() => DesiredPayload.Read(Encoding.UTF8.GetBytes(text))) is not { } thrown) continue;
            Assert.True(thrown is FormatException && !thrown.Message.Contains("another shape", StringComparison.Ordinal), $"{text}\n{thrown}");
            refused++;
        }

        Assert.InRange(refused, 3000, 4999);
    }
}
