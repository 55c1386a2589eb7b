using Edge.Config;
using Edge.Trainer.Backbones;
using Edge.Trainer.Methods;
using Edge.Trainer.Rounds;

namespace Edge.Trainer.Tests.Methods;

/// <summary>A round of a method as the device runs it: the replay samples are the memory.</summary>
internal static class OneRound
{
    public static TrainingOutcome Train(LearnerNet net, RoundSamples samples, TrainingSection plan, Action<int, int, double>? report = null, CancellationToken? cancel = null)
    {
        using var method = MethodCatalogue.Create(plan);
        return Train(method, net, samples, plan, report, cancel);
    }

    public static TrainingOutcome Train(
        TrainingMethod method, LearnerNet net, RoundSamples samples, TrainingSection plan, Action<int, int, double>? report = null, CancellationToken? cancel = null)
    {
        using var pool = new TrainingPool(samples);
        var memory = new RoundMemory(plan.Seed);
        foreach (int i in Enumerable.Range(0, samples.Count).Where(i => !samples.IsFresh[i])) memory.Offer(i, samples.Classes[i]);
        return new TrainingLoop(plan, method, plan.Seed).Train(new TrainingOrder
        {
            Net = net,
            Pool = pool,
            Fresh = [.. Enumerable.Range(0, samples.Count).Where(i => samples.IsFresh[i])],
            Memory = memory,
            Report = report ?? ((_, _, _) => { }),
            Cancel = cancel ?? TestContext.Current.CancellationToken,
        });
    }
}
