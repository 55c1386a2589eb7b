using Edge.Storage;
using Edge.Trainer.Augmentation;
using Edge.Trainer.Backbones;
using Edge.Trainer.ReadOuts;
using static TorchSharp.torch;

namespace Edge.Trainer.Bench;

/// <summary>The branch that is never trained: features of a seeded bank and the exact statistics of everything labelled. What it knows of a class cannot be overwritten. What may be added to it: <see cref="BenchVariant"/>.</summary>
internal sealed class FrozenBranch : IDisposable
{
    private const int Chunk = 256;
    private static readonly double[] s_lambdas = [1, 3, 10, 30, 100, 300];
    private readonly FrozenFeatureSpace space;
    private readonly AugmentationChain? copying;
    private readonly double copyWeight;
    private readonly double? fixedLambda;
    private readonly BenchData data;
    private readonly LabelledWindows windows;
    private readonly CancellationToken cancel;
    private float[] train;
    private Lazy<float[]> test; // Not encoded before it is judged on: that is no part of training.
    private ClassStatistics heldOut;

    /// <summary>Encodes every window once; the bank's scale, where it has one, is fixed on the windows that come first.</summary>
    /// <param name="data">To learn from and to judge on.</param>
    /// <param name="first">Training indices of the windows that come first.</param>
    /// <param name="variant">What a copy may differ by.</param>
    /// <param name="copyWeight">What a copy of every window weighs, 0 (none) to 1.</param>
    /// <param name="seed">Of the copies.</param>
    /// <param name="cancel">Checked between chunks.</param>
    public FrozenBranch(BenchData data, int[] first, BenchVariant variant, double copyWeight, int seed, CancellationToken cancel)
    {
        (this.data, windows, this.cancel, this.copyWeight, fixedLambda, space) = (data, data.Train, cancel, copyWeight, variant.Lambda, new FrozenFeatureSpace(data.Train.Window));
        using var scope = NewDisposeScope();
        var earliest = Windows(first);
        space.Fit(earliest);
        if (copyWeight > 0) copying = new AugmentationChain(variant.View, earliest, seed);
        (train, test, Statistics, Copies, heldOut) = (null!, null!, null!, null!, null!);
        Begin();
    }

    /// <summary>Everything counted in so far, but for copies and what is held out.</summary>
    public ClassStatistics Statistics { get; private set; }

    /// <summary>Augmented copies of it, with the weight they have.</summary>
    public ClassStatistics Copies { get; private set; }

    /// <summary>Features of a window.</summary>
    public int FeatureLength => space.Length;

    /// <summary>Counts labelled training windows in, and an augmented copy of each where the variant wants it.</summary>
    public void Count(int[] indices)
    {
        Tell(indices);
        if (copying is null || indices.Length == 0) return;
        var views = Empty();
        foreach (int[] chunk in indices.Chunk(Chunk))
        {
            using var scope = NewDisposeScope();
            views.Add(Names(chunk), space.Of(copying.View(Windows(chunk))));
        }

        views.Discount(copyWeight);
        Copies.Merge(views);
    }

    /// <summary>Counts labelled training windows in without copies.</summary>
    public void Tell(int[] indices) => Add(Statistics, indices);

    /// <summary>Counts windows that a choice must not know of; <see cref="Solve"/> takes them in when it is asked to.</summary>
    public void CountHeldOut(int[] indices) => Add(heldOut, indices);

    /// <summary>Appends what all layers of a network see to the features and counts the first round again in them; later ones would be gone.</summary>
    /// <param name="network">Taken over.</param>
    /// <param name="counted">All that was counted,</param>
    /// <param name="held">and all that was counted as held out.</param>
    public void Append(Backbone network, int[] counted, int[] held)
    {
        space.Append(network);
        Begin();
        Count(counted);
        CountHeldOut(held);
    }

    /// <summary>
    /// The read-out over everything counted in, as the service composes it: ridge over the established classes, with the λ that does best on the remembered windows left out one by one, and prototypes for classes that are too small
    /// for it (<see cref="ScarceClassReadOut.LeftToPrototypes"/>); prototypes alone while fewer than two are established. Copies have no say in λ: a window would be left out and its copy not.
    /// </summary>
    /// <param name="remembered">Training indices of what is remembered.</param>
    /// <param name="withHeldOut">Whether it knows what is held out; a choice must be made without.</param>
    public (IReadOut ReadOut, string Name) Solve(IReadOnlyList<int> remembered, bool withHeldOut = false)
    {
        var classes = windows.ClassNames;
        var counted = withHeldOut ? Together(Statistics, heldOut) : Statistics;
        var scarce = ScarceClassReadOut.LeftToPrototypes(classes, counted);
        int[] established = [.. Enumerable.Range(0, classes.Count).Where(c => counted.Of(classes[c]) is { Mass: > 0 } && !scarce.Contains(classes[c]))];
        if (established.Length < 2) return (ScarceClassReadOut.Prototypes(counted, classes), "frozen prototypes");
        string[] names = [.. established.Select(c => classes[c])];
        int[] kept = [.. remembered];
        float[] features = Rows(kept);
        var solver = new RidgeSolver(Statistics, names, new RidgeOptions());
        int[] known = [.. kept.Where(i => established.Contains(windows.Classes[i]))];
        double lambda = fixedLambda ?? (known.Length == 0 ? s_lambdas[3] : LeaveOneOut.ChooseLambda(solver, s_lambdas, Rows(known), [.. known.Select(i => Array.IndexOf(established, windows.Classes[i]))]));
        if (copying is not null || withHeldOut) solver = new RidgeSolver(copying is null ? counted : Together(counted, Copies), names, new RidgeOptions(), solver);
        var main = OverAll(solver.Solve(lambda).ToReadOut(), established);
        return (ScarceClassReadOut.Around(main, counted, features, [.. kept.Select(i => windows.Classes[i])], scarce), $"frozen ridge, λ {lambda:0.##}");
    }

    /// <summary>Scores of training windows, [indices, classes].</summary>
    public float[] ScoreTrain(IReadOnlyList<int> indices, IReadOut readOut) => WindowScores.Of(readOut, Rows([.. indices]));

    /// <summary>Scores of all test windows, [test windows, classes].</summary>
    public float[] ScoreTest(IReadOut readOut) => WindowScores.Of(readOut, test.Value);

    /// <inheritdoc/>
    public void Dispose()
    {
        space.Dispose();
        copying?.Dispose();
    }

    private void Begin()
    {
        train = space.Of(windows, cancel);
        test = new Lazy<float[]>(() => space.Of(data.Test, cancel));
        (Statistics, Copies, heldOut) = (Empty(), Empty(), Empty());
    }

    /// <summary>The same read-out with a row for every class: one that it does not know is never chosen.</summary>
    private LinearReadOut OverAll(LinearReadOut main, int[] established)
    {
        float[] weights = new float[windows.ClassNames.Count * space.Length], bias = new float[windows.ClassNames.Count];
        Array.Fill(bias, PrototypeMatrix.AbsentBias);
        for (int row = 0; row < established.Length; row++)
        {
            main.Weights.AsSpan(row * space.Length, space.Length).CopyTo(weights.AsSpan(established[row] * space.Length));
            bias[established[row]] = main.Bias[row];
        }

        return new LinearReadOut(weights, bias, windows.ClassNames);
    }

    private ClassStatistics Together(params ReadOnlySpan<ClassStatistics> parts)
    {
        var all = Empty();
        foreach (var part in parts) all.Merge(part);
        return all;
    }

    private ClassStatistics Empty() => new("bench", space.Length);

    private void Add(ClassStatistics statistics, int[] indices)
    {
        foreach (int[] chunk in indices.Chunk(Chunk)) statistics.Add(Names(chunk), Rows(chunk));
    }

    private string[] Names(int[] indices) => [.. indices.Select(i => windows.ClassNames[windows.Classes[i]])];

    private float[] Rows(int[] indices)
    {
        float[] rows = new float[indices.Length * space.Length];
        for (int i = 0; i < indices.Length; i++) train.AsSpan(indices[i] * space.Length, space.Length).CopyTo(rows.AsSpan(i * space.Length));
        return rows;
    }

    private Tensor Windows(int[] indices)
    {
        var chosen = windows.Select(indices);
        return tensor(chosen.Values, [chosen.Count, chosen.Window.ChannelCount, chosen.Window.Length]);
    }
}
