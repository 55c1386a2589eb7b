namespace Edge.Telemetry.Mqtt;

/// <summary>What the broker refuses for now.</summary>
internal sealed partial class OutgoingMessages
{
    private ITimer? _wake;

    /// <summary>Messages, states included, that the broker refuses for now.</summary>
    public int ParkedCount
    {
        get
        {
            lock (_gate) return _parked.Count + _latest.PostponedCount;
        }
    }

    /// <summary>The broker refuses <paramref name="sent"/> for now, and it is tried again; but not one whose sender waits for word, nor, when it is denied, an event that may be dropped, or a gauge.</summary>
    /// <param name="sent">What was taken.</param>
    /// <param name="isDenied">Whether it will not take anything of this topic until a person allows it there.</param>
    /// <param name="pause">Until it is tried again, when that is news of its topic; else null.</param>
    /// <param name="endsConnections">Whether the broker says no by ending the connection: then it is tried again only when others have had time on a connection.</param>
    /// <returns>False: it is for the caller to give it up.</returns>
    public bool TryPark(Outgoing sent, bool isDenied, out TimeSpan? pause, bool endsConnections = false)
    {
        lock (_gate)
        {
            pause = null;
            if (sent.Entry is not { } entry)
            {
                if (isDenied && !endsConnections && sent.Message.Delivery == Delivery.Gauge) return false; // One that ends connections must not come with the next gauge.
                pause = _latest.Postpone(sent.Message, endsConnections);
                return true;
            }

            if (!_byId.TryGetValue(entry.Id, out LinkedListNode<WaitingMessage>? node)) return true; // Given up meanwhile, and counted.
            bool isKept = entry.Receipt is null && (entry.IsNeverDropped || !isDenied || endsConnections); // The next event of the topic would end as many connections.
            if (isKept) node.List?.Remove(node);
            pause = _parked.Refused(node, isDenied, isKept, endsConnections);
            if (isKept) Release(entry);
            return isKept;
        }
    }

    /// <summary>The first of the queue that does not have to wait behind others of its topic; what is to be tried again goes first.</summary>
    private LinkedListNode<WaitingMessage>? NextInTurn()
    {
        if (_parked.TryProbe(out LinkedListNode<WaitingMessage>? probe)) ListOf(probe.Value).AddFirst(probe);
        while (First() is { } first)
        {
            if (!_parked.IsBehind(first.Value)) return first;
            first.List!.Remove(first);
            _parked.Await(first);
            Release(first.Value);
        }

        return null;
    }

    /// <summary>The broker has taken what was tried: the others of its topic take their places in the queue again.</summary>
    private void BackFromParked(WaitingMessage taken)
    {
        foreach (LinkedListNode<WaitingMessage> node in _parked.Taken(taken))
        {
            LinkedList<WaitingMessage> list = ListOf(node.Value);
            LinkedListNode<WaitingMessage>? later = list.First;
            while (later is not null && later.Value.Id < node.Value.Id) later = later.Next;
            if (later is null) list.AddLast(node);
            else list.AddBefore(later, node);
            _available.TrySetResult();
        }
    }

    /// <summary>Sees to it that whoever waits for something to take is woken when the next of what is parked is to be tried.</summary>
    private void WakeForParked()
    {
        TimeSpan? next = (_parked.NextIn, _latest.NextIn) is ({ } a, { } b) ? (a < b ? a : b) : _parked.NextIn ?? _latest.NextIn;
        if (next is not { } pause) return;
        _wake ??= _time.CreateTimer(_ => Wake(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _wake.Change(pause > TimeSpan.FromMilliseconds(1) ? pause : TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);
    }

    private void Wake()
    {
        lock (_gate) _available.TrySetResult();
    }
}
