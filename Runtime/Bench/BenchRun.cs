using Edge.Trainer.Bench;

namespace Edge.Runtime.Bench;

/// <summary>Runs one cell.</summary>
/// <param name="spec">What to run.</param>
/// <param name="report">Progress.</param>
/// <param name="cancel">Ends it; then an <see cref="OperationCanceledException"/> is thrown.</param>
/// <returns>What came of it.</returns>
public delegate Task<CellRecord> CellRunner(CellSpec spec, Action<CellProgress> report, CancellationToken cancel);

/// <summary>Runs the cells of a plan that are not there yet, several at a time. A cell that fails is written down and not tried again in this run; the next run tries it.</summary>
public sealed class BenchRun(BenchFolder folder, CellRunner runCell, IBenchTeller teller)
{
    /// <summary>The cells that a run would measure, in the plan's order.</summary>
    /// <param name="folder">Where measured ones are.</param>
    /// <param name="plan">The table.</param>
    /// <param name="force">All of them.</param>
    public static IEnumerable<CellSpec> Due(BenchFolder folder, BenchPlan plan, bool force) => plan.Cells().Where(spec => force || folder.Read(spec)?.Result is null);

    /// <summary>Runs them.</summary>
    /// <param name="plan">The table.</param>
    /// <param name="workerCount">Cells at a time, at least 1.</param>
    /// <param name="force">Forget what is there of this plan and measure everything again.</param>
    /// <param name="cancel">Ends the running cells; what is on disk stays, and the next run goes on from there.</param>
    /// <returns>The records of all cells, in the plan's order.</returns>
    public async Task<IReadOnlyList<CellRecord>> RunAsync(BenchPlan plan, int workerCount, bool force, CancellationToken cancel)
    {
        var cells = plan.Cells().ToList();
        if (force) cells.ForEach(folder.Forget);
        folder.Write(plan);
        var due = Due(folder, plan, force: false).ToList();
        await teller.AroundAsync(cells.Count, cells.Count - due.Count, async () =>
        {
            await Parallel.ForEachAsync(due, new ParallelOptions { MaxDegreeOfParallelism = workerCount, CancellationToken = cancel }, async (spec, stop) =>
            {
                teller.Started(spec);
                var record = await runCell(spec, progress => teller.Moved(spec, progress), stop);
                folder.Write(record);
                teller.Ended(record);
            });
        });
        return [.. cells.Select(spec => folder.Read(spec) ?? throw new InvalidDataException($"the cell {BenchFolder.CellName(spec)} was written to '{folder.Path}' and cannot be read back. Is the disk sound?"))];
    }
}
