using Edge.Trainer.Objectives;
using static TorchSharp.torch;

namespace Edge.Trainer.Tests.Objectives;

/// <summary>Known answers were computed in float64 with another implementation.</summary>
public class LogitDistillationTests
{
    private static readonly double[,] s_student = { { 2, 1, .5 }, { -1, 0, 3 } }, s_teacher = { { 1.5, 1, 0 }, { 0, 1, 2 } };

    [Fact]
    public void Moved_scores_have_the_known_loss_and_gradient()
    {
        using var scope = NewDisposeScope();
        var (student, teacher) = (tensor(s_student, requires_grad: true), tensor(s_teacher, requires_grad: true));
        var loss = new LogitDistillation().Loss(student, teacher);
        loss.backward();
        Assert.Equal(1.1009927604880738, loss.item<double>(), 1e-9);
        double[] expected = [0.00920257102292607, -0.013549557773379989, 0.004346986750453946, -0.021675018790882322, -0.03573606452335264, 0.05741108331423497];
        Assert.All(student.grad!.data<double>().ToArray().Zip(expected), pair => Assert.Equal(pair.Second, pair.First, 1e-9));
        Assert.True(teacher.grad is null);
        FiniteDifferences.AssertGradient(s_student, s => new LogitDistillation(1.3).Loss(s, tensor(s_teacher)));
    }

    [Fact]
    public void Equal_scores_lose_their_entropy_and_shifted_ones_the_same()
    {
        using var scope = NewDisposeScope();
        Assert.Equal(1.0377513262694555, new LogitDistillation().Loss(tensor(s_teacher), tensor(s_teacher)).item<double>(), 1e-9);
        Assert.Equal(1.0377513262694555, new LogitDistillation().Loss(tensor(s_teacher) + 5, tensor(s_teacher)).item<double>(), 1e-9);
    }

    [Fact]
    public void Large_logits_in_float32_stay_finite()
    {
        using var scope = NewDisposeScope();
        Assert.Equal(5e4f, new LogitDistillation().Loss(tensor(new[,] { { 1e5f, 0 } }), tensor(new[,] { { 0, 1e5f } })).item<float>());
    }
}
