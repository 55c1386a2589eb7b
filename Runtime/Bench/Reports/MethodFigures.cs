using Edge.Trainer.Bench;

namespace Edge.Runtime.Bench.Reports;

/// <summary>What a report says of one method on one data set: everything from its cells, means over the seeds that finished.</summary>
public sealed class MethodFigures
{
    private readonly IReadOnlyList<CellMetrics> metrics;

    /// <summary>Gathers them.</summary>
    /// <param name="method">The method with its settings.</param>
    /// <param name="records">Its cells in the order of the seeds; null where one was not run.</param>
    /// <param name="seeds">The seeds.</param>
    public MethodFigures(string method, IReadOnlyList<CellRecord?> records, IReadOnlyList<int> seeds)
    {
        Method = method;
        Results = [.. records.Select(r => r?.Result).OfType<CellResult>()];
        Records = [.. records.OfType<CellRecord>().Where(r => r.Result is not null)];
        Failures = [.. records.OfType<CellRecord>().Where(r => r.Result is null).Select(r => (r.Spec.Seed, r.Failure!))];
        NotRun = [.. seeds.Where((_, i) => records[i] is null)];
        metrics = [.. Results.Select(CellMetrics.Of).OfType<CellMetrics>()];
    }

    /// <summary>The method with its settings.</summary>
    public string Method { get; }

    /// <summary>Results of the seeds that finished.</summary>
    public IReadOnlyList<CellResult> Results { get; }

    /// <summary>Their records.</summary>
    public IReadOnlyList<CellRecord> Records { get; }

    /// <summary>Seeds that failed, with the reason.</summary>
    public IReadOnlyList<(int Seed, string Reason)> Failures { get; }

    /// <summary>Seeds that were not run.</summary>
    public IReadOnlyList<int> NotRun { get; }

    /// <summary>A_T, %.</summary>
    public Estimate? AverageAccuracy => Estimate.Of(metrics.Select(m => m.AverageAccuracy));

    /// <summary>Forgetting, points.</summary>
    public Estimate? Forgetting => Estimate.Of(metrics.Select(m => m.Forgetting));

    /// <summary>Learning accuracy, %.</summary>
    public Estimate? LearningAccuracy => Estimate.Of(metrics.Select(m => m.LearningAccuracy));

    /// <summary>Average incremental accuracy, %.</summary>
    public Estimate? AverageIncremental => Estimate.Of(metrics.Select(m => m.AverageIncremental));

    /// <summary>CKA of old classes, 0 to 1.</summary>
    public Estimate? Cka => Estimate.Of(metrics.Select(m => m.Cka).OfType<double>());

    /// <summary>Prototype drift, 0 to 2.</summary>
    public Estimate? PrototypeDrift => Estimate.Of(metrics.Select(m => m.PrototypeDrift).OfType<double>());

    /// <summary>Training, CPU seconds of one cell.</summary>
    public Estimate? TrainingSeconds => Estimate.Of(Results.Select(r => r.TrainingSeconds));

    /// <summary>Optimiser steps of one cell.</summary>
    public Estimate? OptimiserSteps => Estimate.Of(Results.Select(r => (double)r.StepCount));

    /// <summary>The read-outs that were chosen, each with the number of seeds that chose it where they differ; the most frequent first.</summary>
    public string ReadOut
    {
        get
        {
            var chosen = Results.GroupBy(r => r.ReadOut, StringComparer.Ordinal).OrderByDescending(g => g.Count()).ThenBy(g => g.Key, StringComparer.Ordinal).ToList();
            return chosen.Count switch { 0 => "–", 1 => chosen[0].Key, _ => string.Join("; ", chosen.Select(g => $"{g.Key} ({g.Count()})")) };
        }
    }

    /// <summary>Names of the steps: what all seeds agree on, else <c>step 1</c> and so on.</summary>
    public IReadOnlyList<string> Steps => Results.Count == 0 ? []
        : Results.All(r => r.Steps.SequenceEqual(Results[0].Steps)) ? Results[0].Steps
        : [.. Enumerable.Range(1, StepCount).Select(i => $"step {i}")];

    /// <summary>Steps that all seeds have.</summary>
    public int StepCount => Results.Count == 0 ? 0 : Results.Min(r => r.Accuracy.Count);

    /// <summary>Accuracy on step j after step i over the seeds, %.</summary>
    public Estimate? Accuracy(int i, int j) => Estimate.Of(Results.Select(r => 100 * r.Accuracy[i][j]));

    /// <summary>Read-outs that every seed was judged by: the head first, then by name.</summary>
    public IReadOnlyList<string> ReadOutNames => Results.Count == 0 ? []
        : [.. Results[0].ReadOuts.Keys.Where(name => Results.All(r => r.ReadOuts.ContainsKey(name))).OrderBy(name => name != "head").ThenBy(name => name, StringComparer.Ordinal)];

    /// <summary>Accuracy of a read-out after a step over what was met so far, %; null where the method has no such read-out.</summary>
    public Estimate? ReadOutAfter(string name, int step) => ReadOutNames.Contains(name) ? Estimate.Of(Results.Select(r => 100 * r.ReadOuts[name][step])) : null;

    /// <summary>What a read-out gains over another after the last step, points, seed by seed; null where the method lacks one of them.</summary>
    public Estimate? Gain(string name, string over) => ReadOutNames.Contains(name) && ReadOutNames.Contains(over)
        ? Estimate.Of(Results.Select(r => 100 * (r.ReadOuts[name][^1] - r.ReadOuts[over][^1])))
        : null;

    /// <summary>What this method's read-out lacks to the same read-out of another method after the last step, points, over the seeds that both finished.</summary>
    public Estimate? Lack(string name, MethodFigures to) => ReadOutNames.Contains(name) && to.ReadOutNames.Contains(name)
        ? Estimate.Of(Results.Join(to.Results, r => r.Spec.Seed, r => r.Spec.Seed, (mine, theirs) => 100 * (theirs.ReadOuts[name][^1] - mine.ReadOuts[name][^1])))
        : null;

    /// <summary>What A_T gains over another method's, points, over the seeds that both finished.</summary>
    public Estimate? AverageAccuracyOver(MethodFigures other) => Estimate.Of(Results.Join(
        other.Results, r => r.Spec.Seed, r => r.Spec.Seed, (mine, theirs) => (CellMetrics.Of(mine), CellMetrics.Of(theirs)) is ({ } a, { } b) ? a.AverageAccuracy - b.AverageAccuracy : (double?)null).OfType<double>());

    /// <summary>CKA after a step.</summary>
    public Estimate? CkaAfter(int step) => Estimate.Of(Results.Select(r => r.Cka[step]));

    /// <summary>Prototype drift after a step.</summary>
    public Estimate? DriftAfter(int step) => Estimate.Of(Results.Select(r => r.PrototypeDrift[step]));

    /// <summary>Forgetting over the steps up to one, from the second on, as <see cref="CellMetrics.Forgetting"/> has it for all; points.</summary>
    public Estimate? ForgettingAfter(int step) => Estimate.Of(Results.Select(r => CellMetrics.ForgettingAfter(r, step)));

    /// <summary>Numbers of labelled windows that the few-shot protocol tried.</summary>
    public IReadOnlyList<int> Shots => [.. Results.SelectMany(r => r.FewShot).Select(p => p.Shots).Distinct().Order()];

    /// <summary>A figure of the few-shot protocol over the seeds, for example <c>p => 100 * p.NewAccuracy</c>.</summary>
    public Estimate? FewShot(int shots, Func<FewShotPoint, double> figure) => Estimate.Of(Results.SelectMany(r => r.FewShot).Where(p => p.Shots == shots).Select(figure));
}
