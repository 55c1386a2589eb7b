namespace Edge.Runtime.Sensors;

/// <summary>A few consecutive samples of every channel. Owned by whoever holds it; given back to its <see cref="SampleBlockPool"/> when used up.</summary>
public sealed class SampleBlock(int channelCount, int capacity)
{
    /// <summary>Most samples per channel.</summary>
    public int Capacity { get; } = capacity;

    /// <summary>[channels, capacity] float32, row-major; the first <see cref="SampleCount"/> of each row are valid.</summary>
    public float[] Values { get; } = new float[channelCount * capacity];

    /// <summary>Valid samples per channel.</summary>
    public int SampleCount { get; set; }

    /// <summary>Samples per channel that came before this block since the start, those of blocks dropped on the way included; the sensor stage counts.</summary>
    public long FirstSample { get; set; }

    /// <summary>Stream time of the first sample, seconds.</summary>
    public double StartSeconds { get; set; }

    /// <summary>Whether the sensor missed something before this block, so that no window may reach across.</summary>
    public bool StartsAfterGap { get; set; }

    /// <summary>The true class of these samples, where the sensor knows it (simulated, recorded); else null.</summary>
    public string? Truth { get; set; }

    /// <summary>The samples of one channel.</summary>
    public Span<float> Channel(int channel) => Values.AsSpan(channel * Capacity, SampleCount);
}

/// <summary>Blocks for reuse, so that a running stream allocates nothing. Bounded by the queue it feeds; safe from any thread.</summary>
public sealed class SampleBlockPool(int channelCount, int capacity)
{
    private readonly System.Collections.Concurrent.ConcurrentQueue<SampleBlock> free = new();

    /// <summary>A block to fill.</summary>
    public SampleBlock Rent()
    {
        var block = free.TryDequeue(out var used) ? used : new SampleBlock(channelCount, capacity);
        block.SampleCount = 0;
        block.FirstSample = 0;
        block.StartsAfterGap = false;
        block.Truth = null;
        return block;
    }

    /// <summary>Gives a block back.</summary>
    public void Return(SampleBlock block) => free.Enqueue(block);
}
