using Edge.Telemetry.Forgetting;

namespace Edge.Telemetry.Tests.Forgetting;

public class ContinualMetricsTests
{
    private static readonly double[,] A = { { .95, .10, 0 }, { .70, .90, .05 }, { .60, .75, .92 } };

    /// <summary>Task 1 is best after task 2, and task 2 after task 3: definitions of forgetting part here.</summary>
    private static readonly double[,] PeakNotAtLearning = { { .80, .10, 0 }, { .85, .90, 0 }, { .82, .95, .90 } };

    [Fact]
    public void Known_answers_of_a_device_that_forgets()
    {
        Assert.Equal(.7566667, ContinualMetrics.AverageAccuracy(A), 7);
        Assert.Equal(.9233333, ContinualMetrics.LearningAccuracy(A), 7);
        Assert.Equal(-.25, ContinualMetrics.BackwardTransfer(A), 12);
        Assert.Equal(.25, ContinualMetrics.ForgettingChaudhry(A), 12);
        Assert.Equal(.8355556, ContinualMetrics.AverageIncrementalAccuracy(A), 7);
        Assert.Equal(-.025, ContinualMetrics.ForwardTransfer(A, [.10, .12, .08]), 12);
    }

    [Fact]
    public void Learning_accuracy_and_average_accuracy_differ_by_what_transfer_took() =>
        Assert.Equal(-ContinualMetrics.BackwardTransfer(A), 1.5 * (ContinualMetrics.LearningAccuracy(A) - ContinualMetrics.AverageAccuracy(A)), 12);

    [Fact]
    public void Forgetting_is_Chaudhrys_and_no_other()
    {
        Assert.Equal(-.01, ContinualMetrics.ForgettingChaudhry(PeakNotAtLearning), 12); // +.015 with the last row in the maximum, -.035 from the diagonal
        Assert.Equal(.035, ContinualMetrics.BackwardTransfer(PeakNotAtLearning), 12);
        Assert.Equal(.89, ContinualMetrics.AverageAccuracy(PeakNotAtLearning), 12);
    }

    [Fact]
    public void One_task_cannot_be_forgotten()
    {
        double[,] one = { { .7 } };

        Assert.Equal((0.0, 0.0), (ContinualMetrics.ForgettingChaudhry(one), ContinualMetrics.BackwardTransfer(one)));
        Assert.Equal((.7, .7), (ContinualMetrics.AverageAccuracy(one), ContinualMetrics.LearningAccuracy(one)));
        Assert.Equal(0, ContinualMetrics.ForwardTransfer(one, [.1]));
    }

    [Fact]
    public void Worst_case_accuracy_is_that_of_the_paper()
    {
        double lowest = ContinualMetrics.MinAccuracy([[.95, .5, .7, .8], [.9, .85, .88]]);

        Assert.Equal(.675, lowest, 12);
        Assert.Equal(.7566667, ContinualMetrics.WorstCaseAccuracy(3, .92, lowest), 7);
        Assert.Equal(.92, ContinualMetrics.WorstCaseAccuracy(1, .92, double.NaN));
        Assert.Equal(.8, ContinualMetrics.MinAccuracy([[.5, .8, .9]])); // What it had when it was learned is not a loss.
        Assert.Throws<ArgumentException>(() => ContinualMetrics.MinAccuracy([]));
    }

    [Fact]
    public void A_matrix_that_is_not_square_is_a_bug()
    {
        ArgumentException thrown = Assert.Throws<ArgumentException>(() => ContinualMetrics.AverageAccuracy(new double[2, 3]));

        Assert.Contains("[2, 3]", thrown.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => ContinualMetrics.ForgettingChaudhry(new double[0, 0]));
        Assert.Contains("2 accuracies of the untrained model for 3 tasks", Assert.Throws<ArgumentException>(() => ContinualMetrics.ForwardTransfer(A, [.1, .1])).Message, StringComparison.Ordinal);
    }
}
