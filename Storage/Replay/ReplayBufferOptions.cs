namespace Edge.Storage;

/// <summary>How much the replay buffer keeps, and how it chooses.</summary>
public sealed record ReplayBufferOptions
{
    /// <summary>Most examples kept for replay.</summary>
    public required int Capacity { get; init; }

    /// <summary>Most bytes of values kept for replay, at least 1; anchors and what waits for a round do not count. What is reached first binds, this or <see cref="Capacity"/>.</summary>
    public long CapacityBytes { get; init; } = long.MaxValue;

    /// <summary>Which examples are kept when the replay buffer is full. When it is another than before, what is kept stays as far as it fits.</summary>
    public RetentionKind Policy { get; init; } = RetentionKind.ClassBalanced;

    /// <summary>Shortest stretch of stream time that <see cref="RetentionKind.Segmented"/> tells apart, seconds.</summary>
    public double SegmentSeconds { get; init; } = 3600;

    /// <summary>How new examples are stored. Old ones stay as they are.</summary>
    public PayloadKind Payload { get; init; } = PayloadKind.Float32;

    /// <summary>Samples per channel of a window, which tells its channels apart: each has a step of its own in <see cref="PayloadKind.Int16"/>, and features of its own in <see cref="RetentionKind.Herding"/>. 0, or one that the number
    /// of values is no multiple of: the window counts as one channel.</summary>
    public int WindowLength { get; init; }

    /// <summary>Most examples held out to judge snapshots.</summary>
    public required int AnchorCapacity { get; init; }

    /// <summary>Share of time blocks that are held out, 0 to 1.</summary>
    public required double AnchorShare { get; init; }

    /// <summary>Length of a time block, seconds of stream time.</summary>
    public required double AnchorBlockSeconds { get; init; }

    /// <summary>From the first sample of a window to the end of its last, seconds of stream time: windows that are partly in a held-out block are neither anchors nor trained on. 0: the start alone decides, and neighbours on both sides of
    /// a block's border may share samples.</summary>
    public double WindowSeconds { get; init; }

    /// <summary>Most examples that wait for the next round; the oldest is let go when it is exceeded.</summary>
    public required int FreshCapacity { get; init; }

    /// <summary>Values of a window, channels x length, that are held in memory for drawing; null: those of the first example that is stored. Windows of another length are read from the file when they are drawn.</summary>
    public int? WindowValueCount { get; init; }

    /// <summary>Seed of every choice.</summary>
    public required int Seed { get; init; }

    /// <summary>Channels of a window with that many values, at least 1.</summary>
    public int ChannelsOf(int valueCount) => WindowLength > 0 && valueCount % WindowLength == 0 ? Math.Max(valueCount / WindowLength, 1) : 1;

    /// <summary>What classes are called in the file and outside it; within the store a class is what has one name in the file, so which examples stay does not change with a name.</summary>
    public ClassNames Names { get; init; } = ClassNames.Same;

    /// <summary>Copies of the data file that are kept; 0: none are made.</summary>
    public int CopyCount { get; init; }

    /// <summary>How often one is made while the store changes.</summary>
    public TimeSpan CopyInterval { get; init; } = TimeSpan.FromHours(1);
}

/// <summary>What a store is opened for.</summary>
public enum ReplayAccess
{
    /// <summary>To run: what is beyond the capacities is let go, a damaged file is restored, copies are made.</summary>
    Serve,

    /// <summary>To change it on an operator's word: nothing is let go by itself, a damaged file is restored.</summary>
    Maintain,

    /// <summary>To read it; nothing is written. A damaged file is an error.</summary>
    Look,

    /// <summary>To read a copy, beside a service that runs.</summary>
    LookAtCopy,
}

/// <summary>What the store holds, as one consistent picture.</summary>
public sealed record ReplayCounts
{
    /// <summary>Examples in the replay buffer, by class.</summary>
    public required IReadOnlyDictionary<string, int> Replay { get; init; }

    /// <summary>Examples held out, by class.</summary>
    public required IReadOnlyDictionary<string, int> Anchors { get; init; }

    /// <summary>Examples that wait for the next round.</summary>
    public required int FreshCount { get; init; }

    /// <summary>Examples acknowledged over the life of the store.</summary>
    public required ulong AcknowledgedCount { get; init; }

    /// <summary>The newest example that waits for no round any more; those up to it leave when the policy lets them go, without further notice.</summary>
    public ulong SettledThroughId { get; init; }

    /// <summary>Examples that stopped waiting for a round because <see cref="ReplayBufferOptions.FreshCapacity"/> was reached.</summary>
    public required long FreshOverflowCount { get; init; }

    /// <summary>Records that failed their checksum when read.</summary>
    public required long CorruptCount { get; init; }

    /// <summary>Latest stream time of an example, seconds; 0 when there is none. A sensor that makes its own time goes on from here.</summary>
    public required double LastStartSeconds { get; init; }

    /// <summary>Bytes of the values in the replay buffer, without what the file adds to each example.</summary>
    public long ReplayPayloadBytes { get; init; }

    /// <summary>Examples in the replay buffer.</summary>
    public int ReplayCount => Replay.Values.Sum();

    /// <summary>Examples held out.</summary>
    public int AnchorCount => Anchors.Values.Sum();
}

/// <summary>What a round trains on.</summary>
/// <param name="Fresh">New since the last round.</param>
/// <param name="Replay">From the replay buffer, without those in <paramref name="Fresh"/>.</param>
/// <param name="ThroughId">The newest example in the draw; <see cref="ReplayBuffer.SettleAsync"/> takes it.</param>
public sealed record ReplayDraw(IReadOnlyList<Example> Fresh, IReadOnlyList<Example> Replay, ulong ThroughId);
