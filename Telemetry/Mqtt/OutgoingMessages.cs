using Edge.Storage;

namespace Edge.Telemetry.Mqtt;

/// <summary>A message taken for sending: an entry of the queue, or, without one, the latest of its topic.</summary>
internal readonly record struct Outgoing(OutboundMessage Message, WaitingMessage? Entry)
{
    public bool IsState => Entry is null;
}

/// <summary>
/// What waits for the broker: a queue in the order in which messages were handed over, and beside it the latest state and gauge per topic. A message stays until it is acknowledged: taken ones are in flight, and
/// <see cref="Rewind"/> puts them back where they were; those that the broker refuses for now are parked, and hold up no other. With an outbox the queue survives the process, and what is too much for memory lies on disk only and is read back when its turn comes. Events over their limits are
/// dropped, oldest first and never one in flight; what is never dropped is refused only where neither disk nor memory has room. All of it is counted by name. Thread-safe.
/// </summary>
internal sealed partial class OutgoingMessages : IDisposable
{
    private const string GivenUp = "it waited beyond a limit of the queue and was given up";
    private readonly OutgoingLimits _limits;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly LinkedList<WaitingMessage> _events = new(), _never = new(), _inFlight = new();
    private readonly Dictionary<long, LinkedListNode<WaitingMessage>> _byId = [];
    private readonly LatestMessages _latest;
    private readonly ParkedMessages _parked;
    private readonly Dictionary<string, long> _dropped = new(StringComparer.Ordinal);
    private Outbox? _outbox;
    private TaskCompletionSource _available = NewSignal();
    private long _nextId = 1, _memoryBytes, _eventBytes, _neverDroppedLost;
    private int _eventCount;

    /// <summary>An empty one; <see cref="Open"/> makes it durable.</summary>
    public OutgoingMessages(OutgoingLimits limits, TimeProvider time) => (_limits, _time, _latest, _parked) = (limits, time, new LatestMessages(time), new ParkedMessages(time));

    /// <summary>Messages in the queue, in flight ones included.</summary>
    public int Count
    {
        get
        {
            lock (_gate) return _byId.Count;
        }
    }

    /// <summary>Messages of the queue that were dropped, by name: a copy.</summary>
    public IReadOnlyDictionary<string, long> DroppedByName
    {
        get
        {
            lock (_gate) return new Dictionary<string, long>(_dropped);
        }
    }

    /// <summary>Gauges that gave way to newer ones, by name.</summary>
    public IReadOnlyDictionary<string, long> CoalescedByName
    {
        get
        {
            lock (_gate) return _latest.CoalescedByName;
        }
    }

    /// <summary>Messages that should never be dropped and were: neither disk nor memory had room, they went with a damaged file, or the broker can never take them.</summary>
    public long NeverDroppedLostCount
    {
        get
        {
            lock (_gate) return _neverDroppedLost;
        }
    }

    /// <summary>Bytes that the queue takes in memory, about.</summary>
    public long MemoryBytes
    {
        get
        {
            lock (_gate) return _memoryBytes;
        }
    }

    /// <summary>The outbox's state; null without one.</summary>
    public OutboxHealth? OutboxHealth => _outbox?.Health;

    /// <summary>True when everything is acknowledged, but for what the broker refuses for now.</summary>
    public bool IsDrained
    {
        get
        {
            lock (_gate) return _byId.Count == _parked.Count && _latest.IsDrained;
        }
    }

    /// <summary>Makes the queue durable, and takes in what an earlier life left. Before anything is added.</summary>
    public void Open(OutboxOptions options)
    {
        Outbox outbox = Outbox.Open(options, this, _time); // Calls Found.
        lock (_gate)
        {
            (_outbox, _nextId) = (outbox, outbox.FirstId);
            MakeRoom(0, 0);
        }
    }

    /// <summary>Adds a message.</summary>
    /// <param name="message">The message.</param>
    /// <param name="receipt">Told once what became of it, where it waits in the queue: null when the broker has it, else why it never will; null: nobody asks.</param>
    /// <returns>Completes when it is safe: never-dropped ones when they are on disk or the broker has them, or the disk refuses; all others at once.</returns>
    public Task Add(OutboundMessage message, TaskCompletionSource<string?>? receipt = null)
    {
        lock (_gate)
        {
            if (!message.IsQueued)
            {
                _latest.Set(message, null);
                _available.TrySetResult();
                return Task.CompletedTask;
            }

            int bytes = message.Payload.Length;
            if (!MakeRoom(message.IsNeverDropped ? 0 : 1, bytes))
            {
                CountDropped(message.Name, message.IsNeverDropped);
                receipt?.TrySetResult(GivenUp);
                if (message.Retain) _latest.Set(message, null);
                _available.TrySetResult();
                return Task.CompletedTask;
            }

            WaitingMessage entry = new(_nextId++, message, _time.GetUtcNow()) { Receipt = receipt };
            Enter(entry);
            if (message.Retain) _latest.Set(message, entry);
            _available.TrySetResult();
            return _outbox?.Add(entry.Id, () => StoredMessage.Write(message, entry.At), message.IsNeverDropped) ?? Task.CompletedTask;
        }
    }

    /// <summary>Takes the next message to send: states and gauges first, then the queue in order. False when there is none, or its content is being read from disk.</summary>
    public bool TryTake(out Outgoing next)
    {
        lock (_gate)
        {
            DropOld(); // First: an event that goes may leave the state of its topic to be sent.
            if (_latest.Take() is { } latest)
            {
                next = new Outgoing(latest, null);
                return true;
            }

            if (NextInTurn() is { } first)
            {
                if (first.Value.Message is { } message)
                {
                    first.List!.Remove(first);
                    _inFlight.AddLast(first);
                    next = new Outgoing(message, first.Value);
                    return true;
                }

                Load();
            }

            if (_available.Task.IsCompleted) _available = NewSignal();
            WakeForParked();
            next = default;
            return false;
        }
    }

    /// <summary>Completes when something was added after <see cref="TryTake"/> found nothing.</summary>
    public Task WhenAvailable()
    {
        lock (_gate) return _available.Task;
    }

    /// <summary>The broker has <paramref name="sent"/>, or never will: it is done with. What should never be dropped and the broker will not have is counted as lost, unless whoever sent it is told.</summary>
    /// <param name="sent">What was taken.</param>
    /// <param name="refusal">Why the broker will never have it; null: it has it.</param>
    public void Remove(Outgoing sent, string? refusal = null)
    {
        sent.Entry?.Receipt?.TrySetResult(refusal);
        lock (_gate)
        {
            if (sent.Entry is null)
            {
                if (_latest.Settle(sent.Message)) _available.TrySetResult(); // A newer one came meanwhile and waited for this one.
            }
            else if (_byId.TryGetValue(sent.Entry.Id, out LinkedListNode<WaitingMessage>? node))
            {
                if (refusal is null) BackFromParked(sent.Entry);
                else if (sent.Entry is { IsNeverDropped: true, Receipt: null }) _neverDroppedLost++;
                Leave(node);
                _latest.Leave(sent.Message.Topic, sent.Entry, isSent: true);
            }
        }
    }

    /// <summary>Whether the broker has this state.</summary>
    public bool IsDelivered(OutboundMessage message)
    {
        lock (_gate) return _latest.IsDelivered(message);
    }

    /// <summary>For a new connection: what was in flight goes back to the front, and every state is to be sent again.</summary>
    public void Rewind()
    {
        lock (_gate)
        {
            while (_inFlight.Last is { } last)
            {
                _inFlight.RemoveLast();
                if (_parked.IsDangerous(last.Value)) _parked.Refused(last, isDenied: false, isKept: true, endsConnections: true);
                else ListOf(last.Value).AddFirst(last);
            }

            _latest.Rewind();
            _parked.Rewind();
            _available.TrySetResult();
        }
    }

    /// <summary>Whether there is a connection: then what is urgent waits a moment for the broker's word before it is written.</summary>
    public void SetReachable(bool isReachable)
    {
        lock (_gate)
        {
            if (_outbox is not null) _outbox.IsReachable = isReachable;
        }
    }

    /// <summary>Writes what waits and closes the outbox. What is added later is in memory only.</summary>
    public void Dispose()
    {
        lock (_gate) _wake?.Dispose();
        _outbox?.Dispose();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private LinkedList<WaitingMessage> ListOf(WaitingMessage entry) => entry.IsNeverDropped ? _never : _events;

    private LinkedListNode<WaitingMessage>? First() => (_events.First, _never.First) switch
    {
        ({ } e, { } n) => e.Value.Id < n.Value.Id ? e : n,
        var (e, n) => e ?? n,
    };

    private void Enter(WaitingMessage entry)
    {
        LinkedListNode<WaitingMessage> node = new(entry);
        ListOf(entry).AddLast(node);
        Account(node);
    }

    private void Account(LinkedListNode<WaitingMessage> node)
    {
        WaitingMessage entry = node.Value;
        _byId.Add(entry.Id, node);
        _memoryBytes += WaitingMessage.EntryBytes + entry.Bytes;
        if (!entry.IsNeverDropped) (_eventCount, _eventBytes) = (_eventCount + 1, _eventBytes + entry.Bytes);
    }

    private void Leave(LinkedListNode<WaitingMessage> node)
    {
        WaitingMessage entry = node.Value;
        _parked.Left(node);
        node.List?.Remove(node);
        _byId.Remove(entry.Id);
        _memoryBytes -= WaitingMessage.EntryBytes + (entry.Message is null ? 0 : entry.Bytes);
        if (!entry.IsNeverDropped) (_eventCount, _eventBytes) = (_eventCount - 1, _eventBytes - entry.Bytes);
        _outbox?.Remove(entry.Id);
    }
}
