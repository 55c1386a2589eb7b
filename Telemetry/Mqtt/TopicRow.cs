namespace Edge.Telemetry.Mqtt;

/// <summary>Who sends on a topic.</summary>
public enum TopicDirection
{
    /// <summary>The device.</summary>
    FromDevice,

    /// <summary>The fleet.</summary>
    ToDevice,
}

/// <summary>What is agreed about one topic.</summary>
/// <param name="Name">Its name in code and in drop counters, camelCase.</param>
/// <param name="Suffix">What follows <c>{root}/{deviceId}/</c>.</param>
/// <param name="Direction">Who sends.</param>
/// <param name="QualityOfService">0, 1 or 2.</param>
/// <param name="Retain">Whether the broker keeps the latest message for those who come later.</param>
/// <param name="Delivery">How the link treats it; null for inbound topics.</param>
/// <param name="Schema">Name and version of its payload.</param>
/// <param name="SentWhen">When it is sent.</param>
public sealed record TopicRow(
    string Name,
    string Suffix,
    TopicDirection Direction,
    int QualityOfService,
    bool Retain,
    Delivery? Delivery,
    string Schema,
    string SentWhen);
