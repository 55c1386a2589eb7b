using System.Text;
using Edge.Trainer.Bench;

namespace Edge.Runtime.Bench.Reports;

/// <summary>The results table: a row for each method.</summary>
public static class TablePart
{
    /// <summary>Of all data sets.</summary>
    public static string Text(BenchReport report)
    {
        var text = new StringBuilder();
        foreach (var (data, methods) in report.Sets)
        {
            text.Append($"**{data}**, {BenchNames.Of(report.Plan.Protocol)}, track {BenchNames.Of(report.Plan.Track)}{(report.Plan.Validation ? ", validation" : "")}\n\n");
            text.Append(report.Plan.Protocol == Protocol.FewShot ? FewShot(methods, report.Plan) : Steps(methods, report.Plan)).Append('\n');
            if (report.Plan.Protocol == Protocol.Domain) text.Append(Domains(methods)).Append('\n');
        }

        return text.Append(Legend(report)).ToString();
    }

    private static MarkdownTable Steps(IReadOnlyList<MethodFigures> methods, BenchPlan plan)
    {
        var baseline = Baseline(methods);
        string[] paired = baseline is null ? [] : [$"A_T − {baseline.Method}"];
        string[] header = ["method", "seeds", "A_T, %", .. paired, "forgetting", "learning, %", "incremental, %", "CKA old", "drift", "read-out"];
        var table = new MarkdownTable(header) { TextColumns = new HashSet<int> { 0, header.Length - 1 } };
        foreach (var m in methods)
        {
            if (baseline is not null) paired = [m == baseline ? "–" : Estimate.Text(m.AverageAccuracyOver(baseline), 2)];
            table.Add([
                m.Method, Seeds(m, plan), m.Results.Count == 0 ? Absent(m) : Estimate.Text(m.AverageAccuracy), .. paired, Estimate.Text(m.Forgetting), Estimate.Text(m.LearningAccuracy), Estimate.Text(m.AverageIncremental),
                Estimate.Text(m.Cka, 2), Estimate.Text(m.PrototypeDrift, 3), m.ReadOut]);
        }

        return table;
    }

    /// <summary>The frozen branch alone: what a learned branch has to be better than. Two rounded means hide the sign of a small difference; the difference paired by seed does not.</summary>
    private static MethodFigures? Baseline(IReadOnlyList<MethodFigures> methods) => methods.Count < 2 ? null : methods.FirstOrDefault(m => m.Method == "frozenRidge" && m.Results.Count > 0);

    private static string FewShot(IReadOnlyList<MethodFigures> methods, BenchPlan plan)
    {
        var table = new MarkdownTable("method", "seeds", "labelled windows", "new class, %", "old classes before, %", "old classes after, %", "old lost, points");
        foreach (var m in methods)
        {
            if (m.Results.Count == 0) table.Add(m.Method, Seeds(m, plan), "–", Absent(m), "–", "–", "–");
            foreach (int shots in m.Shots)
            {
                table.Add(
                    m.Method, Seeds(m, plan), $"{shots}", Estimate.Text(m.FewShot(shots, p => 100 * p.NewAccuracy)), Estimate.Text(m.FewShot(shots, p => 100 * p.OldBefore)),
                    Estimate.Text(m.FewShot(shots, p => 100 * p.OldAfter)), Estimate.Text(m.FewShot(shots, p => 100 * (p.OldBefore - p.OldAfter))));
            }
        }

        return table.ToString();
    }

    /// <summary>Accuracy on each domain: by what was learnt of the domains before it, right after it, and after all.</summary>
    private static string Domains(IReadOnlyList<MethodFigures> methods)
    {
        if (methods.FirstOrDefault(m => m.StepCount > 0) is not { } any) return "";
        var table = new MarkdownTable(["method", "accuracy, % on", .. any.Steps]) { TextColumns = new HashSet<int> { 0, 1 } };
        foreach (var m in methods.Where(m => m.StepCount == any.StepCount))
        {
            table.Add([m.Method, "before it is learnt", .. Enumerable.Range(0, m.StepCount).Select(i => i == 0 ? "–" : Estimate.Text(m.Accuracy(i - 1, i)))]);
            table.Add([m.Method, "right after", .. Enumerable.Range(0, m.StepCount).Select(i => Estimate.Text(m.Accuracy(i, i)))]);
            table.Add([m.Method, "after the last", .. Enumerable.Range(0, m.StepCount).Select(i => Estimate.Text(m.Accuracy(m.StepCount - 1, i)))]);
        }

        return table.ToString();
    }

    private static string Seeds(MethodFigures m, BenchPlan plan) => m.Results.Count == plan.Seeds.Count ? $"{plan.Seeds.Count}" : $"{m.Results.Count} of {plan.Seeds.Count}";

    private static string Absent(MethodFigures m) => m.Failures.Count > 0 ? "failed" : "not run";

    private static string Legend(BenchReport report)
    {
        var text = new StringBuilder();
        foreach (var (data, methods) in report.Sets)
        {
            foreach (var m in methods)
            {
                // One reason often takes all seeds.
                foreach (var same in m.Failures.GroupBy(f => f.Reason, StringComparer.Ordinal)) text.Append($"- **failed**: {m.Method} on {data}, seed {SeedList.Told([.. same.Select(f => f.Seed)])}: {same.Key.ReplaceLineEndings(" ")}\n");
                if (m.NotRun.Count > 0) text.Append($"- **not run yet**: {m.Method} on {data}, seed {SeedList.Told(m.NotRun)}\n");
            }
        }

        if (text.Length > 0) text.Append('\n');
        string mean = report.Plan.Seeds.Count == 1 ? "One seed, so without intervals." : "Mean over the seeds ± half the 95 % interval (Student's t).";
        text.Append(report.Plan.Protocol == Protocol.FewShot
            ? $"{mean} *New class*: accuracy on its test windows after that many labelled ones; *old lost*: points by which the accuracy on the old classes fell when the new one was told.\n"
            : $"{mean} *A_T*: accuracy after the last step, mean over the steps. {(report.Sets.Any(set => Baseline(set.Methods) is not null) ? "*A_T − frozenRidge*: points above the frozen branch alone, paired by seed. " : "")}*Forgetting*: points between the best earlier accuracy on a step and the last (Chaudhry et al. 2018), negative when it got better. "
            + "*Learning*: accuracy on a step right after it. *Incremental*: mean of the accuracies after each step. *CKA old*: linear CKA of the embeddings of earlier steps' test windows before and after a step, mean over the "
            + "steps; 1 is unmoved. *Drift*: 1 − cos between the old classes' prototypes at the end and when they were learnt. *Read-out*: the one that was in use at the end.\n");
        return text.ToString();
    }
}
