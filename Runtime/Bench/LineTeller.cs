using Edge.Trainer.Bench;

namespace Edge.Runtime.Bench;

/// <summary>Tells in plain lines, for a log: one for each cell that is over, and one every half minute.</summary>
public sealed class LineTeller(TextWriter output, TimeProvider time) : IBenchTeller
{
    private static readonly TimeSpan s_pulse = TimeSpan.FromSeconds(30);
    private readonly RunningCells cells = new(time);
    private readonly Lock gate = new();

    /// <inheritdoc/>
    public async Task AroundAsync(int cellCount, int keptCount, Func<Task> work)
    {
        cells.Begin(cellCount, keptCount);
        Line($"{cellCount} cells, {keptCount} of them measured before");
        await using var timer = time.CreateTimer(_ => Pulse(), null, s_pulse, s_pulse);
        await work();
    }

    /// <inheritdoc/>
    public void Started(CellSpec spec) => cells.Started(spec);

    /// <inheritdoc/>
    public void Moved(CellSpec spec, CellProgress progress) => cells.Moved(spec, progress);

    /// <inheritdoc/>
    public void Ended(CellRecord record)
    {
        lock (gate) // The counts of two lines come in their order.
        {
            cells.Ended(record);
            var now = cells.Now();
            output.WriteLine($"[{now.DoneCount}/{now.CellCount}] {CellTold.Name(record.Spec)}: {CellTold.Outcome(record)}, {record.WallSeconds:0.0} s{CellTold.Left(now)}");
        }
    }

    private void Pulse()
    {
        var now = cells.Now();
        if (now.Running.Count > 0) Line($"[{now.DoneCount}/{now.CellCount}] running: {string.Join("; ", now.Running.Select(r => $"{CellTold.Name(r.Spec)} {CellTold.Place(r.Progress)}"))}{CellTold.Left(now)}");
    }

    private void Line(string text)
    {
        lock (gate) output.WriteLine(text);
    }
}
