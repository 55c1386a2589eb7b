namespace Edge.Runtime.Labelling;

/// <summary>
/// Labels of the windows that are still in the ring, so that a label delivered twice (MQTT QoS 1) is learnt once. Bounded by the ring's capacity: the oldest window goes, which is not in the ring
/// any more, in whatever order the windows were labelled. Safe from any thread.
/// </summary>
public sealed class LabelledWindowSet(int capacity)
{
    private readonly SortedDictionary<ulong, LabelOutcome> outcomes = [];
    private readonly Lock gate = new();

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

    /// <summary>Notes a label that is on its way (no example yet) or durable.</summary>
    public void Set(LabelOutcome outcome)
    {
        lock (gate)
        {
            outcomes[outcome.Request.WindowId] = outcome;
            if (outcomes.Count > capacity) outcomes.Remove(outcomes.Keys.First());
        }
    }
}
