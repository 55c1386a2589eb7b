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
    private const int Count = 500, Seed = 20260101;

    /// <summary>What is done to messages, one after the other, and every code by which that may be refused; "(replay)": answered that it is active, as it is.</summary>
    private static readonly (string Kind, string[] Codes)[] s_kinds =
    [
        ("a bit anywhere, torn, or noise", ["malformed", "unsigned", "unknownKey", "wrongAlgorithm", "badSignature"]),
        ("a bit of the payload", ["badSignature"]),
        ("a bit of the signature", ["badSignature"]),
        ("another key id", ["unknownKey", "wrongAlgorithm"]),
        ("another algorithm", ["wrongAlgorithm"]),
        ("oversize", ["tooLarge"]),
        ("nested deeply", ["malformed"]),
        ("wrong types", ["malformed"]),
        ("NaN, infinite, out of range", ["invalid", "malformed"]),
        ("names that climb", ["notForThisDevice", "notOverTheAir", "invalid", "malformed"]),
        ("replay", ["(replay)"]),
        ("downgrade", ["versionOlder"]),
        ("the same version with other content", ["versionReused"]),
        ("doubled, unknown and missing members", ["malformed"]),
        ("a stranger's key, or one of another role", ["unknownKey"]),
        ("not signed, or no envelope", ["unsigned", "malformed"]),
        ("for another device", ["notForThisDevice"]),
        ("expired", ["expired"]),
        ("the same bytes written otherwise", ["malformed"]),
        ("signed, and not to be taken", ["runtimeTooOld", "needsSnapshot", "malformed"]),
        ("a key that ran ahead and was retired", ["unknownKey"]),
        ("two versions at once", ["versionOlder", "versionReused", "(replay)"]),
        ("one of the others twice", ["malformed", "unsigned", "unknownKey", "wrongAlgorithm", "badSignature", "tooLarge", "versionOlder", "versionReused"]),
        ("a bit of a state file, then a downgrade", ["versionOlder", "versionReused", "keysDamaged"]),
    ];

    private readonly SignedDevice device = new();
    private readonly SigningKey stranger = SigningKey.Create(SignatureScheme.EcdsaP256), leaked = SigningKey.Create(SignatureScheme.EcdsaP256);
    private Random random = new(Seed);
    private readonly ITestOutputHelper report;
    private readonly byte[] retiredKeys, accepted;

    public HostileEnvelopeTests(ITestOutputHelper report)
    {
        this.report = report;
        // A leaked key signs the highest version there is, and is retired; nobody is locked out.
        retiredKeys = KeysSigned(2, device.Operator, device.Second, leaked);
        device.Desired.TakeKeys(retiredKeys);
        device.Desired.Judge(SignedDevice.Change(leaked, long.MaxValue, 9));
        Assert.Equal(ConfigResult.Applied, device.Last.Result);
        device.Desired.TakeKeys(KeysSigned(3, device.Operator, device.Second));
        accepted = SignedDevice.Change(device.Operator, 5, 6);
        device.Desired.Judge(accepted);
        Assert.Equal((ConfigResult.Applied, 5L), (device.Last.Result, device.Told[^1].Active.Version));
    }

    public void Dispose()
    {
        stranger.Dispose();
        leaked.Dispose();
        device.Dispose();
    }

    [Fact]
    public async Task Of_500_mutated_envelopes_none_is_accepted_none_throws_and_each_has_a_reason_code()
    {
        string before = Files();
        var met = s_kinds.Select(_ => new SortedDictionary<string, int>(StringComparer.Ordinal)).ToArray();
        for (int i = 0; i < Count; i++)
        {
            random = new Random(Seed + i); // Of its own for each: how many numbers one draws may depend on the bytes of a signature, which no seed decides.
            int kind = i % s_kinds.Length, told = device.Told.Count;
            byte[][] messages = await DeliveredAsync(kind);
            Assert.Equal(messages.Length, device.Told.Count - told);
            foreach (var answer in device.Told.Skip(told).ToList())
            {
                var attempt = answer.LastAttempt!;
                bool isReplay = attempt is { Result: ConfigResult.Applied, Version: 5, Codes: null };
                Assert.True(isReplay || attempt is { Result: ConfigResult.Refused, Codes.Count: > 0 }, $"{i}, {s_kinds[kind].Kind}: {attempt.Result} {Encoding.UTF8.GetString(messages[0][..Math.Min(400, messages[0].Length)])}");
                Assert.All(attempt.Reasons, reason => Assert.DoesNotContain(reason, char.IsControl));
                foreach (string code in attempt.Codes ?? ["(replay)"]) met[kind][code] = met[kind].GetValueOrDefault(code) + 1;
            }

            Assert.Equal(5L, device.Machine.Good!.Version);
            Assert.Equal(before, Files()); // Nothing was written.
            foreach (byte[] message in messages) Assert.NotEmpty(KeyRingStore.Open(device.KeysFile, device.Folder).Take(message)); // Nor is any of them a list of keys that is taken.
        }

        for (int kind = 0; kind < s_kinds.Length; kind++)
        {
            report.WriteLine($"{s_kinds[kind].Kind}: {string.Join(", ", met[kind].Select(pair => $"{pair.Key} {pair.Value}"))}");
            Assert.NotEmpty(met[kind]);
            Assert.Empty(met[kind].Keys.Except(s_kinds[kind].Codes));
        }

        string[] expected = [.. s_kinds.SelectMany(kind => kind.Codes).Distinct()];
        Assert.Empty(expected.Except(met.SelectMany(codes => codes.Keys))); // Or the mutations test less than they say.
        device.Desired.Judge(SignedDevice.Change(device.Operator, 6, 7)); // And the device listens still.
        Assert.Equal(ConfigResult.Applied, device.Last.Result);
    }

    [Fact]
    public void Of_300_mutated_files_none_keeps_the_device_from_starting_and_none_runs_half()
    {
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

    /// <summary>Makes messages of a kind, hands them to the device, and puts right again what was done to its files.</summary>
    private async Task<byte[][]> DeliveredAsync(int kind)
    {
        byte[] message = Mutated(kind);
        switch (s_kinds[kind].Kind)
        {
            case "two versions at once":
                byte[] other = Mutated(11 + random.Next(2)); // Older, or of the same version.
                await Task.WhenAll(((byte[][])[message, other]).Select(one => Task.Run(() => Assert.False(device.Desired.Judge(one)), TestContext.Current.CancellationToken)));
                return [message, other];
            case "one of the others twice":
                Assert.False(device.Desired.Judge(message));
                var first = device.Last.Codes;
                Assert.False(device.Desired.Judge(message));
                Assert.Equal(first, device.Last.Codes);
                return [message, message];
            case "a bit of a state file, then a downgrade":
                var whole = Directory.GetFiles(device.Folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(file => (File: file, Bytes: File.ReadAllBytes(file))).ToList();
                var victim = whole[random.Next(whole.Count)];
                File.WriteAllBytes(victim.File, Flipped([.. victim.Bytes]));
                device.Start();
                string mended = Files();
                Assert.False(device.Desired.Judge(message));
                Assert.Equal(mended, Files());
                foreach (string left in Directory.GetFiles(device.Folder, "*", SearchOption.AllDirectories)) File.Delete(left);
                foreach (var (file, bytes) in whole) File.WriteAllBytes(file, bytes);
                device.Start();
                return [message];
            default:
                Assert.False(device.Desired.Judge(message));
                return [message];
        }
    }

    private byte[] Mutated(int kind)
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
