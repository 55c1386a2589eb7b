namespace Edge.Telemetry.Mqtt;

/// <summary>A message in the queue. Its content may be on disk only; what is needed to choose what goes is here.</summary>
internal sealed class WaitingMessage(long id, OutboundMessage message, DateTimeOffset at)
{
    /// <summary>What an entry costs in memory beside its content, about, bytes.</summary>
    public const int EntryBytes = 256;

    public long Id => id;

    public DateTimeOffset At => at;

    public string Name { get; } = message.Name;

    public string Topic { get; } = message.Topic;

    public bool IsNeverDropped { get; } = message.IsNeverDropped;

    /// <summary>Bytes of its content.</summary>
    public int Bytes { get; } = message.Payload.Length;

    /// <summary>Its content; null while it is on disk only.</summary>
    public OutboundMessage? Message { get; set; } = message;

    /// <summary>Told what becomes of this very message, once; null: nobody asks. It does not survive the process.</summary>
    public TaskCompletionSource<string?>? Receipt { get; init; }

    /// <summary>Whether it is on disk.</summary>
    public bool IsWritten { get; set; }
}

/// <summary>How much may wait.</summary>
internal sealed record OutgoingLimits
{
    /// <summary>Events that may be dropped.</summary>
    public int EventCount { get; init; } = 512;

    /// <summary>Bytes of their content.</summary>
    public long EventBytes { get; init; } = 4L << 20;

    /// <summary>How old they may be.</summary>
    public TimeSpan EventAge { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Bytes that everything in the queue may take in memory, content and entries. Beyond it content stays on disk; where the disk refuses, or entries alone are as much, the newest is refused.</summary>
    public long MemoryBytes { get; init; } = 16L << 20;
}
