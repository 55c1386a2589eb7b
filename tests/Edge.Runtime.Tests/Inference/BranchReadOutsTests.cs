using Edge.Runtime.Inference;
using Edge.Storage;

namespace Edge.Runtime.Tests.Inference;

/// <summary>How the branches are put together, on vectors that can be looked at: classes are axes.</summary>
public class BranchReadOutsTests
{
    private static readonly string[] s_classes = ["a", "b", "c"];

    [Fact]
    public void Established_classes_are_voted_on_by_the_ridge_and_a_scarce_one_by_its_prototype()
    {
        var branches = Branches(("a", 20), ("b", 20), ("c", 2));
        Assert.Equal(["a", "b"], branches.Frozen!.Classes);
        var weights = branches.Compose(ReadOutBlend.OfFrozenRidge);
        Assert.Equal([0, 0, 1], weights.Rare);
        Assert.Equal(PrototypeMatrix.AbsentBias, weights.Bias[2]);
        Assert.Equal(0, weights.Share);
        Assert.Equal("frozen ridge", weights.Name);
        foreach (int c in new[] { 0, 1, 2 }) Assert.Equal(c, WinnerOf(weights, c));
    }

    [Fact]
    public void A_scarce_class_in_the_midst_of_an_established_one_takes_over_one_in_a_hundred_remembered_windows_at_most()
    {
        var bank = new PrototypeBank("s", 3);
        var statistics = new ClassStatistics("f", 3);
        var remembered = new EncodedWindows(3, 3);
        for (int i = 0; i < 400; i++) remembered.Add(s_classes[i % 2], Noisy(i % 2, i), Noisy(i % 2, i));
        Count("c", Noisy(0, 9));
        Count("c", Noisy(0, 10));
        for (int i = 0; i < 400; i++) Count(remembered.Classes[i], remembered.FrozenOf(i).ToArray());
        var ridge = BranchReadOuts.Ridge(statistics, s_classes);
        int free = TakenOver([], []), held = TakenOver(remembered.Frozen, remembered.Classes);
        Assert.True(free > 20, $"{free}");
        Assert.InRange(held, 1, 4);

        void Count(string name, float[] vector)
        {
            bank.Add(name, vector);
            statistics.Add(name, vector);
        }

        int TakenOver(ReadOnlySpan<float> features, IReadOnlyList<string> labels)
        {
            var weights = new BranchReadOuts(s_classes, bank.ToMatrix(s_classes), null, ridge, BranchReadOuts.NearnessOf(statistics, s_classes, ridge, features, labels), 3).Compose(ReadOutBlend.OfFrozenRidge);
            float[] votes = new float[3];
            int count = 0;
            for (int i = 0; i < 400; i++)
            {
                weights.Score(remembered.EmbeddingOf(i), remembered.FrozenOf(i), votes);
                if (votes.IndexOf(votes.Max()) == 2) count++;
            }

            return count;
        }
    }

    [Fact]
    public void From_half_of_the_largest_class_on_the_ridge_votes_and_from_thirty_examples_on_always()
    {
        Assert.Equal([0, 0, 1], Branches(("a", 20), ("b", 20), ("c", 9)).Compose(ReadOutBlend.OfFrozenRidge).Rare);
        Assert.Equal([0, 0, 1], Branches(("a", 90), ("b", 90), ("c", 29)).Compose(ReadOutBlend.OfFrozenRidge).Rare);
        Assert.Equal([0, 0, 0], Branches(("a", 90), ("b", 90), ("c", 30)).Compose(ReadOutBlend.OfFrozenRidge).Rare);
        var weights = Branches(("a", 20), ("b", 20), ("c", 10)).Compose(ReadOutBlend.OfFrozenRidge);
        Assert.Equal([0, 0, 0], weights.Rare);
        foreach (int c in new[] { 0, 1, 2 }) Assert.Equal(c, WinnerOf(weights, c));
    }

    [Fact]
    public void Two_classes_are_the_ridges_as_soon_as_the_smaller_is_a_tenth_of_the_larger()
    {
        Assert.Null(Branches(("a", 60), ("b", 5)).Frozen);
        Assert.Equal(["a", "b"], Branches(("a", 60), ("b", 6)).Frozen!.Classes);
    }

    [Fact]
    public void Below_two_established_classes_prototypes_decide()
    {
        var branches = Branches(("a", 20), ("b", 2));
        Assert.Null(branches.Frozen);
        var weights = branches.Compose(ReadOutBlend.OfFrozenRidge);
        Assert.Equal(("prototypes", 1f), (weights.Name, weights.Share));
        foreach (int c in new[] { 0, 1 }) Assert.Equal(c, WinnerOf(weights, c));
        Assert.Equal(PrototypeMatrix.AbsentBias, weights.Prototypes.ClassBias[2]);
    }

    [Fact]
    public void A_class_without_any_example_is_never_chosen()
    {
        var weights = Branches(("a", 20), ("b", 20)).Compose(ReadOutBlend.OfFrozenRidge);
        Assert.Equal([0, 0, 0], weights.Rare);
        Assert.NotEqual(2, WinnerOf(weights, 2));
    }

    [Fact]
    public void Sharpness_moves_no_decision()
    {
        var branches = Branches(("a", 20), ("b", 20), ("c", 20));
        float[] flat = new float[3], sharp = new float[3];
        branches.Compose(ReadOutBlend.OfFrozenRidge).Score(Axis(1), Axis(1), flat);
        branches.Compose(ReadOutBlend.OfFrozenRidge with { Sharpness = 4 }).Score(Axis(1), Axis(1), sharp);
        for (int c = 0; c < 3; c++) Assert.Equal(4 * flat[c], sharp[c], 1e-5f);
    }

    [Theory]
    [InlineData("auto", "frozen ridge")] // Alone or with the other: both branches are right on all.
    [InlineData("prototypes", "prototypes")]
    [InlineData("frozenRidge", "frozen ridge")]
    public void The_configuration_says_what_may_be_chosen(string kind, string name)
    {
        var branches = Branches(("a", 20), ("b", 20), ("c", 20));
        var anchors = Anchors(8, _ => true);
        Assert.StartsWith(name, BlendChoice.Choose(branches, anchors, kind, 0.1, ReadOutBlend.OfPrototypes).Name);
    }

    [Fact]
    public void Fused_is_always_both()
    {
        var chosen = BlendChoice.Choose(Branches(("a", 20), ("b", 20), ("c", 20)), Anchors(8, _ => true), "fused", 0.1, ReadOutBlend.OfPrototypes);
        Assert.True(chosen.FrozenWeight > 0 && chosen.LearnedWeight + chosen.PrototypeWeight > 0, chosen.ToString());
    }

    [Fact]
    public void Where_the_frozen_features_fail_the_trained_branch_is_chosen()
    {
        // Frozen features of the anchors are another class's: a sensor that was turned after everything was counted, and a backbone that has learnt it.
        var chosen = BlendChoice.Choose(Branches(("a", 20), ("b", 20), ("c", 20)), Anchors(8, _ => false), "auto", 0.1, ReadOutBlend.OfFrozenRidge);
        Assert.Equal(0, chosen.FrozenWeight);
    }

    [Fact]
    public void Without_anchors_or_without_a_branch_to_choose_what_runs_goes_on()
    {
        Assert.Same(ReadOutBlend.OfFrozenRidge, BlendChoice.Choose(Branches(("a", 20), ("b", 20)), new EncodedWindows(3, 3), "auto", 0.1, ReadOutBlend.OfFrozenRidge));
        Assert.Same(ReadOutBlend.OfFrozenRidge, BlendChoice.Choose(Branches(("a", 20)), Anchors(8, _ => true), "frozenRidge", 0.1, ReadOutBlend.OfFrozenRidge));
    }

    [Fact]
    public void A_choice_comes_back_for_its_own_snapshot_and_a_damaged_one_is_put_aside()
    {
        using var data = new DataFolder();
        var file = new BlendFile(data["readout.json"]);
        var blend = new ReadOutBlend { Name = "frozen ridge + 0.5 learned ridge", FrozenWeight = 1, LearnedWeight = 0.47, Sharpness = 2.5 };
        file.TrySave("s1", blend);
        Assert.Equal(blend, new BlendFile(data["readout.json"]).Load("s1"));
        Assert.Null(file.Load("s2"));
        File.WriteAllText(data["readout.json"], "{");
        var damaged = new BlendFile(data["readout.json"]);
        Assert.Null(damaged.Load("s1"));
        Assert.False(File.Exists(data["readout.json.bad"])); // Verbs that only look load it too.
        damaged.PutAside();
        Assert.True(File.Exists(data["readout.json.bad"]));
        Assert.NotEmpty(damaged.Problem);
    }

    private static BranchReadOuts Branches(params (string Class, int Count)[] seen)
    {
        var bank = new PrototypeBank("s", 3);
        ClassStatistics frozen = new("f", 3), learned = new("s", 3);
        foreach (var (name, count) in seen)
        {
            for (int i = 0; i < count; i++)
            {
                float[] vector = Noisy(Array.IndexOf(s_classes, name), i);
                bank.Add(name, vector);
                frozen.Add(name, vector);
                learned.Add(name, vector);
            }
        }

        var ridge = BranchReadOuts.Ridge(frozen, s_classes);
        return new BranchReadOuts(s_classes, bank.ToMatrix(s_classes), BranchReadOuts.Ridge(learned, s_classes), ridge, BranchReadOuts.NearnessOf(frozen, s_classes, ridge, [], []), 3);
    }

    private static EncodedWindows Anchors(int perClass, Func<int, bool> frozenIsRight)
    {
        var windows = new EncodedWindows(3, 3);
        for (int i = 0; i < 3 * perClass; i++)
        {
            int c = i % 3;
            windows.Add(s_classes[c], Noisy(c, 1000 + i), Noisy(frozenIsRight(i) ? c : (c + 1) % 3, 2000 + i));
        }

        return windows;
    }

    private static int WinnerOf(ReadOutWeights weights, int axis)
    {
        float[] votes = new float[3];
        weights.Score(Axis(axis), Axis(axis), votes);
        return votes.IndexOf(votes.Max());
    }

    private static float[] Axis(int c) => [.. Enumerable.Range(0, 3).Select(i => i == c ? 1f : 0)];

    private static float[] Noisy(int c, int seed)
    {
        var random = new Random(seed * 3 + c);
        double[] vector = [.. Enumerable.Range(0, 3).Select(i => (i == c ? 1 : 0) + 0.2 * random.NextDouble())];
        double norm = Math.Sqrt(vector.Sum(v => v * v));
        return [.. vector.Select(v => (float)(v / norm))];
    }
}
