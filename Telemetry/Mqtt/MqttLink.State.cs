namespace Edge.Telemetry.Mqtt;

/// <summary>How the link is doing.</summary>
public sealed partial class MqttLink
{
    /// <summary>How the link is doing.</summary>
    public LinkState State
    {
        get
        {
            IReadOnlyDictionary<string, long> dropped = _outgoing.DroppedByName;
            lock (_gate)
            {
                return new LinkState
                {
                    Connected = _connected,
                    Broker = $"{_options.Host}:{_options.Port}",
                    Since = _since,
                    InFlightWindow = _window,
                    LastError = _lastError,
                    RefusedSubscriptions = _refusedSubscriptions,
                    ReconnectCount = Math.Max(0, _connectCount - 1),
                    QueuedCount = _outgoing.Count,
                    QueuedMemoryBytes = _outgoing.MemoryBytes,
                    ParkedCount = _outgoing.ParkedCount,
                    DroppedCount = dropped.Values.Sum(),
                    DroppedByName = dropped,
                    NeverDroppedLostCount = _outgoing.NeverDroppedLostCount,
                    CoalescedByName = _outgoing.CoalescedByName,
                    RefusedCount = _refusedByName.Values.Sum(),
                    RefusedByName = new Dictionary<string, long>(_refusedByName),
                    PublishedCount = Interlocked.Read(ref _published),
                    ReceivedCount = _inbox.ReceivedCount,
                    ReceivedDroppedCount = _inbox.DroppedCount,
                    Outbox = _outgoing.OutboxHealth,
                };
            }
        }
    }
}
