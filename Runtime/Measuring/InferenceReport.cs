using System.Globalization;
using System.Text.Json;
using Edge.Runtime.Bench;
using Edge.Runtime.Commands;
using Edge.Runtime.Inference;
using Edge.Storage;

namespace Edge.Runtime.Measuring;

/// <summary>What <c>edge infer</c> found.</summary>
/// <param name="Model">What was measured.</param>
/// <param name="Data">The windows.</param>
/// <param name="WindowCount">How many there are.</param>
/// <param name="Window">Their shape.</param>
/// <param name="Provider">What it ran on.</param>
/// <param name="Precision">Numbers that it computed with.</param>
/// <param name="ThreadCount">Threads of one call.</param>
/// <param name="ReadOut">What answered.</param>
/// <param name="Unknown">When a window was called unknown (<see cref="RuleOf"/>).</param>
/// <param name="Batches">Times of each batch size.</param>
/// <param name="Confusion">How the windows were answered.</param>
public sealed record InferenceReport(
    string Model, string Data, int WindowCount, WindowShape Window, string Provider, string Precision, int ThreadCount, string ReadOut, string Unknown, IReadOnlyList<LatencyResult> Batches, Confusion Confusion)
{
    private const int BarLength = 40;

    /// <summary>When a window is called unknown, for a person.</summary>
    /// <param name="calibration">The novelty that anchors calibrated; null: it is not.</param>
    /// <param name="unknownBelowSimilarity">The fixed threshold.</param>
    public static string RuleOf(NoveltyCalibration? calibration, double unknownBelowSimilarity) => calibration is null
        ? Line($"below a similarity of {unknownBelowSimilarity:0.###} with every prototype (not calibrated)")
        : Line($"above a {(calibration.Metric is null ? "novelty" : "distance over the frozen features")} of {calibration.Threshold:0.####}, calibrated on anchors: {calibration.FalseAlarmPercent:0.##} % of windows like them");

    /// <summary>One line of JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(
        new
        {
            Model,
            Data,
            WindowCount,
            Window,
            Provider,
            Precision,
            ThreadCount,
            ReadOut,
            Unknown,
            Machine = Machine.Here.ToString(),
            Batches,
            Accuracy = Confusion.Count == 0 ? null : new
            {
                Percent = Percent(Confusion.RightCount, Confusion.Count),
                Confusion.Count,
                Confusion.RightCount,
                Confusion.NotJudgedCount,
                PerClass = Confusion.Rows.Select(row => new { row.Class, row.Count, row.RightCount, row.Percent }),
                Confusion = new { Confusion.Answers, Rows = Confusion.Rows.ToDictionary(row => row.Class, row => row.Answers) },
            },
        },
        GlobalOptions.OneLine);

    /// <summary>Tables for a person.</summary>
    public string ToText()
    {
        var lines = new List<string>
        {
            $"{Model} on {Data}: {WindowCount} windows {Window}",
            $"{Provider}, {Precision}, {ThreadCount} thread{(ThreadCount == 1 ? "" : "s")}, read out by {ReadOut}; {Machine.Here}",
            "",
            "batch  windows/s   mean ms    p50 ms    p90 ms    p99 ms    max ms    calls",
        };
        lines.AddRange(Batches.Select(b => Line($"{b.BatchSize,5} {b.WindowsPerSecond,10:0} {b.MeanMs,9:0.000} {b.P50Ms,9:0.000} {b.P90Ms,9:0.000} {b.P99Ms,9:0.000} {b.MaxMs,9:0.000} {b.CallCount,8}")));
        lines.AddRange(["", $"latency of a call at batch {Batches[0].BatchSize}"]);
        long most = Batches[0].Histogram.Max(bin => bin.CallCount);
        lines.AddRange(Batches[0].Histogram.Select(bin => Line($"  up to {bin.UpToMs,8:0.000} ms {bin.CallCount,8} {new string('#', (int)(BarLength * bin.CallCount / most))}").TrimEnd()));
        if (Confusion.Count > 0) lines.AddRange(AccuracyLines());
        return string.Concat(lines.Select(line => line + "\n"));
    }

    private IEnumerable<string> AccuracyLines()
    {
        yield return "";
        yield return Line($"accuracy {Percent(Confusion.RightCount, Confusion.Count):0.0} %, {Confusion.RightCount} of {Confusion.Count}");
        yield return $"unknown: {Unknown}";
        int width = Math.Max(5, Confusion.Rows.Max(row => row.Class.Length));
        yield return $"{"class".PadRight(width)}    right  windows  taken for";
        foreach (var row in Confusion.Rows)
        {
            var others = row.Answers.Select((count, answer) => (Count: count, Name: Confusion.Answers[answer])).Where(other => other.Count > 0 && other.Name != row.Class).OrderByDescending(other => other.Count);
            yield return Line($"{row.Class.PadRight(width)}  {row.Percent,5:0.0} % {row.Count,8}  {string.Join(", ", others.Select(other => $"{other.Name} {other.Count}"))}").TrimEnd();
        }
    }

    private static double Percent(long part, long whole) => 100.0 * part / whole;

    private static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
