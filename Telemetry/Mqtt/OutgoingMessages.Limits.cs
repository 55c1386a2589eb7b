namespace Edge.Telemetry.Mqtt;

/// <summary>What goes where there is no room.</summary>
internal sealed partial class OutgoingMessages
{
    /// <summary>Drops events until one more keeps their limits, and everything the limit of memory; what the broker refuses for now takes no room from what it might take. False: it cannot.</summary>
    private bool MakeRoom(int events, int bytes)
    {
        DropOld();
        if (events > 0 && bytes > _limits.EventBytes) return false;
        while ((_eventCount + events > _limits.EventCount || _eventBytes + events * (long)bytes > _limits.EventBytes) && (_parked.FirstEvent ?? _events.First) is { } oldest) GiveUp(oldest);
        while (_memoryBytes + WaitingMessage.EntryBytes + bytes > _limits.MemoryBytes)
        {
            if ((_parked.FirstEvent ?? _events.First ?? _parked.FirstNeverDropped) is not { } oldest) return false;
            GiveUp(oldest);
        }

        return true;
    }

    /// <summary>Drops events that are too old. A clock that was never set says nothing about age.</summary>
    private void DropOld()
    {
        if (_eventCount == 0) return;
        DateTimeOffset now = _time.GetUtcNow();
        while (_events.First is { } oldest && IsOld(oldest)) GiveUp(oldest);
        while (_parked.FirstEvent is { } oldest && IsOld(oldest)) GiveUp(oldest);

        bool IsOld(LinkedListNode<WaitingMessage> node) => node.Value.At.Year >= 2020 && now - node.Value.At > _limits.EventAge;
    }

    private void GiveUp(LinkedListNode<WaitingMessage> node)
    {
        Leave(node);
        node.Value.Receipt?.TrySetResult(GivenUp);
        CountDropped(node.Value.Name, node.Value.IsNeverDropped);
        _latest.Leave(node.Value.Topic, node.Value, isSent: false); // Whether its content is in memory or not: the topic has it.
        _available.TrySetResult();
    }

    private void CountDropped(string name, bool isNeverDropped)
    {
        _dropped[name] = _dropped.GetValueOrDefault(name) + 1;
        if (isNeverDropped) _neverDroppedLost++;
    }
}
