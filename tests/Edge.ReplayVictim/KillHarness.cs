using System.Diagnostics;

namespace Edge.ReplayVictim;

/// <summary>Starts the victim, kills it with SIGKILL at a random moment, and lets a fresh process compare the store with what was acknowledged; again and again on the same stores, and on new ones.</summary>
public static class KillHarness
{
    private const int StoreLifetime = 12; // Kills that a store lives through before the next one begins.

    /// <summary>Kills.</summary>
    /// <param name="count">How often, stage after stage in turn.</param>
    /// <param name="seed">Of the moments; the scheduler adds its own.</param>
    /// <param name="tell">Gets a line about each kill.</param>
    public static KillReport Run(int count, int seed, Action<string> tell)
    {
        var random = new Random(seed);
        var killsOf = Stages.Names.ToDictionary(name => name, _ => 0);
        var problems = new List<string>();
        long acknowledged = 0;
        int inTheAct = 0;
        string root = Directory.CreateTempSubdirectory("edge-kills-").FullName;
        try
        {
            for (int kill = 0; kill < count; kill++)
            {
                string stage = Stages.Names[kill % Stages.Names.Count];
                int generation = kill / (StoreLifetime * Stages.Names.Count);
                string folder = Path.Combine(root, stage == "open" ? $"open{kill}" : Stages.IsBounded(stage) ? $"bounded{generation}" : $"store{generation}{stage[0]}");
                string record = folder + ".record"; // Of what was acknowledged, or done.
                Directory.CreateDirectory(folder);
                var said = KillOnce(folder, stage, random);
                int newCount = CountOf(said);
                bool acting = said is [.., var last] && last.Split(' ')[0] is not ("ack" or "done");
                File.AppendAllLines(record, Stages.IsBounded(stage) ? DeedsIn(said) : IdsIn(said));
                acknowledged += newCount;
                inTheAct += acting ? 1 : 0;
                killsOf[stage]++;
                var (code, found) = Check(folder, stage, record);
                if (code != 0) problems.Add($"kill {kill} ({stage}): {found}");
                tell($"{kill + 1}: {stage}, {newCount} acknowledged{(acting ? ", in the act" : "")}: {(code == 0 ? found : "BROKEN " + found)}");
            }
        }
        finally
        {
            if (problems.Count == 0) Directory.Delete(root, recursive: true);
            else problems.Add($"the stores are in {root}");
        }

        return new KillReport(killsOf, acknowledged, inTheAct, problems);
    }

    /// <summary>Ends the process some time after it said, for the n-th time, that what the stage is named for begins; at "open", often before it said anything.</summary>
    private static List<string> KillOnce(string folder, string stage, Random random)
    {
        using var process = Start("work", folder, stage);
        var said = new List<string>();
        string beginning = Stages.BeginningOf(stage);
        int wanted = stage == "open" ? random.Next(2) : 1 + random.Next(6);
        if (wanted == 0) Wait(random.Next(40_000, 400_000));
        while (wanted > 0 && process.StandardOutput.ReadLine() is { } line)
        {
            said.Add(line);
            if (line.StartsWith(beginning, StringComparison.Ordinal) && --wanted == 0) Wait(random.Next(3) == 0 ? 0 : random.Next(stage is "compaction" or "trim" ? 30_000 : 6000));
        }

        process.Kill();
        while (process.StandardOutput.ReadLine() is { } line) said.Add(line); // What it had said before it was killed counts.
        process.WaitForExit();
        return said;
    }

    private static IEnumerable<string> IdsIn(List<string> said) => said.Where(line => line.StartsWith("ack ", StringComparison.Ordinal)).SelectMany(line => line.Split(' ')[1..]);

    private static IEnumerable<string> DeedsIn(List<string> said)
    {
        for (int i = 0; i < said.Count; i++)
        {
            if (said[i].StartsWith("begin ", StringComparison.Ordinal)) yield return (i + 1 < said.Count ? "" : BoundedVerification.Begun) + said[i]["begin ".Length..];
        }
    }

    private static int CountOf(List<string> said) => IdsIn(said).Count()
        + DeedsIn(said).Where(line => !line.StartsWith(BoundedVerification.Begun, StringComparison.Ordinal)).Select(Deed.Parse).Sum(deed => deed.Count);

    private static (int Code, string Said) Check(string folder, string stage, string record)
    {
        using var process = Start(Stages.IsBounded(stage) ? "check-bounded" : "check", folder, record);
        string said = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        return (process.ExitCode, said);
    }

    private static Process Start(params string[] arguments)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "Edge.ReplayVictim");
        return Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
    }

    /// <summary>A sleep is as coarse as the scheduler; a moment within a write is not.</summary>
    private static void Wait(int microseconds)
    {
        long end = Stopwatch.GetTimestamp() + Stopwatch.Frequency * microseconds / 1_000_000;
        if (microseconds > 5000) Thread.Sleep((microseconds - 2000) / 1000);
        while (Stopwatch.GetTimestamp() < end) Thread.SpinWait(20);
    }
}
