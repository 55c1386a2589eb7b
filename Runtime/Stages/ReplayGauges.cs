using System.Diagnostics.Metrics;
using Edge.Storage;

namespace Edge.Runtime.Stages;

/// <summary>The replay buffer's state as gauges of the meter <c>Edge.Replay</c>, for any listener of System.Diagnostics.Metrics (dotnet-counters, an exporter). Read when asked for; nothing is sampled otherwise.</summary>
public sealed class ReplayGauges : IDisposable
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "Edge.Replay";

    private readonly Meter meter = new(MeterName);

    /// <summary>Publishes the gauges of a store until they are disposed of.</summary>
    public ReplayGauges(ReplayBuffer buffer)
    {
        meter.CreateObservableGauge("edge.replay.written_bytes_per_example", () => buffer.Wear.BytesPerExample, "By", "Bytes handed to the file system per acknowledged example, over the life of the store.");
        meter.CreateObservableGauge("edge.replay.write_amplification", () => buffer.Wear.Amplification, "1", "The same per byte of samples.");
        meter.CreateObservableGauge("edge.replay.examples", () => (long)buffer.Counts.ReplayCount, "{example}", "Examples kept for replay.");
        meter.CreateObservableGauge("edge.replay.anchors", () => (long)buffer.Counts.AnchorCount, "{example}", "Examples held out.");
        meter.CreateObservableGauge("edge.replay.fresh", () => (long)buffer.Counts.FreshCount, "{example}", "Examples that wait for a round.");
        meter.CreateObservableGauge("edge.replay.corrupt", () => buffer.Counts.CorruptCount, "{record}", "Records found damaged since the start.");
        meter.CreateObservableGauge("edge.replay.copy_failures", () => buffer.CopyFailureCount, "{copy}", "Copies of the file that could not be made since the start.");
    }

    /// <inheritdoc/>
    public void Dispose() => meter.Dispose();
}
