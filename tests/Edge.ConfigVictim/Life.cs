using System.Text;
using Edge.Runtime.Updates;
using Edge.Runtime.Updates.Checks;
using Edge.Runtime.Updates.Envelopes;
using Edge.Runtime.Updates.States;

namespace Edge.ConfigVictim;

/// <summary>One life of a device's configuration that makes every transition there is: A is taken over from an earlier version of the program, B is tried and rolled back, C interrupted and tried again and kept, D superseded by E, which is kept.</summary>
internal static class Life
{
    /// <summary>What every document of this life sets, so that one can be told from another: its version.</summary>
    public static byte[] Content(long version) => Encoding.UTF8.GetBytes($$$"""{"telemetry":{"summarySeconds":{{{version}}}},"labels":{"sourceShare":0.{{{version}}}}}""");

    /// <summary>Leaves a folder as an earlier version of the program would, with document 1 in force.</summary>
    public static void Begin(string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "desired.json"), $$"""{"version":1,"config":{{Encoding.UTF8.GetString(Content(1))}}}""");
    }

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
