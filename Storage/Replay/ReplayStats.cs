namespace Edge.Storage;

/// <summary>What the replay buffer holds, takes on the disk and has cost.</summary>
public sealed record ReplayStats
{
    /// <summary>Examples by part and class.</summary>
    public required ReplayCounts Counts { get; init; }

    /// <summary>Length of the data file.</summary>
    public required long DataBytes { get; init; }

    /// <summary>Length of its journal: the largest change since the store was opened.</summary>
    public required long LogBytes { get; init; }

    /// <summary>Bytes of all records, checksums included, as they are in the data file.</summary>
    public required long RecordBytes { get; init; }

    /// <summary>Pages of 8192 bytes in the data file.</summary>
    public required long PageCount { get; init; }

    /// <summary>Pages that hold nothing; compaction frees them, new examples use them.</summary>
    public required long EmptyPageCount { get; init; }

    /// <summary>Records that were ever put into quarantine.</summary>
    public required long QuarantinedCount { get; init; }

    /// <summary>What it has cost.</summary>
    public required ReplayWear Wear { get; init; }

    /// <summary>Copies, oldest first.</summary>
    public required IReadOnlyList<ReplayCopy> Copies { get; init; }

    /// <summary>Copies that could not be made since the start.</summary>
    public required long CopyFailureCount { get; init; }

    /// <summary>How long the store stood still for the latest copy since the start.</summary>
    public required TimeSpan LastCopyStall { get; init; }

    /// <summary>Damaged files that were put aside, oldest first.</summary>
    public required IReadOnlyList<string> PutAside { get; init; }
}

/// <summary>What the store's own file has cost over its life. What else keeps the memory (statistics of the features, copies, rounds) is not in it; a running service counts that as <c>edge.storage.written</c>.</summary>
/// <param name="WrittenBytes">Bytes handed to the file system for changes: a new page once, what changes in another to the journal and its 4096-byte halves to the data file. Copies, compaction and the file system's own bookkeeping are not counted.</param>
/// <param name="PayloadBytes">Bytes of the samples acknowledged, as float32.</param>
/// <param name="ExampleCount">Examples acknowledged.</param>
public sealed record ReplayWear(long WrittenBytes, long PayloadBytes, long ExampleCount)
{
    /// <summary>Bytes written per example; 0 before the first.</summary>
    public double BytesPerExample => ExampleCount == 0 ? 0 : WrittenBytes / (double)ExampleCount;

    /// <summary>Bytes written per byte of samples; 0 before the first.</summary>
    public double Amplification => PayloadBytes == 0 ? 0 : WrittenBytes / (double)PayloadBytes;
}

/// <summary>One copy of the data file.</summary>
/// <param name="Name">Its file name in the folder of copies.</param>
/// <param name="TakenAt">When it was taken.</param>
/// <param name="Bytes">Its length.</param>
public sealed record ReplayCopy(string Name, DateTimeOffset TakenAt, long Bytes);

/// <summary>What a compaction came to.</summary>
/// <param name="RecordCount">Records written.</param>
/// <param name="BytesBefore">Length of the old file.</param>
/// <param name="BytesAfter">Length of the new one.</param>
/// <param name="Took">How long it took; the store stood still.</param>
public sealed record ReplayCompaction(long RecordCount, long BytesBefore, long BytesAfter, TimeSpan Took);
