using System.Runtime.CompilerServices;
using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Runtime.Sensors;
using Edge.Runtime.Stages;
using Edge.Runtime.Windowing;
using Edge.Storage;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;

namespace Edge.Benchmarks;

/// <summary>The real stages from sensor to prediction, fed with one window every five milliseconds while it is this pipeline's turn.</summary>
internal sealed class Pipeline : IAsyncDisposable
{
    private const int Stride = 64;
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(5);
    private readonly ServiceState state = new(TimeProvider.System);
    private readonly FaultRecord faults = new();
    private readonly ApplicationLifetime lifetime = new(NullLogger<ApplicationLifetime>.Instance);
    private readonly ReadOutSlot slot = new();
    private readonly Flows flows;
    private readonly Stage[] stages;
    private readonly PacedWindows sensor;

    private Pipeline(string model, float[] windows)
    {
        var shape = InferenceSubject.Window;
        var (blocks, pool) = (new SampleBlockPool(shape.ChannelCount, Stride), new WindowPool(shape));
        var session = InferenceSubject.Open(model, InferenceSubject.ReadOut(InferenceSubject.FrozenFeatures), ClassifierStage.LargestBatch, ProviderChain.BacklogThreads(InferenceSubject.Settings));
        var readOut = InferenceSubject.Calibrated(session, windows);
        flows = new Flows(lossless: false, state, blocks, pool);
        sensor = new PacedWindows(windows);
        slot.Swap(session, new PublishedReadOut(readOut, null!, null!, null));
        var (ring, live) = (new WindowRing(512, shape), StageDrift.Live(InferenceSubject.Settings, InferenceSubject.Manifest.Classes));
        stages =
        [
            new ClassifierStage(flows, pool, ring, slot, live, StageDrift.Of(shape, InferenceSubject.Manifest.Classes, live, ring, state), state, faults, lifetime),
            new WindowingStage(new Windower(shape, Stride, 1), flows, blocks, pool, state, faults, lifetime),
            new SensorStage(sensor, new SensorSection { Speed = 0 }, flows, blocks, sensor, ClassNames.Same, TimeProvider.System, faults, lifetime),
        ];
    }

    public long WindowCount { get; private set; }

    public long LostCount => state.WindowsDropped;

    public static async Task<Pipeline> StartAsync(string model, float[] windows)
    {
        var pipeline = new Pipeline(model, windows);
        foreach (var stage in pipeline.stages) await stage.StartAsync(CancellationToken.None);
        return pipeline;
    }

    /// <summary>Lets windows through for a while.</summary>
    /// <returns>Managed bytes that the whole process allocated meanwhile.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))] // So that it allocates nothing itself.
    public async ValueTask<long> RunAsync(TimeSpan time)
    {
        using var timer = new PeriodicTimer(s_interval);
        int count = (int)(time / s_interval);
        long before = GC.GetTotalAllocatedBytes(precise: true);
        for (int i = 0; i < count; i++)
        {
            await timer.WaitForNextTickAsync();
            sensor.Give();
            while (flows.Predictions.Reader.TryRead(out _)) flows.InFlight.Leave();
        }

        long bytes = GC.GetTotalAllocatedBytes(precise: true) - before;
        WindowCount += count;
        return bytes;
    }

    /// <summary>From the last sample to the prediction, milliseconds.</summary>
    public double LatencyMs(double percentile) => state.LatencyMs(percentile);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        lifetime.StopApplication();
        sensor.End();
        foreach (var stage in stages)
        {
            await stage.StopAsync(CancellationToken.None);
            stage.Dispose();
        }

        slot.Dispose();
        if (faults.First is not null) throw new InvalidOperationException(faults.First);
    }
}
