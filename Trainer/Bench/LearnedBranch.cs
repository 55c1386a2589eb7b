using Edge.Storage;
using Edge.Trainer.Backbones;
using Edge.Trainer.Methods;
using Edge.Trainer.ReadOuts;
using static TorchSharp.torch;

namespace Edge.Trainer.Bench;

/// <summary>The read-outs on the trained backbone, built anew from the remembered windows in the embedding as it is now.</summary>
internal sealed class LearnedBranch
{
    private const int Chunk = 256;
    private static readonly double[] s_lambdas = [0.1, 0.3, 1, 3, 10, 30];
    private readonly LearnerNet net;

    /// <summary>Encodes the remembered windows.</summary>
    public LearnedBranch(LearnerNet net, TrainingPool pool, IReadOnlyList<int> remembered, IReadOnlyList<string> classes)
    {
        this.net = net;
        int[] kept = [.. remembered];
        if (kept.Length == 0) return;
        using var scope = NewDisposeScope();
        float[] embeddings = Unit(Embed(pool.At(kept)));
        int[] labels = [.. kept.Select(i => pool.Classes[i])];
        var statistics = new ClassStatistics("learned", net.Backbone.EmbeddingLength);
        statistics.Add([.. labels.Select(c => classes[c])], embeddings);
        Means = CosineReadOut.NearestClassMean(statistics, classes);
        var solver = new RidgeSolver(statistics, classes, new RidgeOptions { BalanceClasses = true });
        Ridge = solver.Solve(LeaveOneOut.ChooseLambda(solver, s_lambdas, embeddings, labels)).ToReadOut();
        float[] pooled = PooledOf(pool.At(kept));
        var wide = new ClassStatistics("pooled", net.Backbone.PooledLength);
        wide.Add([.. labels.Select(c => classes[c])], pooled);
        var wideSolver = new RidgeSolver(wide, classes, new RidgeOptions { BalanceClasses = true });
        Pooled = wideSolver.Solve(LeaveOneOut.ChooseLambda(wideSolver, [1, 3, 10, 30, 100, 300], pooled, labels)).ToReadOut();
    }

    /// <summary>Nearest class mean; null when nothing is remembered.</summary>
    public IReadOut? Means { get; }

    /// <summary>Ridge, every class of equal mass; null when nothing is remembered.</summary>
    public LinearReadOut? Ridge { get; }

    /// <summary>Ridge on what all layers see; null when nothing is remembered.</summary>
    public LinearReadOut? Pooled { get; }

    private float[] PooledOf(Tensor windows)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        return cat([.. windows.split(Chunk).Select(net.Backbone.PooledLayers)]).contiguous().data<float>().ToArray();
    }

    /// <summary>Embeddings [n, d] of windows [n, channels, length], chunk by chunk.</summary>
    public Tensor Embed(Tensor windows)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        return cat([.. windows.split(Chunk).Select(net.Backbone.forward)]).MoveToOuterDisposeScope();
    }

    /// <summary>Scores [n, classes] of windows by every read-out there is: <c>head</c>, <c>ncm</c>, <c>ridge</c>, <c>pooled</c>.</summary>
    /// <param name="windows">[n, channels, length].</param>
    /// <param name="embeddings">[n, d] of them.</param>
    /// <param name="withHead">Whether the head was trained.</param>
    public SortedDictionary<string, float[]> Scores(Tensor windows, Tensor embeddings, bool withHead)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var scores = new SortedDictionary<string, float[]>(StringComparer.Ordinal);
        if (withHead) scores.Add("head", net.Logits(embeddings).contiguous().data<float>().ToArray());
        float[] unit = Unit(embeddings);
        if (Means is not null) scores.Add("ncm", WindowScores.Of(Means, unit));
        if (Ridge is not null) scores.Add("ridge", WindowScores.Of(Ridge, unit));
        if (Pooled is not null) scores.Add("pooled", WindowScores.Of(Pooled, PooledOf(windows)));
        return scores;
    }

    /// <summary>Rows of norm 1, [n, d].</summary>
    private static float[] Unit(Tensor embeddings)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        return nn.functional.normalize(embeddings, 2, 1).contiguous().data<float>().ToArray();
    }
}
