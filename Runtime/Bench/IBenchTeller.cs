using Edge.Trainer.Bench;

namespace Edge.Runtime.Bench;

/// <summary>Tells somebody how a run goes. All but the first method are called from several threads.</summary>
public interface IBenchTeller
{
    /// <summary>Runs <paramref name="work"/> and tells of it meanwhile.</summary>
    /// <param name="cellCount">Cells of the plan.</param>
    /// <param name="keptCount">Cells that an earlier run measured.</param>
    /// <param name="work">The run.</param>
    Task AroundAsync(int cellCount, int keptCount, Func<Task> work);

    /// <summary>A cell begins.</summary>
    void Started(CellSpec spec);

    /// <summary>A cell has gone on.</summary>
    void Moved(CellSpec spec, CellProgress progress);

    /// <summary>A cell is over.</summary>
    void Ended(CellRecord record);
}
