using Edge.Trainer.Objectives;
using static TorchSharp.torch;

namespace Edge.Trainer.Tests.Objectives;

/// <summary>Known answers were computed in float64 with another implementation: two windows [1, 2] and [3, -1] of classes 0 and 1, logits = W x.</summary>
public class ElasticWeightsTests
{
    private static readonly double[,] s_weights = { { .5, -.5 }, { .2, .1 } }, s_windows = { { 1, 2 }, { 3, -1 } };
    private static readonly double[,] s_fisher = { { 3.260650706196269, 1.3451124026271364 }, { 3.260650706196269, 1.3451124026271364 } };

    [Fact]
    public void The_fisher_information_of_two_windows_is_known_and_free_weights_have_none()
    {
        using var scope = NewDisposeScope();
        var (weights, free) = (tensor(s_weights, requires_grad: true), tensor([1.0, 2], requires_grad: true));
        var fisher = ElasticWeights.Fisher([weights, free], 2, i => nn.functional.cross_entropy(tensor(s_windows)[i].unsqueeze(0).matmul(weights.t()), tensor([(long)i])));
        Assert.All(fisher[0].data<double>().ToArray().Zip(s_fisher.Cast<double>()), pair => Assert.Equal(pair.Second, pair.First, 1e-9));
        Assert.Equal([0, 0], fisher[1].data<double>().ToArray());
        Assert.True(weights.grad is null);
        Assert.False(fisher[0].requires_grad);
    }

    [Fact]
    public void The_penalty_is_the_energy_of_the_springs()
    {
        using var scope = NewDisposeScope();
        double[,] moved = { { .6, -.7 }, { .2, .4 } };
        Assert.Equal(10.373555970174522, Penalty(tensor(moved))!.item<double>(), 1e-9);
        FiniteDifferences.AssertGradient(moved, weights => Penalty(weights)!);
    }

    [Fact]
    public void The_penalty_and_its_gradient_are_zero_at_the_anchor()
    {
        using var scope = NewDisposeScope();
        var weights = tensor(s_weights, requires_grad: true);
        var penalty = Penalty(weights)!;
        penalty.backward();
        Assert.Equal(0, penalty.item<double>());
        Assert.All(weights.grad!.data<double>().ToArray(), g => Assert.Equal(0, g));
    }

    [Fact]
    public void Free_weights_have_no_penalty()
    {
        using var scope = NewDisposeScope();
        Assert.Null(ElasticWeights.Penalty([tensor(s_weights)], [null], 100));
    }

    private static Tensor? Penalty(Tensor weights) => ElasticWeights.Penalty([weights, zeros(2)], [(tensor(s_weights), tensor(s_fisher)), null], 100);
}
