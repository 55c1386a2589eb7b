using System.Numerics.Tensors;
using Edge.Storage;
using Edge.Trainer.ReadOuts;

namespace Edge.Runtime.Inference;

/// <summary>What each branch would say, solved at one moment. Immutable.</summary>
/// <param name="Classes">[C] all classes, in the order of the graph's outputs.</param>
/// <param name="Prototypes">Nearest class means of the trained embedding.</param>
/// <param name="Learned">Ridge on the trained embedding, over the established classes only; null below two of them.</param>
/// <param name="Frozen">Ridge on the frozen features, likewise; null without a frozen branch.</param>
/// <param name="Nearness">How near a window is to each class by its frozen features (<see cref="DiscriminantSolver"/>), for classes that the leading branch does not know; null where none is scarce or there is no frozen branch.</param>
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

    /// <summary>
    /// Puts the branches together. The leading ridge votes for every class that it knows, whether or not there is a prototype: what the buffer has let go is still in the frozen sums. Prototypes decide alone where no ridge that the
    /// blend asks for is there. A class that the leading branch does not know takes over where it is nearer in the frozen space; without a frozen branch, where its prototype is.
    /// </summary>
    public ReadOutWeights Compose(ReadOutBlend blend)
    {
        var frozen = blend.FrozenWeight > 0 ? Frozen : null;
        var learned = blend.LearnedWeight > 0 ? Learned : null;
        var leading = frozen ?? learned;
        var weights = ReadOutWeights.OfPrototypes(Prototypes, FrozenLength);
        if (leading is null && Prototypes.KnownCount == 0) return Frozen is null ? weights : Compose(ReadOutBlend.OfFrozenRidge); // Prototypes alone would know nothing.

        bool[] leads = [.. Classes.Select((name, c) => leading is null ? HasPrototype(c) : leading.Classes.Contains(name, StringComparer.Ordinal))];
        if (leading is not null)
        {
            // Similarities are votes only where every class that is voted on has one: its absence is no vote against it.
            bool allHaveOne = Enumerable.Range(0, Classes.Count).All(c => !leads[c] || HasPrototype(c));
            weights = weights with { Name = blend.Name, WeighsFeatures = true, Share = allHaveOne ? (float)(blend.Sharpness * blend.PrototypeWeight) : 0 };
            for (int c = 0; c < Classes.Count; c++)
            {
                if (!leads[c])
                {
                    weights.Bias[c] = PrototypeMatrix.AbsentBias;
                    continue;
                }

                Vote(frozen, blend.Sharpness * blend.FrozenWeight, c, weights.OnFrozen, weights.Bias);
                Vote(learned, blend.Sharpness * blend.LearnedWeight, c, weights.OnEmbedding, weights.Bias);
            }
        }

        if (FrozenLength > 0) LetOthersTakeOver(leads, weights);
        else for (int c = 0; c < Classes.Count; c++) weights.Rare[c] = !leads[c] && HasPrototype(c) ? 1 : 0;
        return weights;
    }

    private bool HasPrototype(int c) => Prototypes.ClassBias[c] == 0;

    // By the discriminant where some class is scarce, else by the frozen ridge, which then knows all that were counted.
    private void LetOthersTakeOver(bool[] leads, ReadOutWeights weights)
    {
        if ((Nearness ?? Frozen) is not { } nearness) return;
        var known = nearness.Classes.ToList();
        for (int c = 0; c < Classes.Count; c++)
        {
            int row = known.IndexOf(Classes[c]);
            if (row < 0 || nearness.Bias[row] <= PrototypeMatrix.AbsentBias / 2)
            {
                // Not counted in the statistics, which were begun anew: nothing speaks for it yet unless it leads, and then nothing is known to be nearer.
                weights.NearnessBias[c] = -PrototypeMatrix.AbsentBias;
                continue;
            }

            weights.Rare[c] = leads[c] ? 0 : 1;
            nearness.Weights.AsSpan(row * FrozenLength, FrozenLength).CopyTo(weights.Nearness.AsSpan(c * FrozenLength));
            weights.NearnessBias[c] = nearness.Bias[row];
        }
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
