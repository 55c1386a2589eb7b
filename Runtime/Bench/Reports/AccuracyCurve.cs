using Edge.Trainer.Bench;

namespace Edge.Runtime.Bench.Reports;

/// <summary>The accuracy curve of a method, mean over seeds.</summary>
/// <param name="IsBySteps">True: x is the number of steps learnt; false: the number of training windows met.</param>
/// <param name="Points">The points, by x.</param>
public sealed record AccuracyCurve(bool IsBySteps, IReadOnlyList<(double X, Estimate Percent)> Points)
{
    /// <summary>
    /// The mean curve. Where every seed was judged once per step, x is the step. Otherwise seeds may have been judged at different places of the stream: every place of any seed is a point, from the first where all
    /// have been judged, and a seed counts there with its latest judgement.
    /// </summary>
    public static AccuracyCurve Of(IReadOnlyList<CellResult> results)
    {
        var curves = results.Where(r => r.Curve.Count > 0).ToList();
        if (curves.Count == 0) return new AccuracyCurve(true, []);
        int stepCount = curves[0].Steps.Count;
        if (curves.All(r => r.Curve.Count == stepCount)) return new AccuracyCurve(true, [.. Enumerable.Range(0, stepCount).Select(i => ((double)i + 1, Mean(curves.Select(r => r.Curve[i].Accuracy))))]);
        int from = curves.Max(r => r.Curve[0].WindowCount), to = curves.Min(r => r.Curve[^1].WindowCount);
        var places = curves.SelectMany(r => r.Curve).Select(p => p.WindowCount).Where(count => count >= from && count <= to).Distinct().Order();
        return new AccuracyCurve(false, [.. places.Select(x => ((double)x, Mean(curves.Select(r => r.Curve.Last(p => p.WindowCount <= x).Accuracy))))]);
    }

    private static Estimate Mean(IEnumerable<double> shares) => Estimate.Of(shares.Select(share => 100 * share))!;
}
