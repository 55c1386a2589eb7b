namespace Edge.Telemetry.Mqtt;

/// <summary>How a publish ended.</summary>
internal enum PublishResult
{
    /// <summary>The broker has it.</summary>
    Acknowledged,

    /// <summary>The broker will never take it.</summary>
    Refused,

    /// <summary>Nobody knows; send it again on another connection.</summary>
    Failed,
}

/// <summary>How a publish ended, and why when not well.</summary>
internal readonly record struct PublishOutcome(PublishResult Result, string Reason);
