namespace Edge.Telemetry.Mqtt;

/// <summary>The latest message per topic: states and retained messages, which are sent again on every connection, and gauges, which are not. Used under the lock of <see cref="OutgoingMessages"/>.</summary>
internal sealed class LatestMessages(TimeProvider time)
{
    private readonly Dictionary<string, Latest> _latest = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _coalesced = new(StringComparer.Ordinal);

    /// <summary>Whether the broker has them all, but for those that it refuses for now.</summary>
    public bool IsDrained => _latest.Values.All(latest => latest is { IsDirty: false, IsInFlight: false } or { RefusalCount: > 0, IsInFlight: false });

    /// <summary>How many the broker refuses for now.</summary>
    public int PostponedCount => _latest.Values.Count(latest => latest.RefusalCount > 0);

    /// <summary>How long until one that was refused is to be sent again; null: none waits.</summary>
    public TimeSpan? NextIn
    {
        get
        {
            TimeSpan? next = null;
            foreach (Latest latest in _latest.Values)
            {
                if (latest is { IsDirty: true, RefusalCount: > 0 } && LeftOf(latest) is var left && !(left > next)) next = left;
            }

            return next;
        }
    }

    /// <summary>Gauges that gave way to newer ones before they were sent, by name: a copy.</summary>
    public IReadOnlyDictionary<string, long> CoalescedByName => new Dictionary<string, long>(_coalesced);

    /// <summary>Takes the place of what the topic had.</summary>
    /// <param name="message">The message.</param>
    /// <param name="queued">Its entry in the queue, which will send it; null where it has none.</param>
    public void Set(OutboundMessage message, WaitingMessage? queued)
    {
        if (!_latest.TryGetValue(message.Topic, out Latest? latest)) _latest.Add(message.Topic, latest = new Latest());
        if (latest.IsDirty && message.Delivery == Delivery.Gauge) _coalesced[message.Name] = _coalesced.GetValueOrDefault(message.Name) + 1;
        (latest.Message, latest.Queued, latest.IsDirty) = (message, queued, queued is null);
    }

    /// <summary>Takes one that is to be sent; null when there is none. Never two of one topic at once: the older could win.</summary>
    public OutboundMessage? Take()
    {
        foreach (Latest latest in _latest.Values)
        {
            if (latest is not { IsDirty: true, IsInFlight: false } || (latest.RefusalCount > 0 && LeftOf(latest) > TimeSpan.Zero)) continue;
            (latest.IsDirty, latest.IsInFlight) = (false, true);
            return latest.Message;
        }

        return null;
    }

    /// <summary>What was taken has arrived. True when a newer one waited for that.</summary>
    public bool Settle(OutboundMessage sent)
    {
        if (!_latest.TryGetValue(sent.Topic, out Latest? latest)) return false;
        (latest.IsInFlight, latest.RefusalCount, latest.EndsConnections) = (false, 0, false);
        return latest.IsDirty;
    }

    /// <summary>What was taken was refused for now: the latest of its topic is tried again after a pause, and at once on a new connection.</summary>
    /// <param name="sent">What was taken.</param>
    /// <param name="endsConnections">Whether it ended connections: then it is not tried at once on a new one, but after <see cref="ParkedMessages.DangerousPauseAfter"/> of it.</param>
    /// <returns>The pause, when that is news; else null.</returns>
    public TimeSpan? Postpone(OutboundMessage sent, bool endsConnections)
    {
        if (!_latest.TryGetValue(sent.Topic, out Latest? latest)) return null;
        (latest.IsInFlight, latest.IsDirty, latest.EndsConnections) = (false, latest.Queued is null, endsConnections);
        latest.RefusalCount++;
        (latest.Pause, latest.Since) = (endsConnections ? ParkedMessages.DangerousPauseAfter(latest.RefusalCount) : ParkedMessages.PauseAfter(latest.RefusalCount), time.GetTimestamp());
        return latest.RefusalCount == 1 ? latest.Pause : null;
    }

    /// <summary>The entry of a retained message has left the queue.</summary>
    /// <param name="topic">Its topic.</param>
    /// <param name="entry">The entry.</param>
    /// <param name="isSent">False: as an event it is lost, as a state it is not, and is sent as one.</param>
    public void Leave(string topic, WaitingMessage entry, bool isSent)
    {
        if (_latest.TryGetValue(topic, out Latest? latest) && latest.Queued == entry) (latest.Queued, latest.IsDirty) = (null, !isSent);
    }

    /// <summary>For a new connection: everything that the broker is to have, because it may have lost it; but not what stands in the queue, nor a gauge that had arrived.</summary>
    public void Rewind()
    {
        foreach (Latest latest in _latest.Values)
        {
            latest.IsDirty = latest.Message.Delivery == Delivery.Gauge ? latest.IsDirty || latest.IsInFlight : latest.Queued is null;
            if (latest is { EndsConnections: true, IsInFlight: true }) latest.Pause = ParkedMessages.DangerousPauseAfter(++latest.RefusalCount); // So it did again, or may have.
            if (!latest.EndsConnections) latest.Pause = TimeSpan.Zero;
            (latest.IsInFlight, latest.Since) = (false, time.GetTimestamp());
        }
    }

    /// <summary>Whether the broker has this one.</summary>
    public bool IsDelivered(OutboundMessage message) =>
        _latest.TryGetValue(message.Topic, out Latest? latest) && ReferenceEquals(latest.Message, message) && latest is { IsDirty: false, IsInFlight: false, Queued: null };

    private TimeSpan LeftOf(Latest latest) => latest.Pause - time.GetElapsedTime(latest.Since);

    private sealed class Latest
    {
        public OutboundMessage Message { get; set; } = null!;

        public WaitingMessage? Queued { get; set; }

        public bool IsDirty { get; set; }

        public bool IsInFlight { get; set; }

        public int RefusalCount { get; set; }

        public bool EndsConnections { get; set; }

        public TimeSpan Pause { get; set; }

        public long Since { get; set; }
    }
}
