using System.Diagnostics;
using System.Text;
using Edge.Runtime.Updates;
using Edge.Runtime.Updates.Checks;
using Edge.Runtime.Updates.States;
using Edge.Runtime.Updates.Trust;

namespace Edge.ConfigVictim;

/// <summary>What a run of kills came to.</summary>
/// <param name="Points">Points between two writes at which a process was killed.</param>
/// <param name="Kills">Kills in all.</param>
/// <param name="Problems">Everything that was wrong after one; none: the bar is met.</param>
public sealed record KillReport(int Points, int Kills, IReadOnlyList<string> Problems)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Kills} kills at {Points} points: {Problems.Count} problems{string.Concat(Problems.Take(20).Select(p => "\n" + p))}";
}

/// <summary>Lets a process kill itself (SIGKILL) at each point between two writes of its configuration's life, and looks in another process at what is left.</summary>
public static class KillHarness
{
    /// <summary>Every point of the life, in order; a point that is passed several times is there several times.</summary>
    public static List<string> Points()
    {
        string folder = Directory.CreateTempSubdirectory("edge-config-life-").FullName;
        try
        {
            var points = new List<string>();
            Life.Begin(folder);
            Life.Live(folder, points.Add);
            return points;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Kills at every point, that often.</summary>
    /// <param name="times">Kills at each point.</param>
    /// <param name="tell">Told of every point that is done.</param>
    /// <param name="eachKindOnce">Of points with one name, the last alone.</param>
    public static KillReport Run(int times, Action<string> tell, bool eachKindOnce = false)
    {
        var points = Points();
        var problems = new List<string>();
        int kills = 0;
        for (int i = 0; i < points.Count; i++)
        {
            if (eachKindOnce && points.LastIndexOf(points[i]) != i) continue;
            for (int time = 0; time < times; time++)
            {
                string folder = Directory.CreateTempSubdirectory("edge-config-kill-").FullName;
                try
                {
                    Life.Begin(folder);
                    using var victim = Process.Start(new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "Edge.ConfigVictim"), ["live", folder, $"{i}"]) { RedirectStandardError = true })!;
                    string said = victim.StandardError.ReadToEnd();
                    victim.WaitForExit();
                    if (victim.ExitCode != 128 + 9) problems.Add($"{points[i]} ({i}): the victim ended with {victim.ExitCode}: {said}");
                    kills++;
                    problems.AddRange(Check(folder).Select(problem => $"{points[i]} ({i}): {problem}"));
                }
                finally
                {
                    Directory.Delete(folder, recursive: true);
                }
            }

            tell($"{i + 1} of {points.Count}: {points[i]}");
        }

        return new KillReport(points.Distinct().Count(), kills, problems);
    }

    /// <summary>Everything that is wrong with what a kill left; opened as a start of the service would.</summary>
    public static IReadOnlyList<string> Check(string folder)
    {
        var problems = new List<string>();
        var machine = ConfigMachine.Open(folder, new SystemDeviceClock(TimeProvider.System));
        problems.AddRange(machine.Damage.Where(damage => !damage.Contains($"version {Life.Lost} is not as it was stored", StringComparison.Ordinal)).Select(damage => $"damage is reported: {damage}"));
        var state = machine.State;
        bool isAside = state.Good is null && (state.LastAttempt is { Document.Version: 5, Result: AttemptResult.RolledBack } || state.Candidate is { Version: Life.Last });
        if (!isAside) Same(machine.Good, state.Good, "the last good one");
        if (state.Phase is ConfigPhase.Staged or ConfigPhase.Trial) Same(machine.Candidate, state.Candidate, "the candidate");
        if (!isAside && state.Good is not { Version: 1 or 3 or 5 or Life.Last }) problems.Add($"the last good one is version {state.Good?.Version}, which was never kept");
        if (state.Candidate is { } candidate && candidate.Version < state.Good?.Version) problems.Add($"version {candidate.Version} is tried after {state.Good.Version} was kept");

        var keys = KeyRingStore.Open(Life.KeysFile(folder, 1), folder);
        if (keys.Damage is { } unread) problems.Add($"the list of keys: {unread}");
        else if (keys.Ring.Version is < 1 or > Life.LastKeys) problems.Add($"the list of keys has version {keys.Ring.Version}");

        // It can be started, and the rest of the life lived from here to its end.
        foreach (var overlay in new[] { machine.Good, machine.Candidate }.OfType<AcceptedOverlay>())
        {
            var verdict = RunningConfig.Read(null).With(overlay).Verdict;
            if (!verdict.IsValid) problems.Add(verdict.ToString());
        }

        Life.Live(folder, null);
        var end = ConfigMachine.Open(folder, new SystemDeviceClock(TimeProvider.System));
        if (end.State is not { Phase: ConfigPhase.Active, Good.Version: Life.Last } || end.Damage.Count > 0) problems.Add($"after that it does not go on to its end: {end.State.Phase}, {end.State.Good}");
        if (KeyRingStore.Open(Life.KeysFile(folder, 1), folder).Ring.Version != Life.LastKeys) problems.Add("after that it does not come to the last list of keys");
        return problems;

        void Same(AcceptedOverlay? overlay, DocumentName? name, string what)
        {
            if (name is null || overlay is null || overlay.Version != name.Version || !overlay.ConfigUtf8.AsSpan().SequenceEqual(Life.Content(name.Version)))
                problems.Add($"{what} is a mix: {name} with {(overlay is null ? "nothing" : Encoding.UTF8.GetString(overlay.ConfigUtf8))}");
        }
    }
}
