using Edge.Config;
using Edge.Trainer.Augmentation;
using Edge.Trainer.Backbones;
using Edge.Trainer.Objectives;
using static TorchSharp.torch;

namespace Edge.Trainer.Methods;

/// <summary>
/// Contrastive learning without labels, before the first label: two views of a window attract each other, all other windows of the batch repel. Trains backbone and projector; the head and the input's scale stay as they are.
/// <code>L = NT-Xent = mean over the 2n views i of  -log ( exp(z_i.z_p/T) / sum over a != i of exp(z_i.z_a/T) ),   p the other view of i's window</code>
/// which is <see cref="SupConLoss"/> with every window a class of its own. Chen et al. 2020, "A Simple Framework for Contrastive Learning of Visual Representations", section 2.1, equation 1 and algorithm 1.
/// Deviations: batches of a training step's size instead of 4096, Adam instead of LARS, and the projector is kept, since <see cref="SupConReplay"/> goes on contrasting with it. Windows that overlap in time repel like any others.
/// </summary>
/// <param name="plan">Temperature T, step size, and the batch: as many windows as a step has new and replayed ones.</param>
/// <param name="view">What a view may differ by from its window.</param>
/// <param name="epochs">Passes over the windows, from 1.</param>
/// <param name="seed">Gives the order of the windows and the views. Same weights, windows and seed: same outcome on a CPU, bit for bit.</param>
public sealed class ContrastivePretraining(TrainingSection plan, AugmentationSection view, int epochs, int seed)
{
    private const double LargestGradientNorm = 1;
    private readonly SupConLoss ntXent = new(plan.Temperature);

    /// <summary>Trains the weights in place. <see cref="LearnerNet.TrainedStepCount"/> stays: what has met no label is no parent to distil from.</summary>
    /// <param name="net">Its input's scale must have been taken (<see cref="Backbone.FitInput"/>).</param>
    /// <param name="pool">The windows; their labels are not looked at.</param>
    /// <param name="windows">Pool indices.</param>
    /// <param name="report">Called after every step with the share that is done.</param>
    /// <param name="cancel">Checked before every step.</param>
    /// <exception cref="OperationCanceledException">Cancelled; the weights are undefined.</exception>
    public TrainingOutcome Train(LearnerNet net, TrainingPool pool, IReadOnlyList<int> windows, Action<double> report, CancellationToken cancel)
    {
        int[] order = [.. windows];
        if (order.Length < 2) return new TrainingOutcome(0, 0, 0, $"There is nothing to contrast in {order.Length} windows without labels; expected at least 2.");
        using var scope = NewDisposeScope();
        using var views = new AugmentationChain(view, pool.At(order), seed);
        using var optimizer = new FlatAdam([.. net.Backbone.parameters(), .. net.Projector.parameters()], plan.LearningRate);
        var encoder = new RowEncoder(net, MicroBatches.RowsAtOnce(plan, net, pool));
        var random = new Random(seed);
        int batchSize = plan.BatchSize + plan.ReplayBatchSize, stepsPerEpoch = (order.Length + batchSize - 1) / batchSize, step = 0;
        double firstEpochLoss = 0, epochLoss = 0;
        net.train();
        for (int epoch = 0; epoch < epochs; epoch++)
        {
            random.Shuffle(order);
            epochLoss = 0;
            foreach (int[] batch in order.Chunk(batchSize))
            {
                cancel.ThrowIfCancellationRequested();
                double loss = Step(net, pool.At(batch), views, optimizer, encoder);
                if (!double.IsFinite(loss)) return new TrainingOutcome(step, firstEpochLoss, loss, $"The loss without labels is {loss} at step {step + 1}; training.learningRate {plan.LearningRate:g} may be too high.");
                epochLoss += loss / stepsPerEpoch;
                report((double)++step / (epochs * stepsPerEpoch));
            }

            if (epoch == 0) firstEpochLoss = epochLoss;
        }

        net.eval();
        return new TrainingOutcome(step, firstEpochLoss, epochLoss, null);
    }

    private double Step(LearnerNet net, Tensor windows, AugmentationChain views, FlatAdam optimizer, RowEncoder encoder)
    {
        using var scope = NewDisposeScope();
        scope.Attach(windows);
        var own = arange(windows.shape[0], dtype: ScalarType.Int64, device: windows.device);
        var labels = cat([own, own]);
        optimizer.ZeroGrad();
        var loss = encoder.Backward(cat([views.View(windows), views.View(windows)]), embeddings => ntXent.Loss(net.Projector.forward(embeddings), labels));
        if (!double.IsFinite(optimizer.ClipNorm(LargestGradientNorm))) return double.NaN; // The step would spoil the weights.
        optimizer.Step();
        return loss.item<float>();
    }
}
