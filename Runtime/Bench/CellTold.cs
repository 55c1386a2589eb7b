using Edge.Runtime.Bench.Reports;
using Edge.Trainer.Bench;

namespace Edge.Runtime.Bench;

/// <summary>A cell in a few words.</summary>
public static class CellTold
{
    /// <summary>Which one.</summary>
    public static string Name(CellSpec spec) => $"{spec.Data} {BenchNames.Of(spec.Protocol)} {spec.Method} seed {spec.Seed}";

    /// <summary>How far it is.</summary>
    public static string Place(CellProgress progress) => (progress.StepCount > 0 ? $"step {Math.Min(progress.Step + 1, progress.StepCount)}/{progress.StepCount}, " : "") + $"{progress.What} {100 * Math.Clamp(progress.Share, 0, 1):0} %";

    /// <summary>What came of it.</summary>
    public static string Outcome(CellRecord record) => record.Result is not { } result ? $"FAILED: {record.Failure}"
        : result.FewShot is [.., var most] ? $"{100 * most.NewAccuracy:0.0} % of the new class from {most.Shots} windows"
        : CellMetrics.Of(result) is { } metrics ? $"A_T {metrics.AverageAccuracy:0.0} %, forgetting {metrics.Forgetting:0.0}" : "done";

    /// <summary>What is left; empty while nobody can tell.</summary>
    public static string Left(BenchStanding now) => now.Remaining is { } left && left > TimeSpan.Zero ? $", about {Span(left)} left" : "";

    /// <summary>A time for a person.</summary>
    public static string Span(TimeSpan span) => span.TotalHours >= 1 ? $"{(int)span.TotalHours} h {span.Minutes:00} min" : span.TotalMinutes >= 1 ? $"{span.Minutes} min {span.Seconds:00} s" : $"{span.TotalSeconds:0} s";
}
