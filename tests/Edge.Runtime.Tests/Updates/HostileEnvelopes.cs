using System.Text;
using Edge.Runtime.Updates;
using Edge.Runtime.Updates.Envelopes;
using Edge.Runtime.Updates.States;
using Edge.Runtime.Updates.Trust;
using Edge.Telemetry.Messages;

namespace Edge.Runtime.Tests.Updates;

/// <summary>What a device made of mutated input.</summary>
/// <param name="Answers">Answers of the device, one a message.</param>
/// <param name="Codes">For each kind of <see cref="HostileEnvelopes.Kinds"/>, how often each reason code was given.</param>
/// <param name="Problems">Everything that was wrong: accepted, thrown, written, or answered without a code.</param>
internal sealed record HostileReport(int Answers, IReadOnlyList<SortedDictionary<string, int>> Codes, IReadOnlyList<string> Problems);

/// <summary>An enemy, or a bad line, at a device that trusts keys and runs version 5: makes mutations of envelopes and files, seeded, and notes what the device made of each.</summary>
internal sealed partial class HostileEnvelopes : IDisposable
{
    private const int Seed = 20260101;

    /// <summary>What is done to messages, one after the other, and every code by which that may be refused; "(replay)": answered that it is active, as it is.</summary>
    public static IReadOnlyList<(string Kind, string[] Codes)> Kinds { get; } =
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

    private static readonly string[] s_contents = ["""{"drift":{"threshold":6},"updates":{"trialSeconds":0}}""", """{ "drift": { "threshold": 6 }, "updates": { "trialSeconds": 0 } }""", """{ "drift": { "threshold": 7 } }"""];

    private readonly SignedDevice device = new();
    private readonly SigningKey stranger = SigningKey.Create(SignatureScheme.EcdsaP256), leaked = SigningKey.Create(SignatureScheme.EcdsaP256);
    private readonly List<string> problems = [];
    private readonly byte[] retiredKeys, accepted;
    private Random random = new(Seed);

    /// <summary>A device to which happened what can happen: a leaked key signed the highest version there is, and was retired; nobody is locked out.</summary>
    public HostileEnvelopes()
    {
        retiredKeys = KeysSigned(2, device.Operator, device.Second, leaked);
        device.Desired.TakeKeys(retiredKeys);
        device.Desired.Judge(SignedDevice.Change(leaked, long.MaxValue, 9));
        Must(device.Last.Result == ConfigResult.Applied, "what the leaked key signed is not applied");
        device.Desired.TakeKeys(KeysSigned(3, device.Operator, device.Second));
        accepted = SignedDevice.Change(device.Operator, 5, 6);
        Must(Applies(accepted) && device.Told[^1].Active.Version == 5, "version 5 is not applied");
    }

    public void Dispose()
    {
        stranger.Dispose();
        leaked.Dispose();
        device.Dispose();
    }

    /// <summary>Delivers that many mutated envelopes, kind after kind.</summary>
    public async Task<HostileReport> DeliverAsync(int count)
    {
        string before = Files();
        var met = Kinds.Select(_ => new SortedDictionary<string, int>(StringComparer.Ordinal)).ToArray();
        int answers = 0;
        for (int i = 0; i < count; i++)
        {
            random = new Random(Seed + i); // Of its own for each: how many numbers one draws may depend on the bytes of a signature, which no seed decides.
            int kind = i % Kinds.Count, told = device.Told.Count;
            string name = $"{i}, {Kinds[kind].Kind}";
            byte[][] messages;
            try
            {
                messages = await DeliveredAsync(kind);
            }
            catch (Exception e)
            {
                problems.Add($"{name}: it threw {e}");
                continue;
            }

            Must(messages.Length == device.Told.Count - told, $"{name}: {messages.Length} messages and {device.Told.Count - told} answers");
            foreach (var answer in device.Told.Skip(told).ToList())
            {
                answers++;
                var attempt = answer.LastAttempt!;
                bool isReplay = attempt is { Result: ConfigResult.Applied, Version: 5, Codes: null };
                Must(isReplay || attempt is { Result: ConfigResult.Refused, Codes.Count: > 0 }, $"{name}: {attempt.Result} {Encoding.UTF8.GetString(messages[0][..Math.Min(400, messages[0].Length)])}");
                Must(!attempt.Reasons.Any(reason => reason.Any(char.IsControl)), $"{name}: a reason has control characters");
                foreach (string code in attempt.Codes ?? ["(replay)"]) met[kind][code] = met[kind].GetValueOrDefault(code) + 1;
            }

            Must(device.Machine.Good!.Version == 5, $"{name}: version {device.Machine.Good!.Version} is the last good one");
            Must(before == Files(), $"{name}: something was written");
            foreach (byte[] message in messages) Must(KeyRingStore.Open(device.KeysFile, device.Folder).Take(message).Count > 0, $"{name}: it was taken for a list of keys");
        }

        for (int kind = 0; kind < Math.Min(count, Kinds.Count); kind++)
        {
            Must(met[kind].Count > 0, $"{Kinds[kind].Kind}: no answer");
            Must(!met[kind].Keys.Except(Kinds[kind].Codes).Any(), $"{Kinds[kind].Kind}: {string.Join(", ", met[kind].Keys.Except(Kinds[kind].Codes))}");
        }

        Must(Applies(SignedDevice.Change(device.Operator, 6, 7)), "after that the device does not listen any more");
        return new HostileReport(answers, met, [.. problems]);
    }

    /// <summary>Mutates one file below <c>config/</c> that often, and starts the device with each. Its state is rich: version 5 in force, version 6 on trial.</summary>
    /// <returns>Everything that was wrong.</returns>
    public IReadOnlyList<string> MutateFiles(int count)
    {
        device.Desired.Judge(SignedDevice.Signed(device.Operator, """{ "version": 6, "config": { "drift": { "threshold": 7 } } }"""));
        var whole = Directory.GetFiles(device.Folder, "*", SearchOption.AllDirectories).ToDictionary(file => file, File.ReadAllBytes);
        for (int i = 0; i < count; i++)
        {
            foreach (var (file, bytes) in whole) File.WriteAllBytes(file, bytes);
            string victim = whole.Keys.Order(StringComparer.Ordinal).ElementAt(random.Next(whole.Count));
            File.WriteAllBytes(victim, Bent(whole[victim]));
            try
            {
                var machine = ConfigMachine.Open(device.Folder, device.Clock);
                Must(machine.Good is null or { Version: 5 }, $"{victim}: {machine.Good?.Version}");
                Must(machine.Candidate is null or { Version: 6 }, $"{victim}: {machine.Candidate?.Version}");
                foreach (var overlay in new[] { machine.Good, machine.Candidate }.OfType<AcceptedOverlay>())
                    Must(s_contents.Contains(Encoding.UTF8.GetString(overlay.ConfigUtf8)), $"{victim}: a mix runs");
                device.Start();
            }
            catch (Exception e)
            {
                problems.Add($"{victim}: it does not start: {e}");
            }

            foreach (string bad in Directory.GetFiles(device.Folder, "*.bad")) File.Delete(bad);
        }

        return [.. problems];
    }

    /// <summary>Makes messages of a kind, hands them to the device, and puts right again what was done to its files.</summary>
    private async Task<byte[][]> DeliveredAsync(int kind)
    {
        byte[] message = Mutated(kind);
        switch (Kinds[kind].Kind)
        {
            case "two versions at once":
                byte[] other = Mutated(11 + random.Next(2)); // Older, or of the same version.
                await Task.WhenAll(((byte[][])[message, other]).Select(one => Task.Run(() => Refuses(one))));
                return [message, other];
            case "one of the others twice":
                Refuses(message);
                var first = device.Last.Codes;
                Refuses(message);
                Must((first ?? []).SequenceEqual(device.Last.Codes ?? []), "the second of two equal ones is answered otherwise than the first");
                return [message, message];
            case "a bit of a state file, then a downgrade":
                var whole = Directory.GetFiles(device.Folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(file => (File: file, Bytes: File.ReadAllBytes(file))).ToList();
                var victim = whole[random.Next(whole.Count)];
                File.WriteAllBytes(victim.File, Flipped([.. victim.Bytes]));
                device.Start();
                string mended = Files();
                Refuses(message);
                Must(mended == Files(), "something was written after the files were mended");
                foreach (string left in Directory.GetFiles(device.Folder, "*", SearchOption.AllDirectories)) File.Delete(left);
                foreach (var (file, bytes) in whole) File.WriteAllBytes(file, bytes);
                device.Start();
                return [message];
            default:
                Refuses(message);
                return [message];
        }
    }

    private bool Applies(byte[] message)
    {
        device.Desired.Judge(message);
        return device.Last.Result == ConfigResult.Applied;
    }

    private void Refuses(byte[] message) => Must(!device.Desired.Judge(message), "the pipeline is to start again with it");

    private void Must(bool holds, string otherwise)
    {
        if (holds) return;
        lock (problems) problems.Add(otherwise);
    }

    private string Files() => string.Join('\n', Directory.GetFiles(device.Folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(file => $"{file} {Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(file)))}"));
}
