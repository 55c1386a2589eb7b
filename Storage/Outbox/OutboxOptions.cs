namespace Edge.Storage;

/// <summary>Where an outbox lies and when it writes.</summary>
public sealed record OutboxOptions
{
    /// <summary>The LiteDB file, for example <c>outbox.db</c> in the data directory. Its journal (<c>outbox-log.db</c>) and its mark of ids (<c>outbox.ids</c>) lie beside it.</summary>
    public required string Path { get; init; }

    /// <summary>How long a record that is not urgent waits before it is written. One that is removed meanwhile never touches the disk.</summary>
    /// <value>Default 2 s: what a kill may take of the records that are not urgent. Longer: less wear while the far end is slow.</value>
    public TimeSpan WriteDelay { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long an urgent record waits while <see cref="Outbox.IsReachable"/>: one that is acknowledged from afar within that time needs no write. Not while acknowledgements take longer.</summary>
    /// <value>Default 30 ms, a round trip on a good network. 0: every urgent record is written.</value>
    public TimeSpan Grace { get; init; } = TimeSpan.FromMilliseconds(30);

    /// <summary>How long removals wait to be written together. What a kill takes of them is sent again.</summary>
    /// <value>Default 1 s.</value>
    public TimeSpan RemoveDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest pause after the disk refused; the first is a hundredth.</summary>
    /// <value>Default 30 s.</value>
    public TimeSpan MaxPause { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Bytes of disk that are left to others: with less free nothing is written.</summary>
    /// <value>Default 32 MiB.</value>
    public long ReserveBytes { get; init; } = 32L << 20;

    /// <summary>An empty file longer than this is begun anew, since LiteDB never makes a file smaller.</summary>
    /// <value>Default 1 MiB.</value>
    public long ShrinkBytes { get; init; } = 1L << 20;
}

/// <summary>How an outbox is doing, at one moment.</summary>
public sealed record OutboxHealth
{
    /// <summary>Why nothing is written at the moment; null when all is well.</summary>
    public string? Problem { get; init; }

    /// <summary>Records in the file.</summary>
    public int Count { get; init; }

    /// <summary>Length of the file, bytes.</summary>
    public long FileBytes { get; init; }

    /// <summary>Bytes written to the file and its journal since the start.</summary>
    public long WrittenBytes { get; init; }

    /// <summary>Changes forced to disk since the start.</summary>
    public long ChangeCount { get; init; }

    /// <summary>Writes that the disk refused since the start.</summary>
    public long RefusedCount { get; init; }

    /// <summary>Files put aside because they were damaged, since the start.</summary>
    public int DamagedCount { get; init; }

    /// <summary>What was last done about a damaged file; null when none was.</summary>
    public string? LastDamage { get; init; }
}

/// <summary>Told by an outbox, on its thread and outside its locks, what becomes of records.</summary>
public interface IOutboxOwner
{
    /// <summary>A record of an earlier life was found, in the order of ids; before <see cref="Outbox.Open"/> returns, or later where the disk refused then. After a refusal or damage in the middle it may be told twice.</summary>
    void Found(long id, ReadOnlySpan<byte> record);

    /// <summary>These are on disk.</summary>
    void Written(IReadOnlyCollection<long> ids);

    /// <summary>These were on disk and went with a damaged file.</summary>
    void Lost(IReadOnlyCollection<long> ids);

    /// <summary>The disk began to refuse, or takes writes again.</summary>
    void Changed(OutboxHealth health);

    /// <summary>A damaged file was put aside; the text says which, why and what was salvaged.</summary>
    void Damaged(string what);
}
