namespace Edge.Telemetry.Mqtt;

/// <summary>What is agreed about a topic that is not one of <see cref="Topics"/>, and only there when the configuration asks for it.</summary>
/// <param name="Name">Its name in asyncapi.yaml, camelCase.</param>
/// <param name="Address">The whole topic, with {parameters}.</param>
/// <param name="Direction">Who sends.</param>
/// <param name="QualityOfService">0, 1 or 2; of an inbound topic that of the subscription.</param>
/// <param name="Retain">Whether the broker keeps the latest message for those who come later.</param>
/// <param name="SentWhen">When it is sent.</param>
public sealed record OptInTopicRow(string Name, string Address, TopicDirection Direction, int QualityOfService, bool Retain, string SentWhen);
