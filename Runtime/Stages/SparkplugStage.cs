using Edge.Telemetry.Sparkplug;
using Microsoft.Extensions.Hosting;

namespace Edge.Runtime.Stages;

/// <summary>The device as a Sparkplug edge node, beside the link of the telemetry stage.</summary>
public sealed class SparkplugStage(SparkplugNode node, FaultRecord faults, IHostApplicationLifetime lifetime) : Stage(faults, lifetime)
{
    /// <inheritdoc/>
    protected override Task RunAsync(CancellationToken stopping) => node.RunAsync(stopping);
}
