using Edge.Telemetry.Forgetting;
using Edge.Trainer.Bench;

namespace Edge.Runtime.Bench.Reports;

/// <summary>The figures of one cell, in percent and points; definitions in <see cref="ContinualMetrics"/>.</summary>
/// <param name="AverageAccuracy">A_T: mean over the steps after the last one.</param>
/// <param name="Forgetting">As Chaudhry et al. 2018 define it.</param>
/// <param name="LearningAccuracy">Mean over the steps, each right after it was learnt.</param>
/// <param name="AverageIncremental">Mean over k of the accuracy on the first k steps after step k.</param>
/// <param name="Cka">Linear CKA of the embeddings of earlier steps before and after a step: mean over the steps from the second; null where there is one step.</param>
/// <param name="PrototypeDrift">1 - cos between old prototypes after the last step and when they were learnt; null where there is one step.</param>
public sealed record CellMetrics(double AverageAccuracy, double Forgetting, double LearningAccuracy, double AverageIncremental, double? Cka, double? PrototypeDrift)
{
    /// <summary>The figures; null where the protocol has no accuracy by step.</summary>
    public static CellMetrics? Of(CellResult result)
    {
        int count = result.Accuracy.Count;
        if (count == 0) return null;
        double[,] a = Matrix(result, count);
        return new CellMetrics(
            ContinualMetrics.AverageAccuracy(a), ContinualMetrics.ForgettingChaudhry(a), ContinualMetrics.LearningAccuracy(a), ContinualMetrics.AverageIncrementalAccuracy(a),
            count > 1 ? result.Cka.Skip(1).Average() : null, count > 1 ? result.PrototypeDrift[^1] : null);
    }

    /// <summary>Forgetting as if the step, 0-based, had been the last; points. 0 after the first.</summary>
    public static double ForgettingAfter(CellResult result, int step) => ContinualMetrics.ForgettingChaudhry(Matrix(result, step + 1));

    /// <summary>Accuracy on step j after step i, percent, of the first steps.</summary>
    private static double[,] Matrix(CellResult result, int count)
    {
        double[,] a = new double[count, count];
        for (int i = 0; i < count; i++)
        {
            for (int j = 0; j < count; j++) a[i, j] = 100 * result.Accuracy[i][j];
        }

        return a;
    }
}
