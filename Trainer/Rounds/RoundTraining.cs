using Edge.Trainer.Backbones;
using Edge.Trainer.Methods;
using TorchSharp;
using static TorchSharp.torch;

namespace Edge.Trainer.Rounds;

/// <summary>What an attempt at a round has beside its plan and samples.</summary>
/// <param name="Anchors">Windows that training only looks at; null: none.</param>
/// <param name="Device">Where it is computed.</param>
/// <param name="Progress">Where it keeps its state.</param>
/// <param name="Time">How long it may take.</param>
/// <param name="Report">Gets steps done, steps planned, loss.</param>
/// <param name="Cancel">Checked before every step.</param>
internal sealed record RoundAttempt(RoundSamples? Anchors, Device Device, IRoundProgress Progress, TimeAllowance Time, Action<int, int, double> Report, CancellationToken Cancel);

/// <summary>The training of a round: samples into a pool and a memory on the device, the loop over them, the learner back on the CPU.</summary>
internal static class RoundTraining
{
    /// <summary>Trains the learner in place.</summary>
    public static TrainingOutcome Train(LearnerNet net, TrainingMethod method, RoundSamples samples, RoundPlan plan, RoundAttempt attempt)
    {
        int seed = plan.Training.Seed + plan.Round;
        bool moves = attempt.Device.type != DeviceType.CPU;
        if (moves) net.to(attempt.Device);
        using var pool = new TrainingPool(samples, attempt.Device);
        using var anchors = attempt.Anchors is null ? null : new TrainingPool(attempt.Anchors, attempt.Device);
        var memory = new RoundMemory(seed);
        foreach (int i in Enumerable.Range(0, samples.Count).Where(i => !samples.IsFresh[i])) memory.Offer(i, samples.Classes[i]);
        var training = plan.MemoryHalvings == 0 ? plan.Training : plan.Training with { MicroBatchSize = MicroBatches.Halved(plan.Training, method, net, pool, plan.MemoryHalvings) };
        var outcome = new TrainingLoop(training, method, seed).Train(new TrainingOrder
        {
            Net = net,
            Pool = pool,
            Fresh = [.. Enumerable.Range(0, samples.Count).Where(i => samples.IsFresh[i])],
            Memory = memory,
            Anchors = anchors,
            Progress = attempt.Progress,
            Time = attempt.Time,
            Report = attempt.Report,
            Cancel = attempt.Cancel,
        });
        if (moves) net.cpu();
        return outcome;
    }
}
