using Edge.Config;

namespace Edge.Trainer.Methods;

/// <summary>
/// The batches of a round: every new window once per epoch in a fresh random order, and beside each batch of them a class-balanced draw from the memory, which gets the new windows right after their
/// own step. With no new windows an epoch is as many draws as cover the memory once.
/// </summary>
public sealed class RoundBatches
{
    private readonly int batchSize, replaySize;
    private readonly TrainingPool pool;
    private readonly IReplayMemory memory;
    private readonly Random? random;
    private readonly int[] fresh;
    private readonly HashSet<int> offered = [];
    private int next;

    /// <summary>Lays out a round.</summary>
    /// <param name="order">What is new, what is remembered.</param>
    /// <param name="plan">Batch sizes.</param>
    /// <param name="method">Whether anything is replayed, and how much suits it; the memory is filled all the same.</param>
    /// <param name="seed">Gives the order of the new windows.</param>
    public RoundBatches(TrainingOrder order, TrainingSection plan, TrainingMethod method, int seed)
    {
        (pool, memory, batchSize, fresh) = (order.Pool, order.Memory, plan.BatchSize, [.. order.Fresh]);
        replaySize = method.Replays ? Math.Min(plan.ReplayBatchSize, method.ReplayBatchSize ?? int.MaxValue) : 0;
        random = order.InStreamOrder ? null : new Random(seed);
        next = fresh.Length;
        if (fresh.Length > 0) StepsPerEpoch = Batches(fresh.Length, batchSize);
        else if (replaySize > 0) StepsPerEpoch = Batches(memory.Kept.Count, replaySize);
    }

    /// <summary>Batches in one pass over the new windows; 0 when there is nothing to train on.</summary>
    public int StepsPerEpoch { get; }

    /// <summary>Pool indices of the new and of the replayed windows of the next step; either may be empty, not both.</summary>
    public (int[] Fresh, int[] Replay) Next()
    {
        if (next >= fresh.Length)
        {
            random?.Shuffle(fresh);
            next = 0;
        }

        int[] batch = fresh[next..Math.Min(next + batchSize, fresh.Length)];
        next += batch.Length;
        int[] drawn = replaySize == 0 ? [] : [.. memory.Draw(replaySize).Except(batch)];
        foreach (int i in batch.Where(offered.Add)) memory.Offer(i, pool.Classes[i]);
        return (batch, drawn);
    }

    private static int Batches(int count, int size) => (count + size - 1) / size;
}
