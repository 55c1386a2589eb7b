using Edge.Runtime.Bench;
using Edge.Runtime.Bench.Reports;
using Edge.Trainer.Bench;

namespace Edge.Runtime.Tests.Bench;

/// <summary>Cells made by hand: three steps, accuracies that anybody can check.</summary>
internal static class Cells
{
    public static Machine Machine { get; } = new("0.1.0+abc", "Some Processor", 2, ".NET 10", "0.107.0", "2.10.0");

    public static BenchPlan Plan { get; } = new()
    {
        Data = ["uci-har"],
        Protocol = Protocol.Tscil,
        Methods = ["naive", "er:learningRate=0.01"],
        Seeds = [1, 2, 3],
        Epochs = 5,
        BufferShare = 0.05,
        Track = Track.Open,
    };

    /// <summary>A cell whose first step ends at <paramref name="kept"/> + seed / 100, after 0.9; the others stay at 0.9 and 1.</summary>
    public static CellResult Result(CellSpec spec, double kept = 0.5)
    {
        double end = kept + spec.Seed / 100.0;
        return new CellResult
        {
            Spec = spec,
            Steps = spec.Protocol == Protocol.Domain ? ["plain", "rotated", "dead channel"] : [$"order {spec.Seed}", "b", "c"],
            Accuracy = [[0.9, 0.2, 0.1], [0.8, 0.9, 0.3], [end, 0.9, 1]],
            Curve = [new(100, 0.9), new(200, 0.85), new(300, (end + 1.9) / 3)],
            ReadOuts = new Dictionary<string, IReadOnlyList<double>> { ["ncm"] = [0.9, 0.88, 0.85], ["head"] = [0.9, 0.8, end], ["ridge"] = [0.95, 0.92, 0.9] },
            Cka = [1, 0.8, 0.6],
            PrototypeDrift = [0, 0.1, 0.25],
            FewShot = spec.Protocol == Protocol.FewShot ? [new(1, 0.5, 0.95, 0.9), new(5, 0.8 + spec.Seed / 100.0, 0.95, 0.94)] : [],
            ReadOut = spec.Seed == 1 ? "head" : "ridge",
            StepCount = 70,
            TrainingSeconds = 3,
            Notes = ["7352 windows to learn from, 2947 to judge on"],
        };
    }

    public static CellRecord Record(CellSpec spec, double kept = 0.5) => new() { Spec = spec, Result = Result(spec, kept), EndedAt = new DateTimeOffset(2026, 5, 4, 3, 2, 1, TimeSpan.Zero), WallSeconds = 4, Machine = Machine };

    public static CellRecord Failed(CellSpec spec, string why) => Record(spec) with { Result = null, Failure = why };

    /// <summary>The report of a plan all of whose cells finished.</summary>
    public static BenchReport Report(BenchPlan plan) => BenchReport.Of(plan, spec => Record(spec));
}

/// <summary>Notes what it is told.</summary>
internal sealed class NotingTeller : IBenchTeller
{
    private readonly Lock gate = new();

    public int Kept { get; private set; }

    public List<CellSpec> StartedCells { get; } = [];

    public async Task AroundAsync(int cellCount, int keptCount, Func<Task> work)
    {
        Kept = keptCount;
        await work();
    }

    public void Started(CellSpec spec)
    {
        lock (gate) StartedCells.Add(spec);
    }

    public void Moved(CellSpec spec, CellProgress progress)
    {
    }

    public void Ended(CellRecord record)
    {
    }
}
