using Edge.Storage;

namespace Edge.Telemetry.Mqtt;

/// <summary>A topic that the broker does not let the device hear.</summary>
/// <param name="Topic">The topic filter.</param>
/// <param name="Reason">The broker's no, and what can be done about it, in one line.</param>
public sealed record RefusedSubscription(string Topic, string Reason);

/// <summary>How the link is doing, at one moment.</summary>
public sealed record LinkState
{
    /// <summary>Whether the broker has taken the session.</summary>
    public required bool Connected { get; init; }

    /// <summary><c>host:port</c> of the broker.</summary>
    public required string Broker { get; init; }

    /// <summary>Since when it is connected, or not.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>Messages that may be in flight on the latest connection; 0 before the first.</summary>
    public int InFlightWindow { get; init; }

    /// <summary>The latest thing that went wrong; null when nothing has. It stays when the link is well again.</summary>
    public string? LastError { get; init; }

    /// <summary>Subscriptions that the broker did not grant when they were last tried, in the order of <see cref="MqttLinkOptions.Subscriptions"/>; empty when there are none. They are tried again. The same object as long as nothing changes, and over a loss of the connection.</summary>
    public IReadOnlyList<RefusedSubscription> RefusedSubscriptions { get; init; } = [];

    /// <summary>Successful connections after the first.</summary>
    public long ReconnectCount { get; init; }

    /// <summary>Messages of the queue that wait for their acknowledgement or to be sent.</summary>
    public int QueuedCount { get; init; }

    /// <summary>Messages, states included, that the broker refuses for now: not authorised, a quota, an error of its own. Those of the queue are among <see cref="QueuedCount"/>; all are tried again.</summary>
    public int ParkedCount { get; init; }

    /// <summary>Messages of the queue that this side gave up over a limit of the queue, or that went with a damaged outbox.</summary>
    public long DroppedCount { get; init; }

    /// <summary>The same by name of the message.</summary>
    public IReadOnlyDictionary<string, long> DroppedByName { get; init; } = new Dictionary<string, long>();

    /// <summary>Messages that should never be dropped and were: neither disk nor memory had room, they lay on a damaged page of the outbox, or they are among <see cref="RefusedCount"/>.</summary>
    public long NeverDroppedLostCount { get; init; }

    /// <summary>Gauges that gave way to newer ones before they were sent, by name of the message.</summary>
    public IReadOnlyDictionary<string, long> CoalescedByName { get; init; } = new Dictionary<string, long>();

    /// <summary>Messages that were given up because the broker can never take them (too large, no good payload, or ten connections in a row ended with it and the broker gave no other reason), and, of a topic that it denies, gauges and events that may be dropped.</summary>
    public long RefusedCount { get; init; }

    /// <summary>The same by name of the message.</summary>
    public IReadOnlyDictionary<string, long> RefusedByName { get; init; } = new Dictionary<string, long>();

    /// <summary>Bytes that what waits takes in memory, about.</summary>
    public long QueuedMemoryBytes { get; init; }

    /// <summary>How the outbox on disk is doing; null without one.</summary>
    public OutboxHealth? Outbox { get; init; }

    /// <summary>Messages acknowledged by the broker.</summary>
    public long PublishedCount { get; init; }

    /// <summary>Messages received.</summary>
    public long ReceivedCount { get; init; }

    /// <summary>Received messages dropped because nobody read them in time: only such as were published at QoS 0, which the broker does not keep.</summary>
    public long ReceivedDroppedCount { get; init; }
}
