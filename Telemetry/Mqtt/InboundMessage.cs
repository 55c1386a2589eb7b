namespace Edge.Telemetry.Mqtt;

/// <summary>A message from the broker, QoS 1: it may come twice when a connection broke before its acknowledgement was through.</summary>
/// <param name="Topic">Where it came from.</param>
/// <param name="Payload">Its bytes, a copy of its own. Empty: somebody cleared a retained message.</param>
/// <param name="Retained">True when the broker had kept it from before the subscription.</param>
public sealed record InboundMessage(string Topic, ReadOnlyMemory<byte> Payload, bool Retained);
