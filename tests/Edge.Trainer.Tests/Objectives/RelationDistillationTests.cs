using Edge.Trainer.Objectives;
using static TorchSharp.torch;

namespace Edge.Trainer.Tests.Objectives;

public class RelationDistillationTests
{
    private static readonly double[,] s_current = { { 1, 0 }, { 0, 1 }, { .6, .8 } };
    private static readonly double[,] s_past = { { 1, 0 }, { 0, 1 }, { .8, .6 } };

    [Theory]
    [InlineData(.2, .01, 0.4599996549)]
    [InlineData(.5, .5, 0.5905372696)]
    public void Moved_relations_have_the_known_loss(double currentTemperature, double pastTemperature, double expected) =>
        Assert.Equal(expected, Loss(currentTemperature, pastTemperature, s_current, s_past), 1e-9);

    [Fact]
    public void Equal_relations_lose_their_entropy_not_zero() => Assert.Equal(0.5557547468, Loss(.5, .5, s_current, s_current), 1e-9);

    [Fact]
    public void Equal_relations_have_no_gradient_and_the_teacher_never_has_one()
    {
        using var scope = NewDisposeScope();
        var current = tensor(s_current, requires_grad: true);
        var past = tensor(s_current, requires_grad: true);
        new RelationDistillation(.5, .5).Loss(current, past).backward();
        Assert.All(current.grad!.data<double>().ToArray(), g => Assert.Equal(0, g, 1e-12));
        Assert.True(past.grad is null);
    }

    [Fact]
    public void Relations_of_one_window_lose_nothing() => Assert.Equal(0, Loss(.2, .05, new double[,] { { 1, 0 } }, new double[,] { { 0, 1 } }));

    private static double Loss(double currentTemperature, double pastTemperature, double[,] current, double[,] past)
    {
        using var scope = NewDisposeScope();
        return new RelationDistillation(currentTemperature, pastTemperature).Loss(tensor(current), tensor(past)).item<double>();
    }
}
