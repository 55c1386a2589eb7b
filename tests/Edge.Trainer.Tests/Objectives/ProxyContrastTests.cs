using Edge.Trainer.Objectives;
using static TorchSharp.torch;

namespace Edge.Trainer.Tests.Objectives;

/// <summary>Known answers were computed in float64 with another implementation, which sums over windows.</summary>
public class ProxyContrastTests
{
    private static readonly double[,] s_rows = { { 1, 0 }, { .8, .6 }, { 0, 1 }, { -.6, .8 }, { -1, 0 }, { .6, -.8 } }, s_proxies = { { 1, 0 }, { 0, 1 }, { -1, 0 }, { 0, -1 } };
    private static readonly long[] s_labels = [0, 0, 1, 1, 2, 0]; // Class 3 is absent.

    [Theory]
    [InlineData(.5, 1.0163001827457308)]
    [InlineData(.09, 0.8007873016565393)]
    public void Six_rows_against_four_proxies_have_the_known_loss(double temperature, double expected)
    {
        using var scope = NewDisposeScope();
        Assert.Equal(expected, new ProxyContrast(temperature).Loss(tensor(s_rows), tensor(s_proxies), tensor(s_labels)).item<double>(), 1e-9);
        Assert.Equal(expected, new ProxyContrast(temperature).Loss(tensor(s_rows) * 7, tensor(s_proxies) * .2, tensor(s_labels)).item<double>(), 1e-9);
    }

    [Fact]
    public void The_gradient_matches_the_reference_and_leaves_the_absent_class_alone()
    {
        using var scope = NewDisposeScope();
        var (rows, proxies) = (tensor(s_rows, requires_grad: true), tensor(s_proxies, requires_grad: true));
        new ProxyContrast(.5).Loss(rows, proxies, tensor(s_labels)).backward();
        double[] expected =
        [
            0, .02743201598433354, -.08790842034342186, .11721122712456249, .035502326306400246, 0, -.08431274645338716, -.06323455984004037, 0, .06806150590596285, -.014068486040977799, -.01055136453073335,
        ];
        Assert.All(rows.grad!.data<double>().ToArray().Zip(expected), pair => Assert.Equal(pair.Second, pair.First, 1e-9));
        double[] expectedProxies = [0, .024875859479919715, .10832280251828162, 0, 0, .07474060015482333, 0, 0];
        Assert.All(proxies.grad!.data<double>().ToArray().Zip(expectedProxies), pair => Assert.Equal(pair.Second, pair.First, 1e-9));
    }

    [Fact]
    public void The_gradient_agrees_with_central_differences()
    {
        FiniteDifferences.AssertGradient(new[,] { { 1.2, .3 }, { .8, .7 }, { -.2, 1.1 }, { -.6, .9 }, { -1.4, .1 }, { .5, -.8 } }, z => new ProxyContrast(.3).Loss(z, tensor(s_proxies), tensor(s_labels)));
        FiniteDifferences.AssertGradient(new[,] { { 1.2, .3 }, { -.2, 1.1 }, { -1.4, .1 } }, w => new ProxyContrast(.3).Loss(tensor(s_rows), w, tensor(s_labels)));
    }

    [Fact]
    public void Windows_of_one_class_alone_lose_the_logarithm_of_their_number()
    {
        using var scope = NewDisposeScope();
        Assert.Equal(Math.Log(2), new ProxyContrast().Loss(tensor(new[,] { { 1.0, 2 }, { -3, 1 } }), tensor(s_proxies), tensor([1L, 1L])).item<double>(), 1e-9);
    }

    [Fact]
    public void A_sharp_temperature_in_float32_stays_finite()
    {
        using var scope = NewDisposeScope();
        Assert.True(float.IsFinite(new ProxyContrast(.001).Loss(tensor(s_rows).to_type(ScalarType.Float32), tensor(s_proxies).to_type(ScalarType.Float32), tensor(s_labels)).item<float>()));
    }
}
