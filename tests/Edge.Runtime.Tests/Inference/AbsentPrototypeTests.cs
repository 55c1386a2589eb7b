using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Runtime.Snapshots;
using Edge.Runtime.Stages;
using Edge.Storage;

namespace Edge.Runtime.Tests.Inference;

/// <summary>A class whose examples have left the buffer has no prototype in the next snapshot's embedding, and is answered by what the frozen sums know of it. In the real graph as in C#.</summary>
public sealed class AbsentPrototypeTests : IDisposable
{
    private static readonly InferenceSection s_settings = new() { Providers = ["cpu"] };
    private static readonly string[] s_all = [.. TestSnapshot.Classes];
    private readonly DataFolder data = new();
    private readonly Classifier session;
    private readonly ClassStatistics frozen, learned;

    public AbsentPrototypeTests()
    {
        session = Classifier.Open(TestSnapshot.WriteFrozen(data), TestSnapshot.Manifest, s_settings, AnchorExam.BatchSize);
        (frozen, learned) = (new ClassStatistics(session.FrozenBankId!, session.FrozenLength), new ClassStatistics(TestSnapshot.Manifest.Id, 128));
        var windows = AnchorExam.Encode(session, Windows(s_all, 100));
        frozen.Add(windows.Classes, windows.Frozen);
    }

    public void Dispose()
    {
        session.Dispose();
        data.Dispose();
    }

    public static TheoryData<string, double, double> Blends => new() { { "frozen ridge", 0, 0 }, { "with prototypes", 0, 0.3 }, { "with the learned ridge", 0.3, 0 } };

    [Theory]
    [MemberData(nameof(Blends))]
    public void The_frozen_ridge_votes_for_a_class_without_a_prototype(string name, double learnedWeight, double prototypeWeight)
    {
        var branches = Branches("still", "slow");
        var weights = branches.Compose(new ReadOutBlend { Name = name, FrozenWeight = 1, LearnedWeight = learnedWeight, PrototypeWeight = prototypeWeight });
        Assert.Equal([0, 0, 0], weights.Rare);
        Assert.Equal((2, 3), (weights.Prototypes.KnownCount, weights.KnownCount));
        AnswersAll(weights);
        Assert.Equal((2, 3), (session.PrototypeCount, session.KnownCount));
    }

    [Theory]
    [InlineData("prototypes")] // Chosen for the same snapshot before its prototypes went.
    [InlineData("frozen ridge")]
    public void Without_any_prototype_the_frozen_ridge_answers_what_it_is_certain_of(string name)
    {
        var weights = Branches().Compose(name == "prototypes" ? ReadOutBlend.OfPrototypes : ReadOutBlend.OfFrozenRidge with { Sharpness = 2 });
        Assert.True(weights.WeighsFeatures);
        AnswersAll(weights);
        Assert.Equal((0, 3), (session.PrototypeCount, session.KnownCount));
        session.Use(weights);
        var score = session.Score(TestSnapshot.WindowOf("fast", 300));
        Assert.Equal((1f, 0f), (score.Novelty, session.MarginOf(0))); // And not what the graph's -1e9 would make of them.
        Assert.Equal(2, (score with { IsCertain = true }).ClassOrUnknown(0.2));
        Assert.Equal(-1, (score with { IsCertain = false }).ClassOrUnknown(0.2));
        Assert.Equal(2, (score with { IsCertain = false }).ClassOrUnknown(-1));
    }

    [Fact]
    public void Calibrated_novelty_decides_on_a_class_without_a_prototype_and_the_fixed_threshold_does_not()
    {
        var anchors = AnchorExam.Encode(session, Windows(s_all, 400));
        var weights = Branches().Compose(ReadOutBlend.OfFrozenRidge);
        var calibration = NoveltyExam.Of(anchors, weights.Prototypes, frozen, TestSnapshot.Classes, 2);
        session.Use(weights with { Calibration = calibration, WeighsFeatures = false });
        var score = session.Score(TestSnapshot.WindowOf("fast", 400));
        Assert.Equal(2, UnknownRule.Answer(session, 0, score, s_settings with { UnknownBelowSimilarity = 1 }, out float ratio));
        Assert.InRange(ratio, 0.01, 1);
    }

    [Fact]
    public void What_prototypes_alone_do_not_know_is_answered_where_it_is_nearer_by_the_frozen_features()
    {
        var weights = Branches("still", "slow").Compose(ReadOutBlend.OfPrototypes);
        Assert.Equal(("prototypes", false), (weights.Name, weights.WeighsFeatures));
        Assert.Equal([0, 0, 1], weights.Rare);
        Agrees(weights);
        Assert.InRange(RightOf(weights, "fast"), 15, 20);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)] // Something else is scarce in the frozen sums, so there is a discriminant.
    public void A_class_that_is_scarce_in_the_learned_sums_and_established_in_the_frozen_ones_is_answered_when_the_learned_ridge_leads(bool otherIsScarce)
    {
        if (otherIsScarce) frozen.Add("waving", AnchorExam.Encode(session, Windows(["slow"], 900)).FrozenOf(0));
        var few = AnchorExam.Encode(session, [.. Windows(["still", "slow"], 100), .. Windows(["fast"], 100).Take(2)]);
        learned.Add(few.Classes, few.Embeddings);
        string[] classes = otherIsScarce ? [.. s_all, "waving"] : s_all;
        using var grown = Classifier.Open(TestSnapshot.WriteFrozen(data), TestSnapshot.Manifest with { Classes = classes }, s_settings, AnchorExam.BatchSize);
        var branches = Branches(classes, few);
        Assert.Equal(["still", "slow"], branches.Learned!.Classes);
        Assert.Contains("fast", branches.Frozen!.Classes);
        Assert.Equal(otherIsScarce, branches.Nearness is not null);
        var weights = branches.Compose(ReadOutBlend.OfLearnedRidge);
        Assert.Equal([0, 0, 1], weights.Rare[..3]);
        Agrees(weights, grown);
        foreach (string name in s_all) Assert.InRange(RightOf(weights, name, grown), 15, 20);
    }

    [Fact]
    public void Nothing_takes_over_from_a_class_of_which_the_frozen_sums_know_nothing()
    {
        var two = new ClassStatistics(session.FrozenBankId!, session.FrozenLength);
        var windows = AnchorExam.Encode(session, Windows(["still", "slow"], 100));
        two.Add(windows.Classes, windows.Frozen);
        var all = AnchorExam.Encode(session, Windows(["slow", "fast"], 100));
        var weights = new BranchReadOuts(s_all, Bank(all, "slow", "fast").ToMatrix(s_all), null, BranchReadOuts.Ridge(two, s_all), null, session.FrozenLength).Compose(ReadOutBlend.OfPrototypes);
        Assert.Equal([1, 0, 0], weights.Rare);
        Agrees(weights);
        Assert.InRange(RightOf(weights, "fast"), 15, 20);
    }

    [Fact]
    public void A_file_with_the_read_out_inside_answers_it_too()
    {
        var weights = Branches("still", "slow").Compose(ReadOutBlend.OfFrozenRidge with { PrototypeWeight = 0.3 });
        byte[] baked = StandaloneExport.Bake(File.ReadAllBytes(TestSnapshot.WriteFrozen(data)), "s", s_all, weights, s_settings);
        var read = FileReadOut.Of(baked, 3, 128, session.FrozenLength);
        Assert.Equal((2, 3), (read.Prototypes.KnownCount, read.KnownCount));
        AnswersAll(read);
    }

    [Fact]
    public async Task After_a_start_with_another_snapshot_a_class_that_has_left_the_buffer_is_answered()
    {
        File.WriteAllBytes(data["statistics.bin"], []);
        using var buffer = ReplayBuffer.Open(data["replay.db"], new() { Capacity = 40, AnchorCapacity = 10, AnchorShare = 0, AnchorBlockSeconds = 10, FreshCapacity = 40, Seed = 1 }, TimeProvider.System);
        frozen.ThroughExampleId = 0;
        new StatisticsFile(data["statistics.bin"]).Save(frozen);
        using var slot = new ReadOutSlot();
        using var readOut = new ReadOut(slot, s_settings, new ReadOutSection(), new ReadOutFiles(data["statistics.bin"], data["readout.json"]), TestSnapshot.WriteFrozen(data), TestSnapshot.Manifest);
        await readOut.RestoreAsync(buffer);
        Assert.Empty(readOut.Bank.Counts); // No window of this shape, or none at all, is held.
        var published = slot.LatestFor(TestSnapshot.Manifest.Id)!.Weights;
        Assert.Equal(3, published.KnownCount);
        AnswersAll(published);
    }

    private BranchReadOuts Branches(params string[] withPrototype)
    {
        var windows = AnchorExam.Encode(session, Windows(withPrototype, 100));
        if (windows.Classes.Count > 0) learned.Add(windows.Classes, windows.Embeddings);
        return Branches(s_all, windows);
    }

    private BranchReadOuts Branches(string[] classes, EncodedWindows buffer)
    {
        var ridge = BranchReadOuts.Ridge(frozen, classes);
        return new BranchReadOuts(
            classes, Bank(buffer, classes).ToMatrix(classes), BranchReadOuts.Ridge(learned, classes), ridge, BranchReadOuts.NearnessOf(frozen, classes, ridge, buffer.Frozen, buffer.Classes), session.FrozenLength);
    }

    private static PrototypeBank Bank(EncodedWindows windows, params string[] classes)
    {
        var bank = new PrototypeBank(TestSnapshot.Manifest.Id, 128);
        for (int i = 0; i < windows.Classes.Count; i++)
            if (classes.Contains(windows.Classes[i])) bank.Add(windows.Classes[i], windows.EmbeddingOf(i));
        return bank;
    }

    private void AnswersAll(ReadOutWeights weights)
    {
        Agrees(weights);
        foreach (string name in s_all) Assert.InRange(RightOf(weights, name), 18, 20);
    }

    private int RightOf(ReadOutWeights weights, string name, Classifier? other = null) =>
        AnchorExam.Examine(other ?? session, weights, s_settings with { UnknownBelowSimilarity = -1 }, Windows([name], 300)).PerClass[name].Right;

    private void Agrees(ReadOutWeights weights, Classifier? other = null)
    {
        var graph = other ?? session;
        graph.Use(weights);
        float[] votes = new float[weights.Bias.Length];
        foreach (string name in s_all)
        {
            var score = graph.Score(TestSnapshot.WindowOf(name, 300));
            weights.Score(graph.EmbeddingOf(0), graph.FrozenOf(0), votes);
            Assert.Equal(votes.IndexOf(votes.Max()), score.ClassIndex);
            Assert.Equal(1 / votes.Sum(vote => Math.Exp((vote - votes.Max()) / s_settings.Temperature)), score.Confidence, 1e-3);
        }
    }

    private static IEnumerable<(ReadOnlyMemory<float> Samples, string Class)> Windows(string[] classes, int seed) =>
        classes.SelectMany(name => Enumerable.Range(0, 20).Select(i => ((ReadOnlyMemory<float>)TestSnapshot.WindowOf(name, seed + i), name)));
}
