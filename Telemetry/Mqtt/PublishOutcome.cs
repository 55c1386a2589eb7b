namespace Edge.Telemetry.Mqtt;

/// <summary>How a publish ended.</summary>
internal enum PublishResult
{
    /// <summary>The broker has it.</summary>
    Acknowledged,

    /// <summary>The broker can never take it, whatever anybody does: larger than it takes, or no payload of the format that it says to be.</summary>
    Refused,

    /// <summary>The broker will not take it on this topic until a person allows it there: not authorised, or a name of a topic that it does not accept.</summary>
    Denied,

    /// <summary>The broker cannot take it now, and says so of this message: a quota is used up, or something went wrong there. Later it may.</summary>
    Postponed,

    /// <summary>Nobody knows; send it again on another connection.</summary>
    Failed,
}

/// <summary>How a publish ended, and why when not well.</summary>
internal readonly record struct PublishOutcome(PublishResult Result, string Reason);
