using Edge.Trainer.Objectives;
using static TorchSharp.torch;

namespace Edge.Trainer.Tests.Objectives;

public class MaskedCrossEntropyTests
{
    private const double Full = 1.4951818981, MaskedTo1And3 = 0.1269280110; // Of logits [2, 1, 0.5, -1] with class 1.

    [Fact]
    public void Replayed_windows_compete_among_all_classes() => Assert.Equal(Full, Loss([1], freshCount: 0), 1e-9);

    [Fact]
    public void New_windows_compete_among_the_classes_of_their_batch() =>
        Assert.Equal((MaskedTo1And3 + MaskedTo1And3 + 2) / 2, Loss([1, 3], freshCount: 2), 1e-9); // Class 3 is 2 below class 1.

    [Fact]
    public void Both_terms_weigh_the_same_whatever_their_counts() =>
        Assert.Equal(((MaskedTo1And3 + MaskedTo1And3 + 2) / 2 + Full) / 2, Loss([1, 3, 1, 1, 1], freshCount: 2), 1e-9);

    [Fact]
    public void New_windows_of_one_class_have_nothing_to_compete_with() => Assert.Equal(0, Loss([1, 1], freshCount: 2), 1e-12);

    [Fact]
    public void Absent_classes_are_not_pushed_away_by_new_windows()
    {
        using var scope = NewDisposeScope();
        var logits = tensor(new double[,] { { 2, 1, .5, -1 }, { 2, 1, .5, -1 } }, requires_grad: true);
        MaskedCrossEntropy.Loss(logits, tensor([1L, 3L]), freshCount: 2).backward();
        using var gradient = logits.grad!;
        Assert.Equal(0, gradient[0, 0].item<double>());
        Assert.Equal(0, gradient[1, 2].item<double>());
        Assert.NotEqual(0, gradient[0, 3].item<double>());
    }

    private static double Loss(long[] labels, long freshCount)
    {
        using var scope = NewDisposeScope();
        return MaskedCrossEntropy.Loss(tensor(new[] { 2, 1, .5, -1 }).repeat([labels.Length, 1]), tensor(labels), freshCount).item<double>();
    }
}
