using Edge.Trainer.Bench;

namespace Edge.Runtime.Bench.Reports;

/// <summary>
/// The baselines beside the published rows of the same protocol, so that a reader sees whether a comparison flatters itself by weak baselines. Qiao et al. 2024, "Class-incremental Learning for Time Series: Benchmark and
/// Evaluation" (TSCIL), UCI HAR, memory 5 %, five runs; figures of the authors' repository at 5a8aee4, <c>plot/main_acc_evol.py</c>.
/// </summary>
public static class PublishedPart
{
    private const string Data = "uci-har";
    private const double LargestMemoryDifference = 1e-9;

    /// <summary>Published A_T, %: with batch normalisation and with layer normalisation, which is what the backbone here has. "best replay" is the best of its six replay methods (DER, layer normalisation).</summary>
    private static readonly (string Method, string Published, double BatchNorm, double LayerNorm)[] s_rows =
    [
        ("naive", "Naive", 32.9, 36.2), ("lwf", "LwF", 40.0, 42.5), ("er", "ER", 72.8, 88.9), ("joint", "Offline", 93.9, 92.5), ("scr", "best replay (DER)", 74.6, 90.9), ("supconReplay", "best replay (DER)", 74.6, 90.9),
        ("erAce", "ER (ER-ACE is not in the table)", 72.8, 88.9),
    ];

    /// <summary>Whether the table is of the published protocol and has one of its methods.</summary>
    public static bool IsIn(BenchReport report) =>
        report.Plan is { Protocol: Protocol.Tscil, Track: Track.SameBackbone, Validation: false } && Math.Abs(report.Plan.BufferShare - 0.05) < LargestMemoryDifference && report.Sets.Any(set => set.Data == Data && set.Methods.Any(m => Row(m) is not null));

    /// <summary>A row for each method that the published table has a row for.</summary>
    public static string Text(BenchReport report)
    {
        var table = new MarkdownTable("method", "A_T here, %", "published as", "batch norm, %", "layer norm, %", "here − layer norm, points") { TextColumns = new HashSet<int> { 0, 2 } };
        foreach (var m in report.Sets.Where(set => set.Data == Data).SelectMany(set => set.Methods))
        {
            if (Row(m) is not { } row) continue;
            double? difference = m.AverageAccuracy?.Mean - row.LayerNorm;
            table.Add(m.Method, Estimate.Text(m.AverageAccuracy), row.Published, Text(row.BatchNorm), Text(row.LayerNorm), Text(difference));
        }

        return $"**{Data}** against the published rows of the protocol (Qiao et al. 2024, TSCIL, five runs, figures of its repository at 5a8aee4)\n\n{table}\nPublished with up to 100 epochs and early stopping, here {report.Plan.Epochs} epochs; the published means have intervals of their own (ER: ± 1.3).\n";
    }

    private static (string Method, string Published, double BatchNorm, double LayerNorm)? Row(MethodFigures m) => Array.Find(s_rows, row => row.Method == m.Method) is { Method: not null } row ? row : null;

    private static string Text(double? value) => Estimate.Text(value is { } known ? Estimate.Of([known]) : null);
}
