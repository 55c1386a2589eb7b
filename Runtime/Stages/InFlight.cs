namespace Edge.Runtime.Stages;

/// <summary>
/// How much is under way between the sensor and the replay buffer: blocks, windows, predictions and labels, each entered before it is written to a queue and left when its reader is done with it. Zero
/// means that the pipeline is at rest. Safe from any thread.
/// </summary>
public sealed class InFlight
{
    private long count;

    /// <summary>Things under way.</summary>
    public long Count => Interlocked.Read(ref count);

    /// <summary>One more is about to be written to a queue.</summary>
    public void Enter() => Interlocked.Increment(ref count);

    /// <summary>One has gone its way, or was dropped.</summary>
    public void Leave() => Interlocked.Decrement(ref count);
}
