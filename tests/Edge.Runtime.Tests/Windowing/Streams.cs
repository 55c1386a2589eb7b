using Edge.Runtime.Sensors;

namespace Edge.Runtime.Tests.Windowing;

/// <summary>A stream as the sensor stage delivers it: blocks that count their samples.</summary>
internal sealed class Streams(int channelCount, int capacity)
{
    private long sampleCount;

    /// <summary>The next block: [channels][samples], all of one class.</summary>
    public SampleBlock Block(float[][] values, double startSeconds = 0, string? truth = null, bool afterGap = false)
    {
        var block = new SampleBlock(channelCount, capacity) { SampleCount = values[0].Length, FirstSample = sampleCount, StartSeconds = startSeconds, Truth = truth, StartsAfterGap = afterGap };
        sampleCount += block.SampleCount;
        for (int channel = 0; channel < channelCount; channel++) values[channel].CopyTo(block.Channel(channel));
        return block;
    }

    /// <summary>The next block of a ramp: every sample is the number of samples before it.</summary>
    public SampleBlock Ramp(int count, double sampleRateHz, string? truth = null, bool afterGap = false)
    {
        float[] ramp = [.. Enumerable.Range(0, count).Select(i => (float)(sampleCount + i))];
        return Block([.. Enumerable.Repeat(ramp, channelCount)], sampleCount / sampleRateHz, truth, afterGap);
    }

    /// <summary>As many samples never arrive: a full queue dropped their blocks.</summary>
    public void Drop(int count) => sampleCount += count;
}
