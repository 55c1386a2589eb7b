using Edge.Trainer.Bench;

namespace Edge.Runtime.Bench;

/// <summary>Which cells run, how far they are, and how long the rest may take. Safe from any thread.</summary>
public sealed class RunningCells(TimeProvider time)
{
    private readonly Lock gate = new();
    private readonly Dictionary<CellSpec, CellProgress> running = [];
    private int cellCount, keptCount, endedCount, failedCount;
    private long start;

    /// <summary>The run begins.</summary>
    public void Begin(int cells, int kept)
    {
        lock (gate) (cellCount, keptCount, start) = (cells, kept, time.GetTimestamp());
    }

    /// <summary>A cell begins.</summary>
    public void Started(CellSpec spec) => Moved(spec, new CellProgress(0, 0, 0, "starting"));

    /// <summary>A cell has gone on.</summary>
    public void Moved(CellSpec spec, CellProgress progress)
    {
        lock (gate) running[spec] = progress;
    }

    /// <summary>A cell is over.</summary>
    public void Ended(CellRecord record)
    {
        lock (gate)
        {
            running.Remove(record.Spec);
            endedCount++;
            if (record.Result is null) failedCount++;
        }
    }

    /// <summary>The state now.</summary>
    public BenchStanding Now()
    {
        lock (gate)
        {
            double share = endedCount + running.Values.Sum(p => Math.Clamp(p.Share, 0, 1)), left = cellCount - keptCount - share;
            var elapsed = time.GetElapsedTime(start);
            // Cells differ in length; before a tenth of one is over any guess would be noise.
            TimeSpan? remaining = share < 0.1 ? null : elapsed * (left / share);
            return new BenchStanding(cellCount, keptCount + endedCount, failedCount, [.. running.Select(r => (r.Key, r.Value))], elapsed, remaining);
        }
    }
}

/// <summary>Where a run stands.</summary>
/// <param name="CellCount">Cells of the plan.</param>
/// <param name="DoneCount">Cells that are over, failed ones and those of earlier runs included.</param>
/// <param name="FailedCount">Cells that failed in this run.</param>
/// <param name="Running">Cells that run, with their progress.</param>
/// <param name="Elapsed">Since the run began.</param>
/// <param name="Remaining">What is left at the pace so far; null while there is no pace yet.</param>
public sealed record BenchStanding(int CellCount, int DoneCount, int FailedCount, IReadOnlyList<(CellSpec Spec, CellProgress Progress)> Running, TimeSpan Elapsed, TimeSpan? Remaining);
