namespace Edge.Telemetry.Mqtt;

/// <summary>A message taken for sending, and whether it is the latest state of its topic rather than an entry of the queue.</summary>
internal readonly record struct Outgoing(OutboundMessage Message, bool IsState);

/// <summary>
/// What waits for the broker: a bounded queue of events, in order, and beside it the latest state per topic. A message stays until it is acknowledged: taken
/// ones are in flight, and
/// <see cref="Rewind"/> puts them back where they were. When the queue is full the oldest event not in flight is dropped and counted by name. Thread-safe.
/// </summary>
internal sealed class OutgoingMessages(int capacity)
{
    private readonly Lock _gate = new();
    private readonly LinkedList<OutboundMessage> _waiting = new();
    private readonly LinkedList<OutboundMessage> _inFlight = new();
    private readonly Dictionary<string, Latest> _latest = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _dropped = new(StringComparer.Ordinal);
    private TaskCompletionSource _available = NewSignal();

    /// <summary>Events that are not acknowledged yet.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _waiting.Count + _inFlight.Count;
            }
        }
    }

    /// <summary>Events dropped, by name: a copy.</summary>
    public IReadOnlyDictionary<string, long> DroppedByName
    {
        get
        {
            lock (_gate)
            {
                return new Dictionary<string, long>(_dropped);
            }
        }
    }

    /// <summary>True when everything is acknowledged.</summary>
    public bool IsDrained
    {
        get
        {
            lock (_gate)
            {
                return _waiting.Count + _inFlight.Count == 0 && _latest.Values.All(state => state is { IsDirty: false, IsInFlight: false });
            }
        }
    }

    /// <summary>Adds a message.</summary>
    public void Add(OutboundMessage message)
    {
        lock (_gate)
        {
            if (message.Retain)
            {
                if (!_latest.TryGetValue(message.Topic, out Latest? state))
                {
                    _latest.Add(message.Topic, state = new Latest());
                }

                state.Message = message;
                state.IsDirty = message.Delivery == Delivery.LatestState;
            }

            if (message.Delivery != Delivery.LatestState)
            {
                MakeRoom();
                _waiting.AddLast(message);
            }

            _available.TrySetResult();
        }
    }

    /// <summary>Takes the next message to send: states first, then events in order. False when there is none.</summary>
    public bool TryTake(out Outgoing next)
    {
        lock (_gate)
        {
            foreach (Latest state in _latest.Values)
            {
                if (state is { IsDirty: true, IsInFlight: false })
                {
                    (state.IsDirty, state.IsInFlight) = (false, true);
                    next = new Outgoing(state.Message, IsState: true);
                    return true;
                }
            }

            if (_waiting.First is { } first)
            {
                _waiting.RemoveFirst();
                _inFlight.AddLast(first);
                next = new Outgoing(first.Value, IsState: false);
                return true;
            }

            if (_available.Task.IsCompleted)
            {
                _available = NewSignal();
            }

            next = default;
            return false;
        }
    }

    /// <summary>Completes when something was added after <see cref="TryTake"/> found nothing.</summary>
    public Task WhenAvailable()
    {
        lock (_gate)
        {
            return _available.Task;
        }
    }

    /// <summary>The broker has <paramref name="sent"/>, or never will: it is done with.</summary>
    public void Remove(Outgoing sent)
    {
        lock (_gate)
        {
            if (!sent.IsState)
            {
                _inFlight.Remove(sent.Message);
            }
            else if (_latest.TryGetValue(sent.Message.Topic, out Latest? state))
            {
                state.IsInFlight = false;
                if (state.IsDirty)
                {
                    _available.TrySetResult(); // a newer one came meanwhile and waited for this one
                }
            }
        }
    }

    /// <summary>Whether the broker has this state.</summary>
    public bool IsDelivered(OutboundMessage message)
    {
        lock (_gate)
        {
            return _latest.TryGetValue(message.Topic, out Latest? state)
                && ReferenceEquals(state.Message, message)
                && state is { IsDirty: false, IsInFlight: false };
        }
    }

    /// <summary>For a new connection: events in flight go back to the front, and every state is to be sent again, because the broker may have lost it. A
    /// state that still stands in the queue is not sent twice.</summary>
    public void Rewind()
    {
        lock (_gate)
        {
            while (_inFlight.Last is { } last)
            {
                _inFlight.RemoveLast();
                _waiting.AddFirst(last);
            }

            foreach (Latest state in _latest.Values)
            {
                state.IsInFlight = false;
                state.IsDirty = state.Message.Delivery == Delivery.LatestState || !_waiting.Contains(state.Message);
            }

            _available.TrySetResult();
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void MakeRoom()
    {
        if (_waiting.Count + _inFlight.Count < capacity || _waiting.First is not { } oldest)
        {
            return; // the window is at most half the capacity, so a full queue has something waiting
        }

        _waiting.RemoveFirst();
        string name = oldest.Value.Name;
        _dropped[name] = _dropped.GetValueOrDefault(name) + 1;
        if (_latest.TryGetValue(oldest.Value.Topic, out Latest? state) && ReferenceEquals(state.Message, oldest.Value))
        {
            state.IsDirty = true; // as an event it is lost, as a state it is not
        }
    }

    private sealed class Latest
    {
        public OutboundMessage Message { get; set; } = null!;

        public bool IsDirty { get; set; }

        public bool IsInFlight { get; set; }
    }
}
