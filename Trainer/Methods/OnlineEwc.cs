using Edge.Trainer.Backbones;
using Edge.Trainer.Objectives;
using static TorchSharp.torch;

namespace Edge.Trainer.Methods;

/// <summary>
/// Online elastic weight consolidation, the method <c>ewc</c>: cross-entropy over the new windows, with every weight held by a spring at its value after the last round. Nothing is replayed.
/// <code>L = CE(head(h), y) + <see cref="ElasticWeights"/>;   after a round  F = decay F + F of its new windows / its mean over the weights,  w* = w</code>
/// Kirkpatrick et al. 2017, "Overcoming catastrophic forgetting in neural networks"; one running Fisher instead of one per task, so that nobody needs to know where a task ends: Schwarz et al. 2018,
/// "Progress &amp; Compress", section 3.2, where each round's is normalised as well: windows that are learnt by heart have gradients near 0, and the springs would be limp. Deviations: empirical Fisher,
/// over at most 256 windows spread evenly over the new ones.
/// </summary>
/// <param name="strength">lambda, at least 0. Not tuned. At 1, 372,000 weights that all moved by 0.003 cost 1.7 nats.</param>
/// <param name="decay">What a round leaves of the Fisher information before it, 0 to 1.</param>
public sealed class OnlineEwc(double strength = 1, double decay = 0.95) : TrainingMethod
{
    private const int LargestFisherCount = 256;
    private const string AnchorPrefix = "anchor.", FisherPrefix = "fisher.";
    private readonly SortedDictionary<string, (Tensor Anchor, Tensor Fisher)> springs = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public override bool Replays => false;

    /// <summary>Brings restored springs to where the weights are; rows of classes that are new to the head are free.</summary>
    public override void BeginRound(MethodRound round)
    {
        foreach (var (name, weight) in round.Net.named_parameters())
        {
            if (!springs.TryGetValue(name, out var spring)) continue;
            if (spring.Anchor.shape.SequenceEqual(weight.shape) && spring.Anchor.device_type == weight.device_type) continue;
            Hold(name, Grown(spring.Anchor, weight), Grown(spring.Fisher, weight));
        }
    }

    /// <inheritdoc/>
    public override Tensor Loss(LearnerNet net, StepBatch batch, Tensor embeddings) => nn.functional.cross_entropy(net.Logits(embeddings), batch.Labels);

    /// <inheritdoc/>
    public override Tensor? Penalty(LearnerNet net) => springs.Count == 0
        ? null
        : ElasticWeights.Penalty(
            net.named_parameters().Select(p => (Tensor)p.parameter),
            net.named_parameters().Select(p => springs.TryGetValue(p.name, out var spring) ? spring : ((Tensor, Tensor)?)null),
            strength);

    /// <inheritdoc/>
    public override void EndRound(MethodRound round)
    {
        using var scope = NewDisposeScope();
        var (net, pool) = (round.Net, round.Pool);
        var named = net.named_parameters().ToArray();
        int count = Math.Min(LargestFisherCount, round.Fresh.Length);
        if (count == 0) return;
        var fisher = ElasticWeights.Fisher([.. named.Select(p => (Tensor)p.parameter)], count, i =>
        {
            round.Cancel.ThrowIfCancellationRequested();
            int window = round.Fresh[(int)((long)i * round.Fresh.Length / count)];
            return nn.functional.cross_entropy(net.Logits(net.Backbone.forward(pool.At([window]))), pool.Labels.narrow(0, window, 1));
        });
        using var _ = no_grad();
        double mean = fisher.Sum(f => f.sum().item<float>()) / fisher.Sum(f => f.numel());
        if (mean > 0) Array.ForEach(fisher, f => f.div_(mean));
        for (int k = 0; k < named.Length; k++)
        {
            var running = springs.TryGetValue(named[k].name, out var spring) ? spring.Fisher * decay + fisher[k] : fisher[k];
            Hold(named[k].name, named[k].parameter.detach().clone(), running);
        }
    }

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, Tensor> State()
    {
        var state = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (var (name, spring) in springs) (state[AnchorPrefix + name], state[FisherPrefix + name]) = spring;
        return state;
    }

    /// <inheritdoc/>
    public override void Restore(IReadOnlyDictionary<string, Tensor> state)
    {
        Forget();
        foreach (var (key, anchor) in state.Where(pair => pair.Key.StartsWith(AnchorPrefix, StringComparison.Ordinal)))
        {
            string name = key[AnchorPrefix.Length..];
            Hold(name, anchor.detach().clone(), state[FisherPrefix + name].detach().clone());
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        Forget();
        base.Dispose(disposing);
    }

    private static Tensor Grown(Tensor rows, Tensor weight)
    {
        using var _ = no_grad();
        var grown = zeros_like(weight, requires_grad: false);
        grown.narrow(0, 0, rows.shape[0]).copy_(rows);
        return grown;
    }

    private void Hold(string name, Tensor anchor, Tensor fisher)
    {
        if (springs.TryGetValue(name, out var old))
        {
            old.Anchor.Dispose();
            old.Fisher.Dispose();
        }

        springs[name] = (anchor.DetachFromDisposeScope(), fisher.DetachFromDisposeScope());
    }

    private void Forget()
    {
        foreach (var (anchor, fisher) in springs.Values)
        {
            anchor.Dispose();
            fisher.Dispose();
        }

        springs.Clear();
    }
}
