using System.Text;
using System.Text.Json.Nodes;
using Edge.Runtime.Updates.Checks;
using Edge.Runtime.Updates.Envelopes;

namespace Edge.Runtime.Tests.Updates;

/// <content>The mutations themselves.</content>
internal sealed partial class HostileEnvelopes
{
    private byte[] Mutated(int kind)
    {
        byte[] good = SignedDevice.Change(device.Operator, 6, 6 + random.NextDouble());
        switch (kind)
        {
            case 0: // A bit, anywhere.
                byte[] bent = Bent(good);
                while (SaysTheSame(bent, good)) bent = Bent(good);
                return bent;
            case 1: // A bit of what was signed.
                return With(good, "payload", text => Convert.ToBase64String(Flipped(Convert.FromBase64String(text))));
            case 2: // Of the signature.
                return With(good, "signature", text => Convert.ToBase64String(Flipped(Convert.FromBase64String(text))));
            case 3: // Another key's name.
                return With(good, "keyId", _ => random.Next(4) switch { 0 => device.Root.Id, 1 => stranger.Id, 2 => leaked.Id, _ => device.Second.Id });
            case 4:
                return With(good, "algorithm", _ => random.Next(3) switch { 0 => SignatureScheme.Ed25519, 1 => "none", _ => "ECDSA-P256-SHA256" });
            case 5:
                return [.. good, .. Enumerable.Repeat((byte)' ', SignedEnvelope.MaxBytes + random.Next(1000))];
            case 6: // Deep.
                int depth = random.Next(41, 20_000);
                return random.Next(2) == 0
                    ? Encoding.UTF8.GetBytes("{\"payload\":" + new string('[', depth) + new string(']', depth) + "}")
                    : Signed($$"""{ "version": 6, "config": {{string.Concat(Enumerable.Repeat("{\"drift\":", depth))}}{}{{new string('}', depth)}} }""");
            case 7: // Other types.
                string member = new[] { "payload", "signature", "keyId", "algorithm" }[random.Next(4)];
                string other = new[] { "null", "7", "true", "[]", "{}", "1e400", "\"\\ud800\"" }[random.Next(7)];
                return Encoding.UTF8.GetBytes(System.Text.RegularExpressions.Regex.Replace(Encoding.UTF8.GetString(good), $"\"{member}\":\"[^\"]*\"", $"\"{member}\":{other}"));
            case 8: // Well signed, and no sense in it.
                string[] values = ["NaN", "1e999", "-1e999", "\"Infinity\"", "-1", "{}", "[]", "null, \"x\": 1", "99999999999999999999"];
                return Signed($$"""{ "version": 6, "config": { "drift": { "threshold": {{values[random.Next(values.Length)]}} } } }""");
            case 9: // Names that climb.
                string[] names = ["../../etc/passwd", "..", "/", "a/b", "%2e%2e", "\\u0000", "d1/../d2", "~root"];
                string name = names[random.Next(names.Length)];
                return random.Next(2) == 0
                    ? Signed($$"""{ "version": 6, "target": { "device": "{{name}}" }, "config": {} }""")
                    : Signed($$"""{ "version": 6, "config": { "device": { "{{(random.Next(2) == 0 ? "dataDirectory" : "id")}}": "{{name}}" } } }""");
            case 10:
                return accepted; // A replay.
            case 11:
                return SignedDevice.Change(device.Operator, random.Next(1, 5), 9); // A downgrade.
            case 12:
                return SignedDevice.Change(device.Operator, 5, 9 + random.NextDouble()); // The same version with other content.
            case 13: // Doubled, unknown and missing members.
                string line = Encoding.UTF8.GetString(good);
                return Encoding.UTF8.GetBytes(random.Next(3) switch
                {
                    0 => line.Insert(1, "\"payload\":\"e30=\","),
                    1 => line.Insert(1, "\"admin\":true,"),
                    _ => line.Replace("\"signature\"", "\"signatures\"", StringComparison.Ordinal),
                });
            case 14: // A stranger's, or one of another role.
                return random.Next(2) == 0 ? SignedDevice.Change(stranger, 6, 9) : SignedDevice.Change(device.Root, 6, 9);
            case 15: // Nobody's.
                return random.Next(3) switch { 0 => Encoding.UTF8.GetBytes("""{ "version": 6, "config": {} }"""), 1 => Noise(random.Next(2000)), _ => good[..random.Next(good.Length)] };
            case 16:
                return SignedDevice.Change(device.Operator, 6, 9, new UpdateTarget(Device: "d2"));
            case 17:
                return SignedDevice.Change(device.Operator, 6, 9, notAfter: device.Clock.Now.AddSeconds(-random.Next(1, 1_000_000)));
            case 18: // The same bytes written otherwise.
                return With(good, random.Next(2) == 0 ? "payload" : "signature", text => random.Next(3) switch { 0 => text.Insert(4, "\n"), 1 => text.TrimEnd('=') + "====", _ => text.Replace('+', '-').Replace('/', '_') + " " });
            case 20:
                return random.Next(4) switch
                {
                    0 => retiredKeys, // The list in which it was trusted.
                    1 => With(good, "keyId", _ => leaked.Id),
                    _ => SignedDevice.Change(leaked, random.Next(2) == 0 ? long.MaxValue : 6, 9),
                };
            case 21:
                return random.Next(2) == 0 ? accepted : Mutated(12);
            case 22:
                return Mutated(new[] { 0, 1, 3, 5, 7, 11, 12, 14, 15 }[random.Next(9)]);
            case 23:
                return Mutated(11 + random.Next(2));
            default: // 19
                return random.Next(3) switch
                {
                    0 => Signed("""{ "version": 6, "minimumRuntime": "99.0", "config": {} }"""),
                    1 => Signed("""{ "version": 6, "config": { "window": { "length": 256 } } }"""),
                    _ => Signed($$"""{ "version": {{new[] { "0", "-1", "1.5", "\"6\"", "9223372036854775808" }[random.Next(5)]}}, "config": {} }"""),
                };
        }
    }

    private byte[] KeysSigned(long version, params SigningKey[] keys) => SignedEnvelope.Sign(device.Root, device.RingOf(version, keys).Write()).Write();

    private byte[] Signed(string payload) => SignedDevice.Signed(random.Next(2) == 0 ? device.Operator : device.Second, payload);

    private static byte[] With(byte[] envelope, string member, Func<string, string> change)
    {
        var json = JsonNode.Parse(envelope)!.AsObject();
        json[member] = change((string)json[member]!);
        return Encoding.UTF8.GetBytes(json.ToJsonString());
    }

    private byte[] Flipped(byte[] bytes)
    {
        bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
        return bytes;
    }

    /// <summary>A bit that only makes the B of the escape \u002B small changes nothing of what was signed.</summary>
    private static bool SaysTheSame(byte[] one, byte[] other)
    {
        try
        {
            return JsonNode.DeepEquals(JsonNode.Parse(one), JsonNode.Parse(other));
        }
        catch (Exception e) when (e is System.Text.Json.JsonException or ArgumentException)
        {
            return false;
        }
    }

    private byte[] Bent(byte[] whole)
    {
        byte[] bytes = [.. whole];
        return random.Next(4) switch
        {
            0 => bytes[..random.Next(bytes.Length)],
            1 => [.. bytes, .. Noise(1 + random.Next(50))],
            2 => Noise(bytes.Length),
            _ => Flipped(bytes),
        };
    }

    private byte[] Noise(int length)
    {
        byte[] bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }
}
