using Edge.Storage;
using Edge.Trainer.Backbones;
using Edge.Trainer.ReadOuts;
using static TorchSharp.torch;

namespace Edge.Trainer.Bench;

/// <summary>The branch that is never trained: features of a seeded bank and the exact statistics of everything labelled. What it knows of a class cannot be overwritten.</summary>
internal sealed class FrozenBranch : IDisposable
{
    private const int Chunk = 256;
    private static readonly double[] s_lambdas = [1, 3, 10, 30, 100, 300];
    private readonly FrozenBank bank;
    private readonly float[] train;
    private readonly Lazy<float[]> test; // Not encoded before it is judged on: that is no part of training.
    private readonly LabelledWindows windows;
    private readonly int length;

    /// <summary>Encodes every window once; the bank's scale, where it has one, is fixed on the windows that come first.</summary>
    public FrozenBranch(BenchData data, int[] first, CancellationToken cancel)
    {
        bank = FrozenBank.Create(data.Train.Window);
        using (var scope = NewDisposeScope()) bank.Fit(Windows(data.Train.Select(first)));
        (windows, length) = (data.Train, bank.FeatureLength);
        train = Encode(bank, data.Train, cancel);
        test = new Lazy<float[]>(() => Encode(bank, data.Test, cancel));
        Statistics = new ClassStatistics("bench", length);
    }

    /// <summary>Everything counted in so far.</summary>
    public ClassStatistics Statistics { get; }

    /// <summary>Counts labelled training windows in.</summary>
    public void Count(int[] indices)
    {
        foreach (int[] chunk in indices.Chunk(Chunk))
            Statistics.Add([.. chunk.Select(i => windows.ClassNames[windows.Classes[i]])], Rows(train, chunk));
    }

    /// <summary>
    /// The read-out over everything counted in: ridge with the λ that does best on the remembered windows left out one by one, and prototypes for classes that are too small for it.
    /// </summary>
    public (IReadOut ReadOut, string Name) Solve(IReadOnlyList<int> remembered)
    {
        var solver = new RidgeSolver(Statistics, windows.ClassNames, new RidgeOptions());
        int[] kept = [.. remembered];
        float[] features = Rows(train, kept);
        int[] labels = [.. kept.Select(i => windows.Classes[i])];
        double lambda = kept.Length == 0 ? s_lambdas[3] : LeaveOneOut.ChooseLambda(solver, s_lambdas, features, labels);
        return (ScarceClassReadOut.Around(solver.Solve(lambda).ToReadOut(), Statistics, features, labels), $"frozen ridge, λ {lambda:0.##}");
    }

    /// <summary>Scores of training windows, [indices, classes].</summary>
    public float[] ScoreTrain(IReadOnlyList<int> indices, IReadOut readOut) => WindowScores.Of(readOut, Rows(train, [.. indices]));

    /// <summary>Scores of all test windows, [test windows, classes].</summary>
    public float[] ScoreTest(IReadOut readOut) => WindowScores.Of(readOut, test.Value);

    /// <inheritdoc/>
    public void Dispose() => bank.Dispose();

    private float[] Rows(float[] all, int[] indices)
    {
        float[] rows = new float[indices.Length * length];
        for (int i = 0; i < indices.Length; i++) all.AsSpan(indices[i] * length, length).CopyTo(rows.AsSpan(i * length));
        return rows;
    }

    private static Tensor Windows(LabelledWindows windows) => tensor(windows.Values, [windows.Count, windows.Window.ChannelCount, windows.Window.Length]);

    private static float[] Encode(FrozenBank bank, LabelledWindows windows, CancellationToken cancel)
    {
        float[] features = new float[windows.Count * bank.FeatureLength];
        using var _ = no_grad();
        for (int at = 0; at < windows.Count; at += Chunk)
        {
            cancel.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            int count = Math.Min(Chunk, windows.Count - at), size = windows.Window.ValueCount;
            var chunk = tensor(windows.Values.AsSpan(at * size, count * size).ToArray(), [count, windows.Window.ChannelCount, windows.Window.Length]);
            bank.forward(chunk).contiguous().data<float>().CopyTo(features.AsSpan(at * bank.FeatureLength, count * bank.FeatureLength));
        }

        return features;
    }
}
