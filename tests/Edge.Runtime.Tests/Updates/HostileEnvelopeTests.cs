using System.Text;
using System.Text.Json.Nodes;
using Edge.Runtime.Updates.Checks;
using Edge.Runtime.Updates.Envelopes;
using Edge.Runtime.Updates.States;
using Edge.Runtime.Updates.Trust;
using Edge.Telemetry.Messages;

namespace Edge.Runtime.Tests.Updates;

/// <summary>What an enemy, or a bad line, makes of envelopes and of files: nothing is accepted that should not be, nothing throws, everything is answered with a reason.</summary>
public sealed class HostileEnvelopeTests : IDisposable
{
    private const int Count = 500;
    private readonly SignedDevice device = new();
    private readonly SigningKey stranger = SigningKey.Create(SignatureScheme.EcdsaP256);
    private readonly Random random = new(20260101);

    public void Dispose()
    {
        stranger.Dispose();
        device.Dispose();
    }

    [Fact]
    public void Of_500_mutated_envelopes_none_is_accepted_none_throws_and_each_has_a_reason_code()
    {
        byte[] accepted = SignedDevice.Change(device.Operator, 5, 6);
        device.Desired.Judge(accepted);
        var before = Files();
        var codes = new Dictionary<string, int>();
        for (int i = 0; i < Count; i++)
        {
            byte[] message = Mutated(i % 20, accepted);
            Assert.False(device.Desired.Judge(message));
            bool isReplay = message.AsSpan().SequenceEqual(accepted);
            Assert.True(isReplay ? device.Last.Result == ConfigResult.Applied : device.Last.Result == ConfigResult.Refused, $"{i}: {device.Last.Result} {Encoding.UTF8.GetString(message[..Math.Min(400, message.Length)])}");
            if (!isReplay) Assert.NotEmpty(device.Last.Codes!);
            Assert.All(device.Last.Reasons, reason => Assert.DoesNotContain(reason, char.IsControl));
            foreach (string code in device.Last.Codes ?? ["(replay)"]) codes[code] = codes.GetValueOrDefault(code) + 1;
            Assert.NotEmpty(KeyRingStore.Open(device.KeysFile, device.Folder).Take(message)); // Nor is any of them a list of keys.
        }

        Assert.Equal(before, Files()); // Nothing was written.
        string[] met = ["tooLarge", "malformed", "unsigned", "unknownKey", "wrongAlgorithm", "badSignature", "notForThisDevice", "expired", "versionOlder", "versionReused", "invalid", "notOverTheAir", "needsSnapshot", "runtimeTooOld", "(replay)"];
        Assert.Empty(met.Except(codes.Keys)); // Or the mutations test less than they say.
        device.Desired.Judge(SignedDevice.Change(device.Operator, 6, 7)); // And the device listens still.
        Assert.Equal(ConfigResult.Applied, device.Last.Result);
    }

    [Fact]
    public void Of_300_mutated_files_none_keeps_the_device_from_starting_and_none_runs_half()
    {
        device.Desired.Judge(SignedDevice.Change(device.Operator, 5, 6));
        device.Desired.Judge(SignedDevice.Signed(device.Operator, """{ "version": 6, "config": { "drift": { "threshold": 7 } } }"""));
        var whole = Directory.GetFiles(device.Folder, "*", SearchOption.AllDirectories).ToDictionary(file => file, File.ReadAllBytes);
        for (int i = 0; i < 300; i++)
        {
            foreach (var (file, bytes) in whole) File.WriteAllBytes(file, bytes);
            string victim = whole.Keys.Order(StringComparer.Ordinal).ElementAt(random.Next(whole.Count));
            File.WriteAllBytes(victim, Bent(whole[victim]));
            var machine = ConfigMachine.Open(device.Folder, device.Clock);
            Assert.True(machine.Good is null or { Version: 5 }, $"{victim}: {machine.Good?.Version}");
            Assert.True(machine.Candidate is null or { Version: 6 }, $"{victim}: {machine.Candidate?.Version}");
            foreach (var overlay in new[] { machine.Good, machine.Candidate })
            {
                if (overlay is not null) Assert.Contains(Encoding.UTF8.GetString(overlay.ConfigUtf8), (string[])["""{"drift":{"threshold":6},"updates":{"trialSeconds":0}}""", """{ "drift": { "threshold": 6 }, "updates": { "trialSeconds": 0 } }""", """{ "drift": { "threshold": 7 } }"""]);
            }

            device.Start();
            foreach (string bad in Directory.GetFiles(device.Folder, "*.bad")) File.Delete(bad);
        }
    }

    private byte[] Mutated(int kind, byte[] accepted)
    {
        byte[] good = SignedDevice.Change(device.Operator, 6, 6 + random.NextDouble());
        switch (kind)
        {
            case 0: // A bit, anywhere.
                return Bent(good);
            case 1: // A bit of what was signed.
                return With(good, "payload", text => Convert.ToBase64String(Flipped(Convert.FromBase64String(text))));
            case 2: // Of the signature.
                return With(good, "signature", text => Convert.ToBase64String(Flipped(Convert.FromBase64String(text))));
            case 3: // Another key's name.
                return With(good, "keyId", _ => random.Next(3) switch { 0 => device.Root.Id, 1 => stranger.Id, _ => device.Second.Id });
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
            default:
                return random.Next(3) switch
                {
                    0 => Signed("""{ "version": 6, "minimumRuntime": "99.0", "config": {} }"""),
                    1 => Signed("""{ "version": 6, "config": { "window": { "length": 256 } } }"""),
                    _ => Signed($$"""{ "version": {{new[] { "0", "-1", "1.5", "\"6\"", "9223372036854775808" }[random.Next(5)]}}, "config": {} }"""),
                };
        }
    }

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

    private string Files() => string.Join('\n', Directory.GetFiles(device.Folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(file => $"{file} {Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(file)))}"));
}
