using Edge.Runtime.Tests.Updates;

namespace Edge.Benchmarks.OverTheAir;

/// <summary>Mutated envelopes and files at a device that trusts keys; the mutations are those of the tests.</summary>
internal static class HostileFigures
{
    public static async Task<IReadOnlyList<string>> MeasureAsync(ConfigLoad load, Action<string> tell)
    {
        using var hostile = new HostileEnvelopes();
        var report = await hostile.DeliverAsync(load.EnvelopeCount);
        tell($"{report.Answers} answers");
        using var other = new HostileEnvelopes();
        var files = other.MutateFiles(load.FileCount);
        return
        [
            "## Hostile input", "",
            "| what | figure | bar |", "|---|---:|---|",
            $"| mutated envelopes, of {HostileEnvelopes.Kinds.Count} kinds in turn | {load.EnvelopeCount} | 500 |",
            $"| answers, each with a reason code or that it is active already | {report.Answers} | one a message |",
            $"| accepted wrongly, thrown, written to disk, or without a code | {report.Problems.Count} | 0 |",
            $"| mutated files below `config/` | {load.FileCount} | |",
            $"| that kept the device from starting, or ran half | {files.Count} | 0 |", "",
            "| mutation | codes |", "|---|---|",
            .. HostileEnvelopes.Kinds.Zip(report.Codes, (kind, codes) => $"| {kind.Kind} | {string.Join(", ", codes.OrderByDescending(pair => pair.Value).Select(pair => $"{pair.Key} {pair.Value}"))} |"),
            .. report.Problems.Concat(files).Take(20).Select(problem => $"\n{problem}"),
        ];
    }
}
