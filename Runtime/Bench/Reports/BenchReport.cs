using Edge.Trainer.Bench;

namespace Edge.Runtime.Bench.Reports;

/// <summary>A results table as measured: the plan with the figures of its cells. All of it comes from the folder, so that the same cells give the same report.</summary>
public sealed class BenchReport
{
    private BenchReport(BenchPlan plan, IReadOnlyList<(string, IReadOnlyList<MethodFigures>)> sets) => (Plan, Sets) = (plan, sets);

    /// <summary>What was to be measured.</summary>
    public BenchPlan Plan { get; }

    /// <summary>Data sets, each with its methods in the order of the plan.</summary>
    public IReadOnlyList<(string Data, IReadOnlyList<MethodFigures> Methods)> Sets { get; }

    /// <summary>All methods of all data sets.</summary>
    public IEnumerable<MethodFigures> Methods => Sets.SelectMany(set => set.Methods);

    /// <summary>All records of cells that finished.</summary>
    public IEnumerable<CellRecord> Records => Methods.SelectMany(method => method.Records);

    /// <summary>Cells that failed.</summary>
    public int FailedCount => Methods.Sum(method => method.Failures.Count);

    /// <summary>Gathers it.</summary>
    /// <param name="plan">What was to be measured.</param>
    /// <param name="record">The record of a cell; null where it was not run.</param>
    public static BenchReport Of(BenchPlan plan, Func<CellSpec, CellRecord?> record) => new(
        plan,
        [.. plan.Data.Select(data => (data, (IReadOnlyList<MethodFigures>)[.. plan.Methods.Select(method => new MethodFigures(method, [.. plan.Seeds.Select(seed => record(plan.Cell(data, method, seed)))], plan.Seeds))]))]);

    /// <summary>Gathers it from a folder.</summary>
    /// <exception cref="InvalidDataException">The folder holds no plan.</exception>
    public static BenchReport Of(BenchFolder folder) => Of(folder.ReadPlan(), folder.Read);

    /// <summary>Name of a file of the report that is about one data set: plain where there is one only.</summary>
    public string FileName(string data, string what) => Sets.Count == 1 ? what : $"{BenchPlan.Plain(data.Split('/')[^1])}.{what}";
}
