using System.Text;
using Edge.Runtime.Updates;
using Edge.Runtime.Updates.Checks;
using Edge.Runtime.Updates.Envelopes;
using Edge.Runtime.Updates.States;
using Edge.Runtime.Updates.Trust;

namespace Edge.ConfigVictim;

/// <summary>One life of a device's configuration that makes every transition there is: A is taken over from an earlier version of the program, B is tried and rolled back, C interrupted and tried again and kept,
/// D superseded by E, which is kept until the file that the device was started with does not fit it any more; F is kept, and the document of G is lost while it is on trial. Meanwhile the list of trusted keys is replaced twice, and versions are forgotten.</summary>
internal static class Life
{
    /// <summary>Version of the document that is kept at the end, of the one whose document is lost, and of the list of keys at the end.</summary>
    public const long Last = 6, Lost = 7, LastKeys = 3;

    /// <summary>What every document of this life sets, so that one can be told from another: its version.</summary>
    public static byte[] Content(long version) => Encoding.UTF8.GetBytes($$$"""{"telemetry":{"summarySeconds":{{{version}}}},"labels":{"sourceShare":0.{{{version}}}}}""");

    /// <summary>Leaves a folder as an earlier version of the program would, with document 1 in force.</summary>
    public static void Begin(string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "desired.json"), $$"""{"version":1,"config":{{Encoding.UTF8.GetString(Content(1))}}}""");
        using var root = SigningKey.Create(SignatureScheme.EcdsaP256);
        for (long version = 1; version <= LastKeys; version++)
        {
            byte[] ring = new KeyRing(version, [new TrustedKey("root", root.Algorithm, root.PublicKey, [KeyRole.Config, KeyRole.Keys])]).Write();
            File.WriteAllBytes(KeysFile(folder, version), version == 1 ? ring : SignedEnvelope.Sign(root, ring).Write());
        }
    }

    /// <summary>The list of keys that the device was given (version 1), or one that comes over the air.</summary>
    public static string KeysFile(string folder, long version) => Path.Combine(folder, $"given-{version}.json");

    /// <summary>Lives it from wherever the folder stands, to its end. Each step is made only where the one before it is done.</summary>
    public static void Live(string folder, Action<string>? at)
    {
        var clock = new SystemDeviceClock(TimeProvider.System);
        var machine = ConfigMachine.Open(folder, clock, at);
        Resume(machine);
        Try(machine, 2);
        machine.RollBack([new Reason(ReasonCode.SensorSilent, "as the story wants it")]);
        machine.Settle();

        Try(machine, 3);
        machine = ConfigMachine.Open(folder, clock, at); // The process ended during the trial, and began again.
        machine.BeginTrial(5, TimeSpan.FromHours(1));
        machine.Promote([]);

        Try(machine, 4);
        Try(machine, 5);
        machine.Promote([]);

        var keys = KeyRingStore.Open(KeysFile(folder, 1), folder, at);
        for (long version = 2; version <= LastKeys; version++) keys.Take(File.ReadAllBytes(KeysFile(folder, version)));
        machine.ForgetVersionsOf(id => id != KeyId.Unsigned);

        machine.SetGoodAside([new Reason(ReasonCode.NoLongerValid, "as the story wants it")]);
        Try(machine, Last);
        machine.Promote([]);

        Try(machine, Lost);
        File.Delete(Path.Combine(folder, "documents", machine.State.Candidate!.Sha256 + ".json")); // A bad disk.
        machine = ConfigMachine.Open(folder, clock, at);
        machine.Settle();
    }

    private static void Try(ConfigMachine machine, long version)
    {
        machine.Stage(new AcceptedOverlay(version, KeyId.Unsigned, Content(version)), "", null, []);
        machine.BeginTrial(5, TimeSpan.FromHours(1));
    }

    private static void Resume(ConfigMachine machine)
    {
        machine.RollBack([new Reason(ReasonCode.TooManyAttempts, "begun anew")]);
        machine.Settle();
    }
}
