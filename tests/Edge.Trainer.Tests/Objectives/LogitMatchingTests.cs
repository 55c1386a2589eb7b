using Edge.Trainer.Objectives;
using static TorchSharp.torch;

namespace Edge.Trainer.Tests.Objectives;

public class LogitMatchingTests
{
    private static readonly double[,] s_logits = { { 2, 1, .5, -1 } }, s_remembered = { { 1.5, 1, 0, 0 } };

    [Fact]
    public void Moved_logits_have_the_known_loss_and_gradient()
    {
        using var scope = NewDisposeScope();
        var (logits, remembered) = (tensor(s_logits, requires_grad: true), tensor(s_remembered, requires_grad: true));
        var loss = LogitMatching.Loss(logits, remembered);
        loss.backward();
        Assert.Equal(0.375, loss.item<double>(), 1e-12);
        Assert.Equal([.25, 0, .25, -.5], logits.grad!.data<double>().ToArray());
        Assert.True(remembered.grad is null);
        FiniteDifferences.AssertGradient(s_logits, l => LogitMatching.Loss(l, tensor(s_remembered)));
    }

    [Fact]
    public void The_loss_is_the_mean_over_windows_and_zero_where_nothing_moved()
    {
        using var scope = NewDisposeScope();
        var (moved, kept) = (tensor(s_logits), tensor(s_remembered));
        Assert.Equal(0.375 / 2, LogitMatching.Loss(cat([moved, kept]), cat([kept, kept])).item<double>(), 1e-12);
    }
}
