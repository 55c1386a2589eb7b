using Edge.Trainer.Objectives;
using static TorchSharp.torch;

namespace Edge.Trainer.Tests.Objectives;

/// <summary>Gradients of the objectives that have published values without a published gradient: against another implementation in float64 to 1e-9, and against central differences.</summary>
public class KnownGradientTests
{
    private static readonly double[,] s_sixRows = { { 1, 0 }, { .8, .6 }, { 0, 1 }, { -.6, .8 }, { -1, 0 }, { .6, -.8 } };
    private static readonly double[,] s_oblique = { { 1.2, .3 }, { .8, .7 }, { -.2, 1.1 }, { -.6, .9 }, { -1.4, .1 }, { .5, -.8 } };
    private static readonly long[] s_sixLabels = [0, 0, 1, 1, 2, 0];

    [Fact]
    public void Asymmetric_supcon()
    {
        AssertGradient(s_sixRows, z => new SupConLoss(.5).Loss(z, tensor(s_sixLabels), anchorCount: 3), [
            0, .2263281879846653, -.4115679306319189, .5487572408425585, .625318389480501, 0, -.10454098880622728, -.07840574160467043, 0, .07135293568048884, -.2770237199077261, -.2077677899307946,
        ]);
        FiniteDifferences.AssertGradient(s_oblique, z => new SupConLoss(.5).Loss(z, tensor(s_sixLabels), anchorCount: 3));
        FiniteDifferences.AssertGradient(s_oblique, z => new SupConLoss(.1, .07).Loss(z, tensor(s_sixLabels)));
    }

    [Fact]
    public void Relation_distillation()
    {
        AssertGradient(new[,] { { 1.0, 0 }, { 0, 1 }, { .6, .8 } }, z => new RelationDistillation(.5, .5).Loss(z, tensor(new[,] { { 1.0, 0 }, { 0, 1 }, { .8, .6 } })), [
            0, -.13913009165856585, .10434756874392437, 0, -.19478212832199218, .14608659624149412,
        ]);
        FiniteDifferences.AssertGradient(s_oblique, z => new RelationDistillation(.2, .05).Loss(z, tensor(s_sixRows)));
    }

    [Fact]
    public void Cross_entropy_full_and_masked()
    {
        var logits = new[,] { { 2, 1, .5, -1 } };
        AssertGradient(logits, l => MaskedCrossEntropy.Loss(l, tensor([1L]), freshCount: 0), [.6094600376, -.7757921820, .1359889158, .0303432286]);
        AssertGradient(new[,] { { 2, 1, .5, -1 }, { 2, 1, .5, -1 } }, l => MaskedCrossEntropy.Loss(l, tensor([1L, 3L]), freshCount: 2).mul(2), [
            0, -.1192029220, 0, .1192029220, 0, .8807970780, 0, -.8807970780,
        ]);
    }

    private static void AssertGradient(double[,] at, Func<Tensor, Tensor> loss, double[] expected)
    {
        using var scope = NewDisposeScope();
        var point = tensor(at, requires_grad: true);
        loss(point).backward();
        double[] gradient = point.grad!.data<double>().ToArray();
        Assert.Equal(expected.Length, gradient.Length);
        Assert.All(gradient.Zip(expected), pair => Assert.Equal(pair.Second, pair.First, 1e-9));
    }
}
