using Edge.Storage;
using Edge.Trainer.Bench;
using Edge.Trainer.Rounds;

namespace Edge.Trainer.Tests.Bench;

/// <summary>Synthetic waves as a recorded data set of eight people, class after class; and as a cell's spec.</summary>
internal static class BenchWaves
{
    private const int PersonCount = 8;

    /// <summary>The first classes of the waves, with noise of this deviation on top.</summary>
    public static LabelledWindows Windows(int classCount = 4, int perClass = 40, double noise = 0, int seed = 1)
    {
        RoundSamples drawn = SyntheticWaves.Draw([.. Enumerable.Range(0, classCount)], perClass, isFresh: true, seed);
        var random = new Random(seed);
        float[] values = [.. drawn.Values.Select(v => v + (float)(noise * (random.NextDouble() + random.NextDouble() + random.NextDouble() - 1.5) * 2))]; // Variance 1 but for the bell's tails.
        return new LabelledWindows
        {
            Window = SyntheticWaves.Window,
            Values = values,
            Classes = [.. drawn.Classes],
            Subjects = [.. Enumerable.Range(0, drawn.Count).Select(i => i % perClass * PersonCount / perClass)],
            ClassNames = [.. SyntheticWaves.Classes.Take(classCount)],
        };
    }

    /// <summary>Two people's worth of windows to judge on, the rest to learn from.</summary>
    public static BenchData Data(LabelledWindows windows)
    {
        int[] test = [.. Enumerable.Range(0, windows.Count).Where(i => windows.Subjects[i] >= PersonCount - 2)];
        return new BenchData(windows.Select([.. Enumerable.Range(0, windows.Count).Except(test)]), windows.Select(test), []);
    }

    public static CellSpec Spec(string method, Protocol protocol = Protocol.Tscil, int seed = 1) => new()
    {
        Data = "waves",
        Protocol = protocol,
        Method = method,
        Seed = seed,
        Epochs = protocol == Protocol.Online ? 1 : 5,
        BufferShare = 0.7,
        Track = Track.Open,
    };
}

/// <summary>Waves as a file, gone when the test is over.</summary>
internal sealed class WavesFile : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("edge-bench-").FullName;

    public WavesFile(LabelledWindows windows) => NpzWriter.Write(Path, windows);

    public string Path => System.IO.Path.Combine(folder, "waves.npz");

    public CellResult Run(CellSpec spec) => BenchCell.Run(spec with { Data = Path }, _ => { }, TestContext.Current.CancellationToken);

    public void Dispose() => Directory.Delete(folder, recursive: true);
}
