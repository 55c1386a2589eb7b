namespace Edge.Telemetry.Mqtt;

/// <summary>How the link treats a message while there is no broker.</summary>
public enum Delivery
{
    /// <summary>Waits in the queue; every one counts; not retained.</summary>
    Event,

    /// <summary>Only the latest per topic is kept and sent, outside the queue; retained; sent again after every reconnect.</summary>
    LatestState,

    /// <summary>Waits in the queue like an event, is retained, and the latest per topic is sent again after a reconnect.</summary>
    RetainedEvent,
}

/// <summary>A message on its way to the broker, QoS 1. Immutable; the payload must not be changed once handed over.</summary>
/// <param name="Name">What it is, in drop counters: the topic's name in <see cref="Topics.Table"/>.</param>
/// <param name="Topic">Where it goes.</param>
/// <param name="Payload">UTF-8 JSON.</param>
/// <param name="Delivery">What to do with it while there is no broker.</param>
public sealed record OutboundMessage(string Name, string Topic, ReadOnlyMemory<byte> Payload, Delivery Delivery)
{
    /// <summary>Whether the broker keeps it.</summary>
    public bool Retain => Delivery != Delivery.Event;
}
