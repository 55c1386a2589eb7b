using Edge.Runtime.Sensors;
using Edge.Runtime.Windowing;
using Microsoft.Extensions.Hosting;

namespace Edge.Runtime.Stages;

/// <summary>Cuts blocks into windows.</summary>
public sealed class WindowingStage(
    Windower windower, Flows flows, SampleBlockPool blocks, WindowPool windows, ServiceState state, FaultRecord faults, IHostApplicationLifetime lifetime)
    : Stage(faults, lifetime)
{
    private readonly Queue<Window> cut = new();

    /// <inheritdoc/>
    protected override async Task RunAsync(CancellationToken stopping)
    {
        using var ending = flows.EndWith(stopping);
        long broken = 0, lost = 0;
        while (await flows.Blocks.Reader.WaitToReadAsync(CancellationToken.None))
        {
            while (flows.Blocks.Reader.TryRead(out var block))
            {
                windower.Push(block, windows, cut, static (queue, window) => queue.Enqueue(window));
                blocks.Return(block);
                while (cut.TryDequeue(out var window))
                {
                    flows.InFlight.Enter(); // It leaves as a prediction.
                    await flows.Windows.Writer.WriteAsync(window, CancellationToken.None);
                }

                flows.InFlight.Leave();
                state.CountBroken(windower.BrokenCount - broken);
                state.CountDroppedWindows(windower.LostCount - lost);
                (broken, lost) = (windower.BrokenCount, windower.LostCount);
            }
        }
    }
}
