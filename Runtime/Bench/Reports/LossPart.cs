using System.Text;
using Edge.Trainer.Bench;

namespace Edge.Runtime.Bench.Reports;

/// <summary>Where the loss of accuracy sits: in the features, or in the head that reads them. Linear head, nearest class mean and ridge judge the same features after every step.</summary>
public static class LossPart
{
    private const string Head = "head", Joint = "joint";

    /// <summary>Whether the cells hold what it takes.</summary>
    public static bool IsIn(BenchReport report) => report.Plan.Protocol != Protocol.FewShot && report.Methods.Any(Tells);

    /// <summary>Whether a method's features were read in more than one way.</summary>
    public static bool Tells(MethodFigures method) => method.StepCount > 0 && method.ReadOutNames.Contains(Head) && method.ReadOutNames.Count > 1;

    /// <summary>Of all data sets: first what is lost in the end, then step by step.</summary>
    public static string Text(BenchReport report)
    {
        var text = new StringBuilder();
        foreach (var (data, methods) in report.Sets)
        {
            var told = methods.Where(Tells).ToList();
            if (told.Count == 0) continue;
            text.Append($"**{data}**: accuracy after the last step over everything met, by what reads the features, %\n\n").Append(AtTheEnd(told)).Append('\n');
            foreach (var m in told) text.Append($"**{data}, {m.Method}**: after each step\n\n").Append(StepByStep(m)).Append('\n');
        }

        return text.Append(
            "*Head* is the linear head as trained; *ncm* the nearest class mean and *ridge* a ridge regression on the same features. *Ncm − head* and *ridge − head*, paired by seed, are the points of accuracy that were lost in the "
            + "head and not in the features: positive means that the features still tell the classes apart and the head no longer does. *Features lack* is what the ridge on these features lacks to the ridge on the features of the "
            + "`joint` run on the same seeds, where the table has one: that part no read-out brings back. *Forgetting* is that of the method with the read-out in use, over the steps so far (Chaudhry et al. 2018).\n").ToString();
    }

    private static MarkdownTable AtTheEnd(IReadOnlyList<MethodFigures> methods)
    {
        string[] names = [.. methods.SelectMany(m => m.ReadOutNames).Distinct().OrderBy(n => n != Head).ThenBy(n => n, StringComparer.Ordinal)];
        var joint = methods.FirstOrDefault(m => m.Method.Split(':')[0] == Joint);
        var table = new MarkdownTable(["method", .. names, "ncm − head", "ridge − head", "features lack", "CKA old", "drift"]);
        foreach (var m in methods)
        {
            table.Add([
                m.Method, .. names.Select(name => Estimate.Text(m.ReadOutAfter(name, m.StepCount - 1))), Estimate.Text(m.Gain("ncm", Head)), Estimate.Text(m.Gain("ridge", Head)),
                Estimate.Text(joint is null || joint == m ? null : m.Lack("ridge", joint)), Estimate.Text(m.Cka, 2), Estimate.Text(m.PrototypeDrift, 3)]);
        }

        return table;
    }

    private static MarkdownTable StepByStep(MethodFigures m)
    {
        var table = new MarkdownTable(["after", .. m.ReadOutNames.Select(name => $"{name}, %"), "forgetting", "CKA old", "drift"]);
        for (int step = 0; step < m.StepCount; step++)
        {
            int at = step; // For the closures.
            table.Add([
                m.Steps[at], .. m.ReadOutNames.Select(name => Estimate.Text(m.ReadOutAfter(name, at))), step == 0 ? "–" : Estimate.Text(m.ForgettingAfter(at)), step == 0 ? "–" : Estimate.Text(m.CkaAfter(at), 2), step == 0 ? "–" : Estimate.Text(m.DriftAfter(at), 3)]);
        }

        return table;
    }
}
