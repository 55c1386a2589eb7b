namespace Edge.Runtime.Labelling;

/// <summary>
/// Labels of the windows that are still in the ring, so that a label delivered twice (MQTT QoS 1) is learnt once. Bounded by the ring's capacity: the oldest window goes, which is not in the ring
/// any more, in whatever order the windows were labelled. Who labels a window while an equal label of it is on its way to the disk (its sensor's own, say) waits here for the answer to that one,
/// at most <see cref="MaxWaiting"/> for a window. Safe from any thread.
/// </summary>
public sealed class LabelledWindowSet(int capacity)
{
    /// <summary>How many may wait for the answer to another's label of the same window.</summary>
    public const int MaxWaiting = 16;

    private readonly SortedDictionary<ulong, LabelOutcome> outcomes = [];
    private readonly Dictionary<ulong, List<LabelRequest>> waiting = [];
    private readonly Lock gate = new();

    /// <summary>What became of a window's label; it has no example while it is on the way to the disk. Null when it has none.</summary>
    public LabelOutcome? Find(ulong windowId)
    {
        lock (gate) return outcomes.GetValueOrDefault(windowId);
    }

    /// <summary>Another request with the class that the window has. One that is redelivered while the first is on its way is not kept: that one's answer is its answer.</summary>
    /// <returns>What to answer now; null: <see cref="Set"/> or <see cref="Abandon"/> will return it with the others that wait.</returns>
    public LabelOutcome? Join(LabelRequest request)
    {
        lock (gate)
        {
            if (!outcomes.TryGetValue(request.WindowId, out var outcome)) return LabelOutcome.Refused(request, $"an equal label of window {request.WindowId} has just been refused; send it again");
            if (outcome.Example is not null) return outcome with { Request = request };
            if (outcome.Request.RequestId == request.RequestId) return null;
            var others = waiting.TryGetValue(request.WindowId, out var some) ? some : waiting[request.WindowId] = [];
            if (others.Exists(other => other.RequestId == request.RequestId)) return null;
            if (others.Count == MaxWaiting) return LabelOutcome.Refused(request, $"{MaxWaiting} others wait for the answer to a label of window {request.WindowId}; send it again");
            others.Add(request);
            return null;
        }
    }

    /// <summary>Forgets a label that the disk refused, so that it can be given again.</summary>
    /// <returns>Who waited for its answer.</returns>
    public IReadOnlyList<LabelRequest> Abandon(ulong windowId)
    {
        lock (gate)
        {
            outcomes.Remove(windowId);
            return Leaving(windowId);
        }
    }

    /// <summary>Notes a label that is on its way (no example yet) or durable.</summary>
    /// <returns>Who waited for its answer; nobody before it is durable.</returns>
    public IReadOnlyList<LabelRequest> Set(LabelOutcome outcome)
    {
        lock (gate)
        {
            outcomes[outcome.Request.WindowId] = outcome;
            if (outcomes.Count > capacity) outcomes.Remove(outcomes.Keys.First());
            return outcome.Example is null ? [] : Leaving(outcome.Request.WindowId);
        }
    }

    private List<LabelRequest> Leaving(ulong windowId) => waiting.Remove(windowId, out var others) ? others : [];
}
