using Edge.Runtime.Updates.Offers;
using Microsoft.Extensions.Hosting;

namespace Edge.Runtime.Stages;

/// <summary>Fetches snapshots that are offered over the air; only where they are taken.</summary>
public sealed class SnapshotIntakeStage(SnapshotIntake intake, FaultRecord faults, IHostApplicationLifetime lifetime) : Stage(faults, lifetime)
{
    /// <inheritdoc/>
    protected override Task RunAsync(CancellationToken stopping) => intake.RunAsync(stopping);
}
