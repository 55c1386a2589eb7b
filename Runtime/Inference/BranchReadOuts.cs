using System.Numerics.Tensors;
using Edge.Storage;
using Edge.Trainer.ReadOuts;

namespace Edge.Runtime.Inference;

/// <summary>What each branch would say, solved at one moment. Immutable.</summary>
/// <param name="Classes">[C] all classes, in the order of the graph's outputs.</param>
/// <param name="Prototypes">Nearest class means of the trained embedding.</param>
/// <param name="Learned">Ridge on the trained embedding, over the established classes only; null below two of them.</param>
/// <param name="Frozen">Ridge on the frozen features, likewise; null without a frozen branch.</param>
/// <param name="Nearness">How near a window is to each class by its frozen features (<see cref="DiscriminantSolver"/>), for scarce classes; null where there is none or no frozen branch.</param>
/// <param name="FrozenLength">Features of the frozen branch; 0 without one.</param>
public sealed record BranchReadOuts(IReadOnlyList<string> Classes, PrototypeMatrix Prototypes, LinearReadOut? Learned, LinearReadOut? Frozen, LinearReadOut? Nearness, int FrozenLength)
{
    /// <summary>λ of both ridges, in examples. On held-out people of the training split of UCI HAR (three splits and class orders, after each step), 30 is within 0.35 points of the best of 1 to 300 on the frozen features, and mostly within 0.15.</summary>
    public const double Lambda = 30;

    // Classes of equal mass: a class of which little is known would else be scored low whatever the window.
    private static readonly RidgeOptions s_options = new() { BalanceClasses = true };

    /// <summary>Ridge over the classes of which enough examples were counted (<see cref="ScarceClassReadOut.LeftToPrototypes"/>); null below two of them.</summary>
    public static LinearReadOut? Ridge(ClassStatistics? statistics, IReadOnlyList<string> classes)
    {
        RidgeSolver? spent = null;
        return Ridge(statistics, classes, ref spent);
    }

    /// <summary>The same by one who solves again and again: the solver's matrices are kept for the next time.</summary>
    public static LinearReadOut? Ridge(ClassStatistics? statistics, IReadOnlyList<string> classes, ref RidgeSolver? spent)
    {
        if (statistics is null) return null;
        var scarce = ScarceClassReadOut.LeftToPrototypes(classes, statistics);
        string[] established = [.. classes.Where(name => statistics.Of(name) is not null && !scarce.Contains(name))];
        return established.Length < 2 ? null : (spent = new RidgeSolver(statistics, established, s_options, spent)).Solve(Lambda).ToReadOut();
    }

    /// <summary>
    /// The discriminant that speaks for scarce classes, each held back so far that it takes over at most one in a hundred of the remembered windows that the established classes have; null where none is scarce, which is the rule.
    /// </summary>
    /// <param name="statistics">Of the frozen features; null without a frozen branch.</param>
    /// <param name="classes">All classes.</param>
    /// <param name="established">Ridge over the established classes; null where there are none to protect.</param>
    /// <param name="remembered">[m, F] frozen features of remembered windows.</param>
    /// <param name="labels">[m] their classes.</param>
    public static LinearReadOut? NearnessOf(ClassStatistics? statistics, IReadOnlyList<string> classes, LinearReadOut? established, ReadOnlySpan<float> remembered, IReadOnlyList<string> labels)
    {
        if (statistics is null || ScarceClassReadOut.LeftToPrototypes(classes, statistics) is not { Count: > 0 } scarce) return null;
        var prototypes = ScarceClassReadOut.Prototypes(statistics, classes);
        return established is null ? prototypes : ScarceClassReadOut.HeldBack(prototypes, established, scarce, remembered, labels);
    }

    /// <summary>Puts the branches together. A class that the leading ridge does not know is left to its prototype; prototypes decide alone where no ridge that the blend asks for is there.</summary>
    public ReadOutWeights Compose(ReadOutBlend blend)
    {
        var frozen = blend.FrozenWeight > 0 ? Frozen : null;
        var learned = blend.LearnedWeight > 0 ? Learned : null;
        var leading = frozen ?? learned;
        if (leading is null) return ReadOutWeights.OfPrototypes(Prototypes, FrozenLength);

        var weights = ReadOutWeights.OfPrototypes(Prototypes, FrozenLength) with { Name = blend.Name, WeighsFeatures = true, Share = (float)(blend.Sharpness * blend.PrototypeWeight) };
        for (int c = 0; c < Classes.Count; c++)
        {
            bool hasPrototype = Prototypes.ClassBias[c] == 0;
            if (hasPrototype && leading.Classes.Contains(Classes[c], StringComparer.Ordinal))
            {
                Vote(frozen, blend.Sharpness * blend.FrozenWeight, c, weights.OnFrozen, weights.Bias);
                Vote(learned, blend.Sharpness * blend.LearnedWeight, c, weights.OnEmbedding, weights.Bias);
                continue;
            }

            weights.Bias[c] = PrototypeMatrix.AbsentBias;
            weights.Rare[c] = hasPrototype ? 1 : 0;
        }

        if (FrozenLength == 0) return weights;
        if (Nearness is null)
        {
            weights.Rare.AsSpan().Clear(); // Not counted in the statistics, which were begun anew: nothing speaks for it yet.
            return weights;
        }

        Nearness.Weights.CopyTo(weights.Nearness, 0);
        Nearness.Bias.CopyTo(weights.NearnessBias, 0);

        return weights;
    }

    // Ridge scores on one-hot targets add up to 1: less 1 / classes they are centred, and a class that this branch does not know gets neither a vote nor a veto from it.
    private void Vote(LinearReadOut? branch, double weight, int c, float[] target, float[] bias)
    {
        int row = branch is null ? -1 : branch.Classes.ToList().IndexOf(Classes[c]);
        if (row < 0) return;
        int length = branch!.FeatureLength;
        TensorPrimitives.Multiply(branch.Weights.AsSpan(row * length, length), (float)weight, target.AsSpan(c * length, length));
        bias[c] += (float)(weight * (branch.Bias[row] - 1.0 / branch.Classes.Count));
    }
}
