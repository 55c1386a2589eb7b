using Edge.Config;
using Edge.Trainer.Rounds;

namespace Edge.Trainer.Methods;

/// <summary>
/// The batches of a round: every new window once per epoch in a fresh random order, and beside each batch of them a class-balanced draw of what can be replayed: the replay samples, and new
/// windows from the step after their own. With no new windows an epoch is as many draws as cover the replay samples once.
/// </summary>
public sealed class RoundBatches
{
    private readonly TrainingSection plan;
    private readonly RoundSamples samples;
    private readonly Random random;
    private readonly ClassBalancedDraw replay;
    private readonly int[] fresh;
    private readonly HashSet<int> offered = [];
    private int next;

    /// <summary>Lays out the samples; the seed gives the order of the new windows and the draws.</summary>
    public RoundBatches(RoundSamples samples, TrainingSection plan, int seed)
    {
        (this.samples, this.plan, random, replay) = (samples, plan, new Random(seed), new ClassBalancedDraw(seed));
        fresh = [.. Enumerable.Range(0, samples.Count).Where(i => samples.IsFresh[i])];
        foreach (int i in Enumerable.Range(0, samples.Count).Where(i => !samples.IsFresh[i])) replay.Offer(i, samples.Classes[i]);
        next = fresh.Length;
        if (fresh.Length > 0) StepsPerEpoch = Batches(fresh.Length, plan.BatchSize);
        else if (plan.ReplayBatchSize > 0) StepsPerEpoch = Batches(replay.Count, plan.ReplayBatchSize);
    }

    /// <summary>Batches in one pass over the new windows; 0 when there is nothing to train on.</summary>
    public int StepsPerEpoch { get; }

    /// <summary>Indices of the new and of the replayed windows of the next step; either may be empty, not both.</summary>
    public (int[] Fresh, int[] Replay) Next()
    {
        if (next >= fresh.Length)
        {
            random.Shuffle(fresh);
            next = 0;
        }

        int[] batch = fresh[next..Math.Min(next + plan.BatchSize, fresh.Length)];
        next += batch.Length;
        int[] drawn = [.. replay.Next(plan.ReplayBatchSize)];
        foreach (int i in batch.Where(offered.Add)) replay.Offer(i, samples.Classes[i]);
        return (batch, drawn);
    }

    private static int Batches(int count, int size) => (count + size - 1) / size;
}
