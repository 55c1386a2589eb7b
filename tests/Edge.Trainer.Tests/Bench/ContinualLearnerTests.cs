using Edge.Trainer.Bench;
using static TorchSharp.torch;

namespace Edge.Trainer.Tests.Bench;

/// <summary>What a learner may know of anchors and of what it is judged on: nothing.</summary>
public class ContinualLearnerTests
{
    /// <summary>So much memory that every held-out window is kept as an anchor.</summary>
    private static readonly CellSpec s_edge = BenchWaves.Spec("edge:epochs=1") with { BufferShare = 1 };

    [Theory]
    [InlineData(Protocol.Tscil)]
    [InlineData(Protocol.Online)]
    public void Anchors_are_whole_blocks_that_are_neither_remembered_nor_counted(Protocol protocol)
    {
        var data = BenchWaves.Data(BenchWaves.Windows(perClass: 160));
        using var learner = Learnt(s_edge with { Protocol = protocol, Epochs = 1 }, data);
        Assert.NotEmpty(learner.Anchors);
        Assert.Empty(learner.Anchors.Intersect(learner.Remembered));
        Assert.All(learner.Anchors.GroupBy(i => i / 8), block => Assert.Equal(8, block.Count()));
        Assert.InRange(learner.Anchors.Count / (double)data.Train.Count, 0.01, 0.12);
        Assert.Equal(data.Train.Count - learner.Anchors.Count, learner.CountedInFrozen);
    }

    [Fact]
    public void What_anchors_hold_leaves_no_trace_in_weights_memory_or_statistics()
    {
        var data = BenchWaves.Data(BenchWaves.Windows(perClass: 96));
        using var learner = Learnt(s_edge, data);
        float[] poisoned = [.. data.Train.Values];
        int size = data.Train.Window.ValueCount;
        Assert.NotEmpty(learner.Anchors);
        foreach (int anchor in learner.Anchors) poisoned.AsSpan(anchor * size, size).Fill(1e4f);
        using var other = Learnt(s_edge, data with { Train = data.Train with { Values = poisoned } });
        Assert.Equal(learner.Anchors, other.Anchors);
        Assert.Equal(learner.Remembered, other.Remembered);
        var (expected, found) = (learner.Judge(), other.Judge());
        foreach (string readOut in new[] { "head", "ncm", "ridge", "pooled", "frozen" }) Assert.Equal(expected.ByReadOut[readOut], found.ByReadOut[readOut]);
        Same(expected, found, data.Test.Count);
    }

    [Fact]
    public void What_a_learner_is_judged_on_leaves_no_trace_in_it()
    {
        var data = BenchWaves.Data(BenchWaves.Windows(perClass: 96));
        int half = data.Test.Count / 2, size = data.Test.Window.ValueCount;
        float[] poisoned = [.. data.Test.Values];
        poisoned.AsSpan(half * size).Fill(1e4f);
        using var learner = Learnt(s_edge, data);
        using var other = Learnt(s_edge, data with { Test = data.Test with { Values = poisoned, Classes = [.. data.Test.Classes.Select((c, i) => i < half ? c : 3 - c)] } });
        var (expected, found) = (learner.Judge(), other.Judge());
        foreach (string readOut in expected.ByReadOut.Keys) Assert.Equal(expected.ByReadOut[readOut][..half], found.ByReadOut[readOut][..half]);
        Same(expected, found, half);
    }

    [Fact]
    public void Where_the_quota_is_too_small_to_choose_by_nothing_is_held_out_and_the_frozen_branch_speaks()
    {
        var data = BenchWaves.Data(BenchWaves.Windows(perClass: 24));
        using var learner = Learnt(s_edge with { BufferShare = 0.05 }, data);
        Assert.Empty(learner.Anchors);
        Assert.Equal(data.Train.Count, learner.CountedInFrozen);
        Assert.Equal(2 * 4, learner.Remembered.Count); // Two of every class, whatever the share.
        var judgement = learner.Judge();
        judgement.Embeddings.Dispose();
        Assert.Equal("frozen ridge", learner.ReadOut);
        Assert.Equal(judgement.ByReadOut["frozen"], judgement.Chosen);
    }

    [Fact]
    public void The_memory_never_exceeds_its_share()
    {
        var data = BenchWaves.Data(BenchWaves.Windows(perClass: 96));
        foreach (var protocol in new[] { Protocol.Tscil, Protocol.Online })
        {
            foreach (string method in new[] { "er", "edge:epochs=1" })
            {
                using var learner = Learnt(BenchWaves.Spec(method, protocol) with { BufferShare = 0.3, Epochs = 1 }, data);
                Assert.InRange(learner.Remembered.Count + learner.Anchors.Count, 60, 0.3 * data.Train.Count);
            }
        }
    }

    [Theory]
    [InlineData("frozenRidge")]
    [InlineData("er:epochs=1")]
    public void What_was_told_is_forgotten_and_not_known_before(string method)
    {
        var data = BenchWaves.Data(BenchWaves.Windows());
        using var learner = new ContinualLearner(BenchWaves.Spec(method, Protocol.FewShot), data, TestContext.Current.CancellationToken);
        learner.Learn([.. Enumerable.Range(0, data.Train.Count).Where(i => data.Train.Classes[i] != 3)], _ => { });
        int[] before = learner.Told([]);
        Assert.DoesNotContain(3, before);
        Assert.Contains(3, learner.Told([.. Enumerable.Range(0, data.Train.Count).Where(i => data.Train.Classes[i] == 3).Take(5)]));
        Assert.Equal(before, learner.Told([]));
    }

    private static ContinualLearner Learnt(CellSpec spec, BenchData data)
    {
        manual_seed(spec.Seed);
        var learner = new ContinualLearner(spec, data, TestContext.Current.CancellationToken);
        var steps = LearningStream.Classes(data, spec.Seed);
        if (spec.Protocol == Protocol.Online)
        {
            foreach (int[] round in LearningStream.Blurred(steps, spec.Seed).Chunk(256)) learner.Learn(round, _ => { });
        }
        else
        {
            foreach (var step in steps) learner.Learn(step.Train, _ => { });
        }

        return learner;
    }

    /// <summary>The same embeddings of the first windows, bit for bit; both judgements are freed.</summary>
    private static void Same(Judgement expected, Judgement found, int count)
    {
        using var scope = NewDisposeScope();
        Assert.Equal(expected.Embeddings[..count].contiguous().data<float>().ToArray(), found.Embeddings[..count].contiguous().data<float>().ToArray());
        expected.Embeddings.Dispose();
        found.Embeddings.Dispose();
    }
}
