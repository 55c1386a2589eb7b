using static TorchSharp.torch;

namespace Edge.Trainer.Bench;

/// <summary>Keeps the judgements of a cell: accuracies by step and read-out, the curve, and how far the embeddings of earlier steps have moved.</summary>
internal sealed class StepWatch(BenchData data, IReadOnlyList<StreamStep> steps) : IDisposable
{
    private readonly List<double[]> accuracy = [];
    private readonly List<CurvePoint> curve = [];
    private readonly SortedDictionary<string, List<double>> readOuts = new(StringComparer.Ordinal);
    private readonly List<double> cka = [], drift = [];
    private readonly Dictionary<(int Step, int Class), Tensor> firstPrototypes = [];
    private Tensor? previous;

    /// <summary>A point of the curve between two steps.</summary>
    public void Point(Judgement judgement, int windowCount, int step)
    {
        curve.Add(new CurvePoint(windowCount, Accuracy(judgement.Chosen, Met(step))));
        judgement.Embeddings.Dispose();
    }

    /// <summary>A step of the stream is over.</summary>
    public void Step(Judgement judgement, int windowCount, int step)
    {
        accuracy.Add([.. steps.Select(s => Accuracy(judgement.Chosen, s.Test))]);
        curve.Add(new CurvePoint(windowCount, Accuracy(judgement.Chosen, Met(step))));
        foreach (var (name, predicted) in judgement.ByReadOut)
        {
            if (!readOuts.TryGetValue(name, out var row)) readOuts.Add(name, row = []);
            row.Add(Accuracy(predicted, Met(step)));
        }

        Stability(judgement.Embeddings, step);
    }

    /// <summary>The cell's result.</summary>
    public CellResult Result(CellSpec spec, ContinualLearner learner, IReadOnlyList<string> notes) => new()
    {
        Spec = spec,
        Steps = [.. steps.Select(s => s.Name)],
        Accuracy = accuracy,
        Curve = curve,
        ReadOuts = readOuts.ToDictionary(r => r.Key, IReadOnlyList<double> (r) => r.Value, StringComparer.Ordinal),
        Cka = cka,
        PrototypeDrift = drift,
        ReadOut = learner.ReadOut,
        StepCount = learner.StepCount,
        TrainingSeconds = learner.TrainingSeconds,
        Notes = [.. notes, .. learner.Notes],
    };

    /// <inheritdoc/>
    public void Dispose()
    {
        previous?.Dispose();
        foreach (var prototype in firstPrototypes.Values) prototype.Dispose();
    }

    private void Stability(Tensor embeddings, int step)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        int[] old = step == 0 ? [] : Met(step - 1);
        cka.Add(previous is null || old.Length == 0 ? 1 : LinearCka.Of(Rows(embeddings, old), Rows(previous, old)));
        var moved = new List<double>();
        for (int s = 0; s <= step; s++)
        {
            foreach (var group in steps[s].Test.GroupBy(i => data.Test.Classes[i]))
            {
                var prototype = nn.functional.normalize(nn.functional.normalize(Rows(embeddings, [.. group]), 2, 1).mean([0]), 2, 0);
                if (s == step) firstPrototypes[(s, group.Key)] = prototype.DetachFromDisposeScope();
                else moved.Add(1 - prototype.dot(firstPrototypes[(s, group.Key)]).item<float>());
            }
        }

        drift.Add(moved.Count == 0 ? 0 : moved.Average());
        previous?.Dispose();
        previous = embeddings;
    }

    private int[] Met(int step) => [.. steps.Take(step + 1).SelectMany(s => s.Test)];

    private double Accuracy(int[] predicted, int[] windows) => windows.Length == 0 ? 0 : windows.Count(i => predicted[i] == data.Test.Classes[i]) / (double)windows.Length;

    private static Tensor Rows(Tensor all, int[] indices) => all.index_select(0, tensor(indices, ScalarType.Int64));
}

/// <summary>What the learner says of every test window at one moment.</summary>
/// <param name="Chosen">Class index of each test window by the read-out that the method uses.</param>
/// <param name="ByReadOut">The same by every read-out there is.</param>
/// <param name="Embeddings">[test windows, d] of the learned branch.</param>
internal sealed record Judgement(int[] Chosen, IReadOnlyDictionary<string, int[]> ByReadOut, Tensor Embeddings);
