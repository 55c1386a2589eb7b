using System.Diagnostics;

namespace Edge.ReplayVictim;

/// <summary>What became of the kills.</summary>
/// <param name="KillsOf">Kills by stage.</param>
/// <param name="AcknowledgedCount">Examples that were acknowledged before a kill.</param>
/// <param name="InTheAct">Kills after the line of the stage and before the next acknowledgement.</param>
/// <param name="Problems">Everything that was lost or wrong.</param>
public sealed record KillReport(IReadOnlyDictionary<string, int> KillsOf, long AcknowledgedCount, int InTheAct, IReadOnlyList<string> Problems)
{
    /// <inheritdoc/>
    public override string ToString() =>
        $"{KillsOf.Values.Sum()} kills ({string.Join(", ", KillsOf.Select(k => $"{k.Key} {k.Value}"))}), {InTheAct} of them in the act; {AcknowledgedCount} examples acknowledged; {Problems.Count} problems"
        + string.Concat(Problems.Select(problem => "\n" + problem));
}

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
        var killsOf = Stages.All.Keys.ToDictionary(name => name, _ => 0);
        var problems = new List<string>();
        long acknowledged = 0;
        int inTheAct = 0;
        string root = Directory.CreateTempSubdirectory("edge-kills-").FullName;
        try
        {
            for (int kill = 0; kill < count; kill++)
            {
                string stage = Stages.All.Keys.ElementAt(kill % Stages.All.Count);
                string folder = Path.Combine(root, stage == "open" ? $"open{kill}" : $"store{kill / (StoreLifetime * Stages.All.Count)}{stage[0]}");
                string acks = folder + ".acks";
                Directory.CreateDirectory(folder);
                var (ids, acting) = KillOnce(folder, stage, random);
                File.AppendAllLines(acks, ids);
                acknowledged += ids.Count;
                inTheAct += acting ? 1 : 0;
                killsOf[stage]++;
                var (code, said) = Check(folder, acks);
                if (code != 0) problems.Add($"kill {kill} ({stage}): {said}");
                tell($"{kill + 1}: {stage}, {ids.Count} acknowledged{(acting ? ", in the act" : "")}: {(code == 0 ? said : "BROKEN " + said)}");
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
    private static (List<string> Ids, bool Acting) KillOnce(string folder, string stage, Random random)
    {
        using var process = Start("work", folder, stage);
        var ids = new List<string>();
        bool acting = false;
        string beginning = Stages.BeginningOf(stage);
        int wanted = stage == "open" ? random.Next(2) : 1 + random.Next(6);
        if (wanted == 0) Wait(random.Next(40_000, 400_000));
        while (wanted > 0 && process.StandardOutput.ReadLine() is { } line)
        {
            Note(line);
            if (line.StartsWith(beginning, StringComparison.Ordinal) && --wanted == 0) Wait(random.Next(3) == 0 ? 0 : random.Next(stage == "compaction" ? 30_000 : 6000));
        }

        process.Kill();
        while (process.StandardOutput.ReadLine() is { } line) Note(line); // What it had said before it was killed counts.
        process.WaitForExit();
        return (ids, acting);

        void Note(string line)
        {
            string[] words = line.Split(' ');
            if (words[0] == "ack") ids.AddRange(words[1..]);
            acting = words[0] != "ack";
        }
    }

    private static (int Code, string Said) Check(string folder, string acks)
    {
        using var process = Start("check", folder, acks);
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
