using Edge.Config;
using Edge.Trainer.Backbones;

namespace Edge.Trainer.Methods;

/// <summary>
/// How many rows may be in the backbone at a time. From estimates alone, never from what the process happens to use, so that the same plan gives the same parts, and with them the same bits.
/// </summary>
internal static class MicroBatches
{
    /// <summary>Resident memory of a child without its batches: runtime, libtorch, the graph being written. Measured: 353 MiB at the peak of a default round on UCI HAR in parts of 32 rows.</summary>
    private const long BaseBytes = 340L << 20;

    private const int WeightCopies = 10; // Weights, gradients twice, two moments, the average, the best pass, what is being kept and written.
    private const int WindowCopies = 3; // The pool, the array that it was read into, the file.
    private const double UsableShare = 0.9;
    private const int FewestRows = 4;
    private const int MostRowsWithoutGradient = 256; // Bounds the activations: 256 x 64 x 128 floats are 8 MiB in the widest layer.

    /// <summary>Rows at a time in training.</summary>
    public static int RowsAtOnce(TrainingSection plan, LearnerNet net, TrainingPool pool)
    {
        if (plan.MicroBatchSize > 0) return plan.MicroBatchSize;
        long weights = net.parameters().Sum(p => p.numel()) * sizeof(float), windows = (long)pool.Count * pool.Window.ValueCount * sizeof(float);
        double room = (((long)plan.MemoryBudgetMiB << 20) - BaseBytes - WeightCopies * weights - WindowCopies * windows) * UsableShare;
        return (int)Math.Clamp(room / net.Backbone.TrainingBytesPerWindow(pool.Window.Length), FewestRows, int.MaxValue);
    }

    /// <summary>Rows at a time after that many children outgrew the budget: half of a step's rows, or of the estimate where that is less, and so on.</summary>
    public static int Halved(TrainingSection plan, TrainingMethod method, LearnerNet net, TrainingPool pool, int halvings)
    {
        int replayed = method.Replays ? Math.Min(plan.ReplayBatchSize, method.ReplayBatchSize ?? int.MaxValue) : 0, step = (plan.BatchSize + replayed) * (method.Augments ? 2 : 1);
        return Math.Max(FewestRows, Math.Min(RowsAtOnce(plan, net, pool), step) >> Math.Min(halvings, 30));
    }

    /// <summary>Rows at a time where activations are freed layer by layer.</summary>
    public static int RowsWithoutGradient(TrainingSection plan, LearnerNet net, TrainingPool pool) => Math.Min(MostRowsWithoutGradient, RowsAtOnce(plan, net, pool));
}
