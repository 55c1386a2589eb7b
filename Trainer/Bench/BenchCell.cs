namespace Edge.Trainer.Bench;

/// <summary>Runs one cell of a results table.</summary>
public static class BenchCell
{
    /// <summary>Runs it. The same spec gives the same result, bit for bit but for the seconds.</summary>
    /// <param name="spec">What to run.</param>
    /// <param name="report">Progress, at most a few times a second.</param>
    /// <param name="cancel">Checked before every step.</param>
    /// <exception cref="InvalidDataException">The data set cannot be read or does not fit the protocol; the message says what to do.</exception>
    public static CellResult Run(CellSpec spec, Action<CellProgress> report, CancellationToken cancel) => throw new InvalidOperationException($"{spec} {report} {cancel}");
}

/// <summary>How far a cell is.</summary>
/// <param name="Step">Steps of the stream done.</param>
/// <param name="StepCount">Steps of the stream.</param>
/// <param name="Share">Share of the cell done, 0 to 1.</param>
/// <param name="What">What is being done, a few words.</param>
public sealed record CellProgress(int Step, int StepCount, double Share, string What);
