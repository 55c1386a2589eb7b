namespace Edge.Telemetry.Mqtt;

/// <summary>How much a message matters, and so what becomes of it while there is no broker.</summary>
public enum Delivery
{
    /// <summary>Waits in order; bounded in count, bytes and age, and then the oldest is dropped and counted by name. Written to the outbox when it waits for more than two seconds. Not retained.</summary>
    Event,

    /// <summary>Only the latest per topic is kept and sent, outside the queue; retained; sent again after every reconnect. Not written: the service tells its state anew at every start.</summary>
    LatestState,

    /// <summary>Waits like an event, is retained, and the latest per topic is sent again after a reconnect.</summary>
    RetainedEvent,

    /// <summary>A measurement: only the newest per topic waits, older ones are dropped and counted. Not retained, never written.</summary>
    Gauge,

    /// <summary>Never dropped: waits in order, in the outbox on disk from the moment that <see cref="MqttLink.Send"/> returns, until the broker has it or can never take it. Not retained.</summary>
    NeverDrop,

    /// <summary>Never dropped, retained, and the latest per topic is sent again after a reconnect.</summary>
    RetainedNeverDrop,
}

/// <summary>A message on its way to the broker, QoS 1. Immutable; the payload must not be changed once handed over.</summary>
/// <param name="Name">What it is, in drop counters: the topic's name in <see cref="Topics.Table"/>.</param>
/// <param name="Topic">Where it goes.</param>
/// <param name="Payload">UTF-8 JSON.</param>
/// <param name="Delivery">What to do with it while there is no broker.</param>
public sealed record OutboundMessage(string Name, string Topic, ReadOnlyMemory<byte> Payload, Delivery Delivery)
{
    /// <summary>Whether the broker keeps it.</summary>
    public bool Retain => Delivery is Delivery.LatestState or Delivery.RetainedEvent or Delivery.RetainedNeverDrop;

    /// <summary>Whether every one counts.</summary>
    public bool IsNeverDropped => Delivery is Delivery.NeverDrop or Delivery.RetainedNeverDrop;

    /// <summary>Whether it waits in the queue, in order, rather than in the one place of its topic.</summary>
    internal bool IsQueued => Delivery is not (Delivery.LatestState or Delivery.Gauge);
}
