namespace Edge.Storage;

/// <summary>Shape of every window of a pipeline: [<paramref name="ChannelCount"/>, <paramref name="Length"/>] float32, row-major (channel after channel), in the sensor's units.</summary>
/// <param name="ChannelCount">Number of sensor channels, at least 1.</param>
/// <param name="Length">Samples per channel in one window, at least 1.</param>
/// <param name="SampleRateHz">Samples per second of every channel.</param>
public sealed record WindowShape(int ChannelCount, int Length, double SampleRateHz)
{
    /// <summary>Values in one window.</summary>
    public int ValueCount => ChannelCount * Length;

    /// <inheritdoc/>
    public override string ToString() => $"[{ChannelCount}, {Length}] at {SampleRateHz:0.###} Hz";
}
