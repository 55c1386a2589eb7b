using Edge.Config;
using Edge.Trainer.Augmentation;
using Edge.Trainer.Backbones;
using static TorchSharp.torch;

namespace Edge.Trainer.Methods;

/// <summary>The steps of one round and everything that changes with them; <see cref="TrainingLoop"/> says what comes before and after.</summary>
internal sealed class TrainingRun : IDisposable
{
    private const double LargestGradientNorm = 1;
    private const string MethodPrefix = "method.";
    private readonly TrainingSection plan;
    private readonly TrainingMethod method;
    private readonly TrainingOrder order;
    private readonly RoundBatches batches;
    private readonly LearnerNet net;
    private readonly AugmentationChain? augmentation;
    private readonly FlatAdam optimizer;
    private readonly WeightAverage? average;
    private readonly AnchorWatch? watch;
    private readonly Bfloat16Twin? twin;
    private readonly RowEncoder encoder;
    private readonly int stepCount, microBatchSize;
    private int step;
    private int? resumedAtStep;
    private double firstEpochLoss, epochLoss, lossSum;
    private string? endedEarly;
    private StepBatch? probe;

    public TrainingRun(TrainingSection plan, TrainingMethod method, TrainingOrder order, RoundBatches batches, int seed)
    {
        (this.plan, this.method, this.order, this.batches, net) = (plan, method, order, batches, order.Net);
        stepCount = plan.Epochs * batches.StepsPerEpoch;
        augmentation = method.Augments ? new AugmentationChain(plan.Augmentation, order.Pool.At([.. order.Fresh.Union(order.Memory.Kept).Order()]), seed) : null;
        optimizer = new FlatAdam(net.parameters(), plan.LearningRate);
        average = method.Averages ? new WeightAverage([optimizer.Weights]) : null;
        watch = AnchorWatch.For(order, plan.Epochs, plan.PatienceEpochs);
        microBatchSize = MicroBatches.RowsAtOnce(plan, net, order.Pool);
        if (TrainingDevice.UsesBfloat16(plan, order.Pool.Device)) twin = new Bfloat16Twin(net.Backbone, order.Pool.Window.Length);
        encoder = new RowEncoder(net, microBatchSize, twin);
    }

    /// <summary>Loss of the first batch before the first step.</summary>
    public double ParentLoss { get; private set; }

    /// <summary>Goes on where an earlier attempt was interrupted, if it was: draws the batches of its steps again, which brings the memory to where it was, and takes its state over.</summary>
    public void Resume()
    {
        if (order.Progress?.Read() is not { } state) return;
        using (state)
        {
            using var scope = NewDisposeScope();
            using var _ = no_grad();
            int done = (int)state.Numbers["step"];
            for (int i = 0; i < done; i++)
            {
                var (fresh, replay) = Drawn();
                if (i > 0) continue;
                probe = Batched(fresh, replay); // With the draws that made it the first time.
                scope.MoveToOuter(probe.Windows, probe.Labels);
            }

            (step, resumedAtStep) = (done, done);
            (firstEpochLoss, epochLoss, lossSum, ParentLoss) = (state.Numbers["firstEpochLoss"], state.Numbers["epochLoss"], state.Numbers["lossSum"], state.Numbers["parentLoss"]);
            optimizer.Weights.copy_(StateTensor.Of(state.Tensors, "weights", optimizer.Weights.numel()));
            optimizer.Restore(state.Tensors);
            average?.Restore(state.Tensors);
            watch?.Restore(state, optimizer.Weights);
            augmentation?.Restore(state.Tensors["generator"]);
            method.RestoreSteps(state.Tensors.Where(pair => pair.Key.StartsWith(MethodPrefix, StringComparison.Ordinal)).ToDictionary(pair => pair.Key[MethodPrefix.Length..], pair => pair.Value));
        }
    }

    /// <summary>Takes the steps.</summary>
    /// <returns>Why the weights are not worth keeping; null when they are.</returns>
    public string? ToTheEnd()
    {
        order.Time?.Count();
        while (step < stepCount && endedEarly is null)
        {
            if (order.Cancel.IsCancellationRequested) Interrupt();
            if (step > 0 && order.Time?.IsSpent == true)
            {
                endedEarly = TrainingOutcome.TimeBudget;
                if (step % batches.StepsPerEpoch != 0) _ = IsWorthMore();
                break;
            }

            if (step % batches.StepsPerEpoch == 0) lossSum = 0;
            var (fresh, replay) = Drawn();
            if (probe is null)
            {
                probe = Batched(fresh, replay);
                ParentLoss = Probe();
            }

            double loss = Step(fresh, replay);
            int before = step++;
            lossSum += loss;
            epochLoss = lossSum / (before % batches.StepsPerEpoch + 1);
            if (before < batches.StepsPerEpoch) firstEpochLoss = epochLoss;
            if (!double.IsFinite(loss)) return $"The loss is {loss} at step {step} of {stepCount}.";
            if (step % batches.StepsPerEpoch == 0 && !IsWorthMore() && step < stepCount) endedEarly = TrainingOutcome.AnchorSet;
            order.Time?.Count();
            order.Report(step, stepCount, loss);
            if (endedEarly is null && step < stepCount && order.Progress is { IsDue: true } progress) Keep(progress);
        }

        return null;
    }

    /// <summary>Puts the weights that are kept into the net: the best pass's, or the latest; averaged where the method averages.</summary>
    public void Settle()
    {
        average?.Settle();
        watch?.Settle(optimizer.Weights);
        net.TrainedStepCount += step;
        net.eval();
    }

    /// <summary>Loss of the first batch as the net stands.</summary>
    public double Probe()
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        return method.ProbeLoss(net, probe!, encoder.Embed(probe!.Windows)).item<float>();
    }

    /// <summary>How it went.</summary>
    public TrainingOutcome Outcome(string? abandonedBecause) => new(step, firstEpochLoss, epochLoss, abandonedBecause)
    {
        EndedEarly = endedEarly,
        KeptEpoch = watch is { BestEpoch: > 0 } ? watch.BestEpoch : null,
        AnchorPercent = watch is { BestEpoch: > 0 } ? watch.BestPercent : null,
        ResumedAtStep = resumedAtStep,
        MicroBatchSize = microBatchSize,
        Precision = twin is null ? "float32" : "bfloat16",
    };

    /// <inheritdoc/>
    public void Dispose()
    {
        augmentation?.Dispose();
        optimizer.Dispose();
        average?.Dispose();
        watch?.Dispose();
        twin?.Dispose();
    }

    private (int[] Fresh, int[] Replay) Drawn()
    {
        var (fresh, replay) = batches.Next();
        net.See(fresh.Select(index => order.Pool.Classes[index]));
        return (fresh, replay);
    }

    private StepBatch Batched(int[] fresh, int[] replayed)
    {
        var pool = order.Pool;
        var (freshWindows, replayedWindows) = (pool.At(fresh), pool.At(replayed));
        return new StepBatch
        {
            Windows = augmentation is null
                ? cat([freshWindows, replayedWindows])
                : cat([freshWindows, augmentation.View(freshWindows), replayedWindows, augmentation.View(replayedWindows)]),
            Labels = pool.Labels.index_select(0, tensor(augmentation is null ? [.. fresh, .. replayed] : (int[])[.. fresh, .. fresh, .. replayed, .. replayed], ScalarType.Int64, pool.Device)),
            Fresh = fresh,
            Replayed = replayed,
            ViewCount = augmentation is null ? 1 : 2,
        };
    }

    private double Step(int[] fresh, int[] replayed)
    {
        using var scope = NewDisposeScope();
        var batch = Batched(fresh, replayed);
        optimizer.ZeroGrad();
        var loss = encoder.Backward(batch.Windows, embeddings =>
        {
            var value = method.Loss(net, batch, embeddings);
            return method.Penalty(net) is { } penalty ? value + penalty : value;
        });
        double gradientNorm = optimizer.ClipNorm(LargestGradientNorm);
        if (!double.IsFinite(gradientNorm)) return double.NaN; // The step would spoil the weights.
        optimizer.Step();
        average?.Push();
        return loss.item<float>();
    }

    /// <summary>Looks at the anchors with the weights that would be kept now, and leaves those in training as they are.</summary>
    private bool IsWorthMore()
    {
        if (watch is null) return true;
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var own = optimizer.Weights.clone();
        average?.Settle();
        net.eval();
        bool isWorthMore = watch.Look((step + batches.StepsPerEpoch - 1) / batches.StepsPerEpoch, net, optimizer.Weights);
        net.train();
        optimizer.Weights.copy_(own);
        return isWorthMore;
    }

    private void Interrupt()
    {
        if (step > 0 && order.Progress is { } progress) Keep(progress);
        order.Cancel.ThrowIfCancellationRequested();
    }

    private void Keep(IRoundProgress progress)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var numbers = new Dictionary<string, double>
        {
            ["step"] = step,
            ["firstEpochLoss"] = firstEpochLoss,
            ["epochLoss"] = epochLoss,
            ["lossSum"] = lossSum,
            ["parentLoss"] = ParentLoss,
        };
        var tensors = new Dictionary<string, Tensor> { ["weights"] = optimizer.Weights.clone() };
        foreach (var (name, value) in optimizer.State()) tensors[name] = value;
        foreach (var (name, value) in average?.State() ?? new Dictionary<string, Tensor>()) tensors[name] = value;
        foreach (var (name, value) in method.StepState()) tensors[MethodPrefix + name] = value.clone();
        if (augmentation is not null) tensors["generator"] = augmentation.State();
        watch?.Keep(numbers, tensors);
        using var state = new UnfinishedRound(numbers, tensors);
        progress.Keep(state);
    }
}
