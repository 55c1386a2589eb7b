using Edge.ConfigVictim;

namespace Edge.Benchmarks.OverTheAir;

/// <summary>SIGKILL between every two writes of a configuration's life; the harness is that of <c>tests/config-kills.sh</c>.</summary>
internal static class KillFigures
{
    public static async Task<IReadOnlyList<string>> MeasureAsync(ConfigLoad load, Action<string> tell)
    {
        var report = await Task.Run(() => KillHarness.Run(Math.Max(1, load.KillTimes), tell, eachKindOnce: load.KillTimes == 0));
        return
        [
            "## Kill -9 at every transition", "",
            "A process lives a configuration's life and kills itself between two writes; another one looks at what is left, starts with it, and lives the life to its end.", "",
            "| what | figure | bar |", "|---|---:|---|",
            $"| kinds of points | {report.Points} | all |",
            $"| kills | {report.Kills} | {(load.KillTimes == 0 ? "one at each kind" : $"{load.KillTimes} at every point of the life")} |",
            $"| that left a mix, or what cannot be started | {report.Problems.Count} | 0 |",
            .. report.Problems.Take(20).Select(problem => $"\n{problem}"),
        ];
    }
}
