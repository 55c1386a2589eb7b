using Edge.Trainer.Bench;

namespace Edge.Runtime.Bench.Reports;

/// <summary>A picture of a report.</summary>
/// <param name="FileName">Its file.</param>
/// <param name="Caption">What it shows.</param>
/// <param name="Svg">The picture.</param>
public sealed record Plot(string FileName, string Caption, string Svg);

/// <summary>The pictures of a report: the accuracy curves, and where the cells hold it the read-outs and the drift of each method.</summary>
public static class Plots
{
    private const double CurveWidth = 760, CurveHeight = 420;
    private const double SharesTop = 1.05;

    /// <summary>All pictures.</summary>
    public static IReadOnlyList<Plot> Of(BenchReport report)
    {
        var plots = new List<Plot>();
        foreach (var (data, methods) in report.Sets)
        {
            if (Curves(methods) is { } curves) plots.Add(new Plot(report.FileName(data, "curves.svg"), $"{data}: accuracy over everything met so far, mean over the seeds with its 95 % interval", curves));
            if (report.Plan.Protocol == Protocol.FewShot) continue;
            var told = methods.Where(m => m.StepCount > 0 && m.ReadOutNames.Count > 1).ToList();
            if (told.Count > 0) plots.Add(new Plot(report.FileName(data, "readouts.svg"), $"{data}: accuracy over everything met so far by what reads the features, for each method", ReadOuts(told)));
            var moved = methods.Where(m => m.StepCount > 1).ToList();
            if (moved.Count > 0) plots.Add(new Plot(report.FileName(data, "drift.svg"), $"{data}: linear CKA and prototype drift of earlier steps, for each method", Drift(moved)));
        }

        return plots;
    }

    private static string? Curves(IReadOnlyList<MethodFigures> methods)
    {
        var curves = methods.Select((m, i) => (m.Method, Color: i, Curve: AccuracyCurve.Of(m.Results))).Where(c => c.Curve.Points.Count > 0).ToList();
        if (curves.Count == 0) return null;
        bool bySteps = curves.TrueForAll(c => c.Curve.IsBySteps);
        var chart = new LineChart("", bySteps ? "steps learnt" : "training windows met", "accuracy, %") { HasWholeX = bySteps };
        foreach (var (method, color, curve) in curves.Where(c => c.Curve.IsBySteps == bySteps)) chart.Add(method, color, curve.Points);
        chart.FitY(curves.SelectMany(c => c.Curve.Points).Min(Low), 100);
        return SvgPage.Of(chart.Model, CurveWidth, CurveHeight + chart.PlaceNames());
    }

    private static string ReadOuts(IReadOnlyList<MethodFigures> methods)
    {
        string[] names = [.. methods.SelectMany(m => m.ReadOutNames).Distinct().OrderBy(n => n != "head").ThenBy(n => n, StringComparer.Ordinal)];
        double low = 100;
        var panels = new List<LineChart>();
        foreach (var m in methods)
        {
            var chart = new LineChart(m.Method, "steps learnt", "accuracy, %") { HasWholeX = true };
            foreach (string name in m.ReadOutNames)
            {
                var points = Steps(m, 0, step => m.ReadOutAfter(name, step));
                low = Math.Min(low, points.Min(Low));
                chart.Add(name, Array.IndexOf(names, name), points);
            }

            panels.Add(chart);
        }

        panels.ForEach(panel => panel.FitY(low, 100));
        return SvgPage.Of(panels.ConvertAll(panel => panel.Model));
    }

    private static string Drift(IReadOnlyList<MethodFigures> methods)
    {
        double low = 0, high = SharesTop;
        var panels = new List<LineChart>();
        foreach (var m in methods)
        {
            var chart = new LineChart(m.Method, "steps learnt", "") { HasWholeX = true };
            var (cka, drift) = (Steps(m, 1, m.CkaAfter), Steps(m, 1, m.DriftAfter));
            chart.Add("CKA", 0, cka);
            chart.Add("drift", 1, drift);
            low = Math.Min(low, cka.Concat(drift).Min(p => p.Y.Mean));
            high = Math.Max(high, cka.Concat(drift).Max(p => p.Y.Mean));
            panels.Add(chart);
        }

        panels.ForEach(panel => panel.LimitY(low, high));
        return SvgPage.Of(panels.ConvertAll(panel => panel.Model));
    }

    private static IReadOnlyList<(double X, Estimate Y)> Steps(MethodFigures m, int from, Func<int, Estimate?> figure) =>
        [.. Enumerable.Range(from, m.StepCount - from).Select(step => (step + 1.0, figure(step)!))];

    private static double Low((double X, Estimate Y) point) => point.Y.Mean - (point.Y.HalfWidth ?? 0);
}
