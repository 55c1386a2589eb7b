using System.Text;
using Edge.Runtime.Inference;
using Edge.Runtime.Stages;
using Edge.Runtime.Updates;
using Edge.Runtime.Updates.Checks;
using Edge.Runtime.Updates.Envelopes;
using Edge.Runtime.Updates.States;
using Edge.Runtime.Updates.Trials;
using Edge.Runtime.Updates.Trust;
using Edge.Telemetry.Messages;

namespace Edge.Runtime.Tests.Updates;

/// <summary>A device that trusts keys: one of each algorithm for configuration, one for the list of keys.</summary>
internal sealed class SignedDevice : IDisposable
{
    public const string Id = "d1";
    private readonly DataFolder data = new();

    public SignedDevice()
    {
        File.WriteAllBytes(data["keys.json"], RingOf(1, Operator, Second).Write());
        File.WriteAllText(data["device.json"], """{ "device": { "id": "d1", "fleet": "north", "groups": ["pumps", "pilots"] } }""");
        Start();
    }

    public SigningKey Operator { get; } = SigningKey.Create(SignatureScheme.EcdsaP256);

    public SigningKey Second { get; } = SigningKey.Create(SignatureScheme.Ed25519);

    public SigningKey Root { get; } = SigningKey.Create(SignatureScheme.EcdsaP256);

    public TestClock Clock { get; } = new();

    public ConfigMachine Machine { get; private set; } = null!;

    public DesiredConfig Desired { get; private set; } = null!;

    public List<ConfigReportedMessage> Told { get; } = [];

    public ConfigAttempt Last => Told[^1].LastAttempt!;

    public string Folder => data["config"];

    public string KeysFile => data["keys.json"];

    /// <summary>The service starts, again perhaps.</summary>
    public void Start()
    {
        Machine = ConfigMachine.Open(Folder, Clock);
        var running = UpdateStart.Choose(RunningConfig.Read(data["device.json"]), Machine, new KeptReadOut(new ReadOutFiles(data["statistics.bin"], data["readout.json"]), data["config"]), "", Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        Desired = new DesiredConfig(new UpdateState(Machine, KeyRingStore.Open(KeysFile, Folder), Clock), running, new LiveConfig(running.Verdict.Config!), new RunRequest(), new UpdateSurroundings { DeviceId = Id, BrokerIsLoopback = true, AccuracyPercent = () => null, Tell = Told.Add });
    }

    public KeyRing RingOf(long version, params SigningKey[] config) =>
        new(version, [.. config.Select((key, i) => new TrustedKey($"operator {i}", key.Algorithm, key.PublicKey, [KeyRole.Config])), new TrustedKey("root", Root.Algorithm, Root.PublicKey, [KeyRole.Keys])]);

    /// <summary>A live change, signed.</summary>
    public static byte[] Change(SigningKey key, long version, double threshold, UpdateTarget? target = null, DateTimeOffset? notAfter = null, Rollout? rollout = null, string? minimumRuntime = null) =>
        SignedEnvelope.Sign(key, DesiredPayload.Write(version, Encoding.UTF8.GetBytes(string.Create(System.Globalization.CultureInfo.InvariantCulture, $$"""{ "drift": { "threshold": {{threshold}} }, "updates": { "trialSeconds": 0 } }""")), target, notAfter, rollout, minimumRuntime)).Write();

    /// <summary>Any bytes, signed.</summary>
    public static byte[] Signed(SigningKey key, string payload) => SignedEnvelope.Sign(key, Encoding.UTF8.GetBytes(payload)).Write();

    public void Dispose()
    {
        Operator.Dispose();
        Second.Dispose();
        Root.Dispose();
        data.Dispose();
    }
}
