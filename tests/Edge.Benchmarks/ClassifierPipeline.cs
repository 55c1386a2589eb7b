using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Runtime.Sensors;
using Edge.Runtime.Stages;
using Edge.Runtime.Windowing;
using Edge.Storage;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;

namespace Edge.Benchmarks;

/// <summary>The service's classifier stage with its queues, its slot and its ring: windows in at one end, predictions out at the other.</summary>
internal sealed class ClassifierPipeline : IAsyncDisposable
{
    private readonly WindowPool pool;
    private readonly ClassifierStage stage;

    /// <param name="shape">Windows.</param>
    /// <param name="lossless">Whether the queues wait, or drop the oldest as those of a live sensor do.</param>
    /// <param name="ringCapacity">Windows that can be looked up.</param>
    public ClassifierPipeline(WindowShape shape, bool lossless, int ringCapacity)
    {
        State = new ServiceState(TimeProvider.System);
        pool = new WindowPool(shape);
        Ring = new WindowRing(ringCapacity, shape);
        Flows = new Flows(lossless, State, new SampleBlockPool(1, 1), pool);
        var live = StageDrift.Live(new InferenceSection { Providers = ["cpu"] }, new LabelsSection().Classes);
        stage = new ClassifierStage(
            Flows, pool, Ring, Slot, live, StageDrift.Of(shape, live.Current.Labels.Classes, live, Ring, State), State, Faults, new ApplicationLifetime(NullLogger<ApplicationLifetime>.Instance));
    }

    /// <summary>What it counts.</summary>
    public ServiceState State { get; }

    /// <summary>Its queues.</summary>
    public Flows Flows { get; }

    /// <summary>Where sessions are left for it.</summary>
    public ReadOutSlot Slot { get; } = new();

    /// <summary>The latest windows with their embeddings.</summary>
    public WindowRing Ring { get; }

    /// <summary>What ended it.</summary>
    public FaultRecord Faults { get; } = new();

    /// <summary>Lets it work.</summary>
    public Task StartAsync(CancellationToken cancel) => stage.StartAsync(cancel);

    /// <summary>Hands a window in, as the windower does.</summary>
    public async ValueTask SendAsync(ulong id, float[] samples, CancellationToken cancel)
    {
        var window = pool.Rent();
        window.Id = id;
        samples.CopyTo(window.Samples, 0);
        window.ReadyTicks = System.Diagnostics.Stopwatch.GetTimestamp();
        Flows.InFlight.Enter();
        await Flows.Windows.Writer.WriteAsync(window, cancel);
    }

    /// <summary>The next prediction.</summary>
    public async ValueTask<Prediction> ReceiveAsync(CancellationToken cancel)
    {
        var prediction = await Flows.Predictions.Reader.ReadAsync(cancel);
        Flows.InFlight.Leave();
        return prediction;
    }

    public async ValueTask DisposeAsync()
    {
        await stage.StopAsync(CancellationToken.None);
        stage.Dispose();
        Slot.Dispose();
    }
}
