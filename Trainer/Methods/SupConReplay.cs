using Edge.Config;
using Edge.Trainer.Augmentation;
using Edge.Trainer.Backbones;
using Edge.Trainer.Objectives;
using Edge.Trainer.Rounds;
using static TorchSharp.torch;

namespace Edge.Trainer.Methods;

/// <summary>
/// Supervised contrastive replay, held in place by relation distillation: the method <c>supconReplay</c>. One step, for B new and M replayed windows, each with one light view:
/// <code>L = SupCon(projector(h), T) + w_ce * MaskedCrossEntropy(head(h)) + w_ird * RelationDistillation(h, h of the parent)</code>
/// After Mai et al. 2021 (SCR, "Supervised Contrastive Replay"), Caccia et al. 2022 (ER-ACE) and Cha et al. 2021 (Co2L). Deviations: one joint forward of new, replayed and their views; new
/// windows can be replayed from the step after their own (insertion inside the step: inserted after the task, new classes never meet the old); the draw is class-balanced without duplicates;
/// distillation is between backbone embeddings of the original windows, the teacher's computed once per round; the outcome is the moving average of the weights.
/// </summary>
/// <param name="plan">Hyper-parameters: epochs, batch sizes, step size, temperature, weights of the terms.</param>
/// <param name="seed">Seeds the order of the windows, the replay draw and the views. Same weights, samples, seed and thread count: same outcome, bit for bit.</param>
public sealed class SupConReplay(TrainingSection plan, int seed)
{
    private const double LargestGradientNorm = 1;
    private const double LargestRise = 0.5; // Nats. The largest rise in 21 rounds on UCI HAR was 0.08; a network trained to pieces (step size 1) rises by 0.9 on the synthetic waves.

    /// <summary>Trains the weights in place.</summary>
    /// <param name="net">The parent's weights in, the candidate's out; undefined when the outcome is abandoned.</param>
    /// <param name="samples">New and replayed windows; a sample's class is a row of the head.</param>
    /// <param name="report">Called after every step with steps done, steps planned, loss.</param>
    /// <param name="cancel">Checked before every step.</param>
    /// <exception cref="OperationCanceledException">Cancelled; the weights are undefined.</exception>
    public TrainingOutcome Train(LearnerNet net, RoundSamples samples, Action<int, int, double> report, CancellationToken cancel)
    {
        if (NotFinite(samples) is { } reason) return new TrainingOutcome(0, 0, 0, reason);
        using var scope = NewDisposeScope();
        var batches = new RoundBatches(samples, plan, seed);
        if (batches.StepsPerEpoch == 0) return new TrainingOutcome(0, 0, 0, "There is nothing to train on: no new windows, and no replay. Label windows, or set training.replayBatchSize above 0.");

        net.train();
        var windows = tensor(samples.Values, [samples.Count, samples.Window.ChannelCount, samples.Window.Length]);
        var labels = tensor(samples.Classes, ScalarType.Int64);
        bool distils = plan.DistillationWeight > 0 && net.TrainedStepCount > 0; // An untrained parent knows no relations worth keeping.
        var teacher = distils ? Embed(net.Backbone, windows) : null;
        using var augmentation = new LightAugmentation(windows, seed);
        using var optimizer = new FlatAdam(net.parameters(), plan.LearningRate);
        using var average = new WeightAverage([optimizer.Weights]);
        var supCon = new SupConLoss(plan.Temperature);
        var distillation = new RelationDistillation();

        var (probeFresh, probeReplay) = new RoundBatches(samples, plan, seed).Next();
        var probe = Batched(probeFresh, probeReplay);
        double parentLoss = Probe();

        int stepCount = plan.Epochs * batches.StepsPerEpoch, step = 0;
        double firstEpochLoss = 0, epochLoss = 0;
        for (int epoch = 0; epoch < plan.Epochs; epoch++)
        {
            double lossSum = 0;
            for (int i = 0; i < batches.StepsPerEpoch; i++)
            {
                cancel.ThrowIfCancellationRequested();
                var (fresh, replay) = batches.Next();
                double loss = Step(fresh, replay);
                step++;
                lossSum += loss;
                epochLoss = lossSum / (i + 1);
                if (epoch == 0) firstEpochLoss = epochLoss;
                if (!double.IsFinite(loss)) return Abandoned($"The loss is {loss} at step {step} of {stepCount}.");
                report(step, stepCount, loss);
            }
        }

        average.Settle();
        net.TrainedStepCount += step;
        net.eval();
        double candidateLoss = Probe();
        return candidateLoss < parentLoss + LargestRise
            ? new TrainingOutcome(step, firstEpochLoss, epochLoss, null)
            : Abandoned($"The loss on the same batch rose from {parentLoss:0.###} before the round to {candidateLoss:0.###} after it.");

        TrainingOutcome Abandoned(string what) =>
            new(step, firstEpochLoss, epochLoss, $"{what} Expected a finite, falling loss; training.learningRate {plan.LearningRate:g} may be too high.");

        Batch Batched(int[] fresh, int[] replay)
        {
            var freshWindows = windows.index_select(0, tensor(fresh, ScalarType.Int64));
            var replayWindows = windows.index_select(0, tensor(replay, ScalarType.Int64));
            return new Batch(
                cat([freshWindows, augmentation.View(freshWindows), replayWindows, augmentation.View(replayWindows)]),
                labels.index_select(0, tensor([.. fresh, .. fresh, .. replay, .. replay], ScalarType.Int64)),
                2 * fresh.Length);
        }

        Tensor Classification(Batch batch, Tensor embeddings)
        {
            var loss = supCon.Loss(net.Projector.forward(embeddings), batch.Labels);
            return plan.CrossEntropyWeight == 0 ? loss : loss + plan.CrossEntropyWeight * MaskedCrossEntropy.Loss(net.Head.forward(embeddings), batch.Labels, batch.FreshCount);
        }

        double Probe()
        {
            using var probeScope = NewDisposeScope();
            using var _ = no_grad();
            return Classification(probe, net.Backbone.forward(probe.Windows)).item<float>();
        }

        double Step(int[] fresh, int[] replay)
        {
            using var stepScope = NewDisposeScope();
            var batch = Batched(fresh, replay);
            var embeddings = net.Backbone.forward(batch.Windows);
            var loss = Classification(batch, embeddings);
            if (teacher is not null)
            {
                var originals = cat([embeddings.narrow(0, 0, fresh.Length), embeddings.narrow(0, 2 * fresh.Length, replay.Length)]);
                loss += plan.DistillationWeight * distillation.Loss(originals, teacher.index_select(0, tensor([.. fresh, .. replay], ScalarType.Int64)));
            }

            optimizer.ZeroGrad();
            loss.backward();
            double gradientNorm = optimizer.ClipNorm(LargestGradientNorm);
            if (!double.IsFinite(gradientNorm)) return double.NaN; // The step would spoil the weights.
            optimizer.Step();
            average.Push();
            return loss.item<float>();
        }
    }

    /// <summary>Windows [2B + 2M, channels, length] in the order new, their views, replayed, their views; labels likewise; the first <paramref name="FreshCount"/> rows are new.</summary>
    private readonly record struct Batch(Tensor Windows, Tensor Labels, long FreshCount);

    private static Tensor Embed(Backbone backbone, Tensor windows)
    {
        const int Chunk = 256; // Bounds the activations: 256 x 64 x 128 floats are 8 MiB in the widest layer.
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        return cat([.. windows.split(Chunk).Select(backbone.forward)]).MoveToOuterDisposeScope();
    }

    private static string? NotFinite(RoundSamples samples)
    {
        int at = samples.Values.AsSpan().IndexOfAnyExceptInRange(float.MinValue, float.MaxValue);
        if (at < 0) return null;
        int sample = at / samples.Window.ValueCount, channel = at % samples.Window.ValueCount / samples.Window.Length;
        return $"Sample {sample} (class {samples.Classes[sample]}) holds {samples.Values[at]} in channel {channel}; expected finite values. Drop the example or mend the sensor's driver.";
    }
}
