namespace Edge.Runtime.Labelling;

/// <summary>Labels of the windows that are still in the ring, so that a label delivered twice (MQTT QoS 1) is learnt once. Bounded by the ring's capacity; safe from any thread.</summary>
public sealed class LabelledWindowSet(int capacity)
{
    private readonly Dictionary<ulong, LabelOutcome> outcomes = new(capacity);
    private readonly Queue<ulong> order = new(capacity);
    private readonly Lock gate = new();
    private long followed, answered;

    /// <summary>Predictions that labelling has gone through; the end of a recorded step waits for it.</summary>
    public long FollowedCount => Interlocked.Read(ref followed);

    /// <summary>Labels taken from the inbox; likewise.</summary>
    public long AnsweredCount => Interlocked.Read(ref answered);

    /// <summary>What became of a window's label; it has no example while it is on the way to the disk. Null when it has none.</summary>
    public LabelOutcome? Find(ulong windowId)
    {
        lock (gate) return outcomes.GetValueOrDefault(windowId);
    }

    /// <summary>Forgets a label that the disk refused, so that it can be given again.</summary>
    public void Abandon(ulong windowId)
    {
        lock (gate) outcomes.Remove(windowId);
    }

    internal void CountFollowed() => Interlocked.Increment(ref followed);

    internal void CountAnswered() => Interlocked.Increment(ref answered);

    /// <summary>Notes a label that is on its way (no example yet) or durable.</summary>
    public void Set(LabelOutcome outcome)
    {
        lock (gate)
        {
            if (!outcomes.ContainsKey(outcome.Request.WindowId))
            {
                order.Enqueue(outcome.Request.WindowId);
                while (order.Count > capacity) outcomes.Remove(order.Dequeue());
            }

            outcomes[outcome.Request.WindowId] = outcome;
        }
    }
}
