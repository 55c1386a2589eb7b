using static TorchSharp.torch;

namespace Edge.Trainer.Tests.Objectives;

/// <summary>Compares the gradient of a loss with central differences in float64.</summary>
internal static class FiniteDifferences
{
    private const double Step = 1e-5;

    public static void AssertGradient(double[,] at, Func<Tensor, Tensor> loss)
    {
        using var scope = NewDisposeScope();
        var point = tensor(at, requires_grad: true);
        loss(point).backward();
        double[] gradient = point.grad!.data<double>().ToArray();
        Assert.Contains(gradient, g => Math.Abs(g) > 1e-3); // Else nothing is compared.
        for (int i = 0; i < at.Length; i++)
        {
            double numeric = (At(i, Step) - At(i, -Step)) / (2 * Step);
            Assert.True(Math.Abs(numeric - gradient[i]) < 1e-7, $"element {i}: gradient {gradient[i]}, central difference {numeric}");
        }

        double At(int element, double by)
        {
            using var moved = NewDisposeScope();
            using var _ = no_grad();
            var values = tensor(at);
            values[element / at.GetLength(1), element % at.GetLength(1)] += by;
            return loss(values).item<double>();
        }
    }
}
