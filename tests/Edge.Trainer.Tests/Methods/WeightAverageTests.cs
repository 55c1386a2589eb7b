using Edge.Trainer.Methods;
using static TorchSharp.torch;

namespace Edge.Trainer.Tests.Methods;

public class WeightAverageTests
{
    [Fact]
    public void The_average_follows_the_warm_up_of_the_decay()
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var weight = new TorchSharp.Modules.Parameter(zeros(1));
        using var average = new WeightAverage([weight]);
        weight.fill_(1);
        average.Push(); // decay 2/11
        double expected = 1 - 2.0 / 11;
        weight.fill_(3);
        average.Push(); // decay 3/12
        expected = 0.25 * expected + 0.75 * 3;
        average.Settle();
        Assert.Equal(expected, weight.item<float>(), 1e-6);
    }
}
