namespace Edge.Telemetry.Forgetting;

/// <summary>
/// Metrics of continual learning over an accuracy matrix. <c>a[i, j]</c> is the test accuracy on task j after training on task i, both 0-based in the array,
/// [T, T] float64; accuracy in
/// any one unit (fraction or percent), and the results are in that unit. Entries above the diagonal are accuracies on tasks not learned yet. With one task
/// nothing can be forgotten: forgetting and backward transfer are 0.
/// </summary>
public static class ContinualMetrics
{
    /// <summary>Average accuracy A_T: mean over j of a[T, j], after the last task.</summary>
    /// <exception cref="ArgumentException">The matrix is empty or not square.</exception>
    public static double AverageAccuracy(double[,] a) => AccuracyAfter(a, TaskCount(a) - 1, TaskCount(a));

    /// <summary>Average incremental accuracy: mean over k of A_k, where A_k is the mean accuracy over the first k tasks after task k (Rebuffi et al. 2017,
    /// section 4.1).</summary>
    /// <exception cref="ArgumentException">The matrix is empty or not square.</exception>
    public static double AverageIncrementalAccuracy(double[,] a)
    {
        int taskCount = TaskCount(a);
        double sum = 0;
        for (int i = 0; i < taskCount; i++)
        {
            sum += AccuracyAfter(a, i, i + 1);
        }

        return sum / taskCount;
    }

    /// <summary>
    /// Forgetting as Chaudhry et al. 2018 ("Riemannian Walk", section 4) define it: 1/(T−1) Σ over j &lt; T of (max over l in 1..T−1 of a[l, j]) − a[T, j].
    /// The maximum leaves the
    /// last row out, so that forgetting is negative when a task is best after the last training; it takes the best earlier accuracy, not the one right after
    /// learning.
    /// </summary>
    /// <exception cref="ArgumentException">The matrix is empty or not square.</exception>
    public static double ForgettingChaudhry(double[,] a)
    {
        int taskCount = TaskCount(a);
        double sum = 0;
        for (int j = 0; j < taskCount - 1; j++)
        {
            double best = double.NegativeInfinity;
            for (int l = 0; l < taskCount - 1; l++)
            {
                best = Math.Max(best, a[l, j]);
            }

            sum += best - a[taskCount - 1, j];
        }

        return taskCount == 1 ? 0 : sum / (taskCount - 1);
    }

    /// <summary>Learning accuracy: mean over i of a[i, i], right after each task was learned (Riemer et al. 2019; "Acc_cur" in TSCIL).</summary>
    /// <exception cref="ArgumentException">The matrix is empty or not square.</exception>
    public static double LearningAccuracy(double[,] a)
    {
        int taskCount = TaskCount(a);
        double sum = 0;
        for (int i = 0; i < taskCount; i++)
        {
            sum += a[i, i];
        }

        return sum / taskCount;
    }

    /// <summary>Backward transfer (Lopez-Paz and Ranzato 2017, equation 3): 1/(T−1) Σ over i &lt; T of a[T, i] − a[i, i]. Negative when learning later tasks
    /// hurt earlier ones.</summary>
    /// <exception cref="ArgumentException">The matrix is empty or not square.</exception>
    public static double BackwardTransfer(double[,] a)
    {
        int taskCount = TaskCount(a);
        double sum = 0;
        for (int i = 0; i < taskCount - 1; i++)
        {
            sum += a[taskCount - 1, i] - a[i, i];
        }

        return taskCount == 1 ? 0 : sum / (taskCount - 1);
    }

    /// <summary>Forward transfer (Lopez-Paz and Ranzato 2017, equation 4): 1/(T−1) Σ over i &gt; 1 of a[i−1, i] − b[i]. Positive when a task is known better than chance before it is learned. 0 with one task.</summary>
    /// <param name="a">The accuracy matrix, its entries right above the diagonal included.</param>
    /// <param name="untrained">b: [T], the accuracy of an untrained model on each task, in the unit of <paramref name="a"/>.</param>
    /// <exception cref="ArgumentException">The matrix is empty or not square, or there is not one accuracy per task.</exception>
    public static double ForwardTransfer(double[,] a, IReadOnlyList<double> untrained)
    {
        int taskCount = TaskCount(a);
        ArgumentNullException.ThrowIfNull(untrained);
        if (untrained.Count != taskCount)
        {
            throw new ArgumentException($"There are {untrained.Count} accuracies of the untrained model for {taskCount} tasks; give one per task.", nameof(untrained));
        }

        double sum = 0;
        for (int i = 1; i < taskCount; i++)
        {
            sum += a[i - 1, i] - untrained[i];
        }

        return taskCount == 1 ? 0 : sum / (taskCount - 1);
    }

    /// <summary>min-ACC (De Lange et al. 2023, "Continual evaluation for lifelong learning", section 3): mean over earlier tasks of the lowest accuracy since the task was learned.</summary>
    /// <param name="traces">For each earlier task its accuracies at every evaluation, the first one right after it was learned. That one is not in the minimum unless it is the only one.</param>
    /// <exception cref="ArgumentException">There is no trace, or one is empty.</exception>
    public static double MinAccuracy(IReadOnlyList<IReadOnlyList<double>> traces)
    {
        ArgumentNullException.ThrowIfNull(traces);
        if (traces.Count == 0 || traces.Any(trace => trace.Count == 0))
        {
            throw new ArgumentException("Expected one trace per earlier task, each with at least one accuracy.", nameof(traces));
        }

        return traces.Average(trace => trace.Count == 1 ? trace[0] : trace.Skip(1).Min());
    }

    /// <summary>WC-ACC, worst-case accuracy (De Lange et al. 2023, section 3): 1/k A(current task) + (1 − 1/k) min-ACC over the k − 1 tasks before it.</summary>
    /// <param name="taskCount">k, at least 1.</param>
    /// <param name="currentAccuracy">Accuracy on the task that is being learned.</param>
    /// <param name="minAccuracy"><see cref="MinAccuracy"/> over the others; without effect when k is 1.</param>
    public static double WorstCaseAccuracy(int taskCount, double currentAccuracy, double minAccuracy)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(taskCount, 1);
        return taskCount == 1 ? currentAccuracy : currentAccuracy / taskCount + (1 - 1.0 / taskCount) * minAccuracy;
    }

    private static double AccuracyAfter(double[,] a, int row, int taskCount)
    {
        double sum = 0;
        for (int j = 0; j < taskCount; j++)
        {
            sum += a[row, j];
        }

        return sum / taskCount;
    }

    private static int TaskCount(double[,] a)
    {
        ArgumentNullException.ThrowIfNull(a);
        if (a.GetLength(0) == 0 || a.GetLength(0) != a.GetLength(1))
        {
            throw new ArgumentException(
                $"The accuracy matrix is [{a.GetLength(0)}, {a.GetLength(1)}]; it must be [T, T] with T at least 1, one row and one column per task.", nameof(a));
        }

        return a.GetLength(0);
    }
}
