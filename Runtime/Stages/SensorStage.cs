using Edge.Config;
using Edge.Runtime.Sensors;
using Edge.Storage;
using Microsoft.Extensions.Hosting;

namespace Edge.Runtime.Stages;

/// <summary>Reads the sensor at the pace of the stream and feeds the windower. At the end of a recorded step it lets the pipeline come to rest and the recorder take stock.</summary>
public sealed class SensorStage(
    ISensor sensor, SensorSection settings, Flows flows, SampleBlockPool pool, IStreamObserver observer, ClassNames names, TimeProvider time, FaultRecord faults, IHostApplicationLifetime lifetime)
    : Stage(faults, lifetime)
{
    /// <inheritdoc/>
    protected override async Task RunAsync(CancellationToken stopping)
    {
        using var ending = flows.EndWith(stopping);
        long startTicks = time.GetTimestamp();
        double paced = 0;
        long sampleCount = 0;
        for (int step = 0; ;)
        {
            var block = pool.Rent();
            switch (await sensor.ReadAsync(block, stopping))
            {
                case SensorReading.Block:
                    paced += block.SampleCount / sensor.SampleRateHz;
                    if (settings.Speed > 0) await WaitUntil(startTicks, paced / settings.Speed, stopping);
                    block.FirstSample = sampleCount;
                    if (block.Truth is { } truth) block.Truth = names.FromStored(truth); // A sensor calls classes as it always did.
                    sampleCount += block.SampleCount;
                    flows.InFlight.Enter();
                    await flows.Blocks.Writer.WriteAsync(block, CancellationToken.None);
                    break;
                case SensorReading.StepEnd:
                    pool.Return(block);
                    await observer.StepEndedAsync(step++, stopping);
                    startTicks = time.GetTimestamp();
                    paced = 0;
                    break;
                case SensorReading.StreamEnd:
                    pool.Return(block);
                    await observer.StreamEndedAsync(stopping);
                    return;
            }
        }
    }

    private async ValueTask WaitUntil(long startTicks, double seconds, CancellationToken stopping)
    {
        var left = TimeSpan.FromSeconds(seconds) - time.GetElapsedTime(startTicks);
        if (left > TimeSpan.Zero) await Task.Delay(left, time, stopping);
    }
}

/// <summary>Whoever takes stock of a recorded stream.</summary>
public interface IStreamObserver
{
    /// <summary>A step has been streamed.</summary>
    Task StepEndedAsync(int step, CancellationToken cancel);

    /// <summary>There is no more.</summary>
    Task StreamEndedAsync(CancellationToken cancel);
}
