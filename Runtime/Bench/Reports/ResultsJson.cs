using System.Text.Json;

namespace Edge.Runtime.Bench.Reports;

/// <summary>The report for a program: every figure in full, and the cells themselves. All that differs between two runs of one command is under <c>timing</c>.</summary>
public static class ResultsJson
{
    /// <summary>Version of the document.</summary>
    public const int Schema = 1;

    /// <summary>The document.</summary>
    public static byte[] Utf8(BenchReport report) => JsonSerializer.SerializeToUtf8Bytes(
        new
        {
            schema = Schema,
            benchVersion = BenchVersion.Current,
            command = report.Plan.Command,
            plan = report.Plan,
            failedCells = report.FailedCount,
            sets = report.Sets.Select(set => new { data = set.Data, methods = set.Methods.Select(Method) }),
            cells = report.Records.Select(r => r.Result! with { TrainingSeconds = 0 }),
            timing = new
            {
                machines = report.Records.Select(r => r.Machine).Distinct().OrderBy(m => m.ToString(), StringComparer.Ordinal),
                cells = report.Records.Select(r => new { cell = BenchFolder.CellName(r.Spec), endedAt = r.EndedAt, trainingSeconds = r.Result!.TrainingSeconds, wallSeconds = r.WallSeconds }),
            },
        },
        CellRecord.Json);

    private static object Method(MethodFigures m) => new
    {
        method = m.Method,
        seeds = m.Results.Select(r => r.Spec.Seed),
        failed = m.Failures.Select(f => new { seed = f.Seed, reason = f.Reason }),
        notRun = m.NotRun,
        averageAccuracyPercent = m.AverageAccuracy,
        forgettingPoints = m.Forgetting,
        learningAccuracyPercent = m.LearningAccuracy,
        averageIncrementalPercent = m.AverageIncremental,
        cka = m.Cka,
        prototypeDrift = m.PrototypeDrift,
        readOut = m.ReadOut,
        readOutsAtTheEndPercent = m.ReadOutNames.ToDictionary(name => name, name => m.StepCount > 0 ? m.ReadOutAfter(name, m.StepCount - 1) : null),
        fewShot = m.Shots.Select(shots => new
        {
            shots,
            newAccuracyPercent = m.FewShot(shots, p => 100 * p.NewAccuracy),
            oldBeforePercent = m.FewShot(shots, p => 100 * p.OldBefore),
            oldLostPoints = m.FewShot(shots, p => 100 * (p.OldBefore - p.OldAfter)),
        }),
    };
}
