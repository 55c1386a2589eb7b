using System.Text;
using Edge.Trainer.Bench;

namespace Edge.Runtime.Bench.Reports;

/// <summary>What the anchors' choice costs: the fused read-out against the better of the two branches, seed by seed, where the better one is known only afterwards. Of methods that have both branches.</summary>
public static class GatePart
{
    private const string Fused = "fused", Frozen = "frozen";

    /// <summary>Whether some method has two branches and a choice between them.</summary>
    public static bool IsIn(BenchReport report) => report.Plan.Protocol != Protocol.FewShot && report.Methods.Any(Tells);

    /// <summary>A line for each method and data set.</summary>
    public static string Text(BenchReport report)
    {
        var text = new StringBuilder();
        foreach (var (data, methods) in report.Sets)
        {
            foreach (var m in methods.Where(Tells))
            {
                var worst = m.Results.Select(r => (r.Spec.Seed, Gap: Gap(r))).MinBy(g => g.Gap);
                text.Append($"- anchor gate, {m.Method} on {data}: fused − better branch {Estimate.Text(Estimate.Of(m.Results.Select(Gap)), 2)} points, worst seed {worst.Seed}: {Estimate.Text(Estimate.Of([worst.Gap]), 2)}\n");
            }
        }

        return text.Append(
            "\n*Better branch*: the more accurate, after the last step over everything met, of the frozen branch and the trained branch by its best read-out (" + string.Join(", ", CellResult.LearnedReadOuts)
            + "), chosen for each seed with the test labels in view: what no choice can beat except by fusing.\n").ToString();
    }

    private static bool Tells(MethodFigures m) => m.ReadOutNames.Contains(Fused) && m.ReadOutNames.Contains(Frozen);

    /// <summary>Points after the last step.</summary>
    private static double Gap(CellResult result) =>
        100 * (result.ReadOuts[Fused][^1] - CellResult.LearnedReadOuts.Append(Frozen).Where(result.ReadOuts.ContainsKey).Max(name => result.ReadOuts[name][^1]));
}
