using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Edge.Runtime.Sensors;
using Edge.Runtime.Stages;

namespace Edge.Benchmarks;

/// <summary>A sensor that gives half a window, and so completes one, whenever it is told to. Allocates nothing.</summary>
/// <param name="windows">[windows, channels, length] float32.</param>
internal sealed class PacedWindows(float[] windows) : ISensor, IStreamObserver
{
    private readonly Channel<bool> turns = Channel.CreateBounded<bool>(64);
    private long sample;

    public IReadOnlyList<string> Channels { get; } = [.. Enumerable.Range(0, InferenceSubject.Window.ChannelCount).Select(i => $"c{i}")];

    public double SampleRateHz => InferenceSubject.Window.SampleRateHz;

    public int BlockCapacity => InferenceSubject.Window.Length / 2;

    /// <summary>Lets the next block come.</summary>
    public void Give() => turns.Writer.TryWrite(true);

    /// <summary>No more will come.</summary>
    public void End() => turns.Writer.TryComplete(new OperationCanceledException());

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<SensorReading> ReadAsync(SampleBlock block, CancellationToken cancel)
    {
        await turns.Reader.ReadAsync(CancellationToken.None);
        var (length, size) = (InferenceSubject.Window.Length, InferenceSubject.Window.ValueCount);
        long window = sample / length * size % windows.Length;
        block.SampleCount = BlockCapacity;
        block.StartSeconds = sample / SampleRateHz;
        for (int channel = 0; channel < Channels.Count; channel++)
            windows.AsSpan((int)window + channel * length + (int)(sample % length), BlockCapacity).CopyTo(block.Channel(channel));
        sample += BlockCapacity;
        return SensorReading.Block;
    }

    public Task StepEndedAsync(int step, CancellationToken cancel) => Task.CompletedTask;

    public Task StreamEndedAsync(CancellationToken cancel) => Task.CompletedTask;
}
