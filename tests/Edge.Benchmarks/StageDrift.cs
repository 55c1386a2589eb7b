using Edge.Config;
using Edge.Runtime.Stages;
using Edge.Runtime.Updates;
using Edge.Runtime.Windowing;
using Edge.Storage;
using Edge.Telemetry.Drift.Watching;
using Edge.Telemetry.Messages;
using Edge.Telemetry.Mqtt;
using Microsoft.Extensions.Logging.Abstractions;

namespace Edge.Benchmarks;

/// <summary>The drift watch as the classifier stage has it, for a stage that runs without a service. It watches everything, and expects so long a time between two alarms that none rings.</summary>
internal static class StageDrift
{
    /// <summary>A watch over windows of this shape, which has seen nothing.</summary>
    public static DriftAlarms Of(WindowShape shape, IReadOnlyList<string> classes, LiveConfig live, WindowRing ring, ServiceState state) =>
        Of(Watch(shape, classes), new ReferenceWindows(live.Current.Drift.ReferenceWindows, shape.ValueCount), shape, live, ring, state);

    /// <summary>The watch alone.</summary>
    public static DriftWatch Watch(WindowShape shape, IReadOnlyList<string> classes) =>
        new(new DriftWatchOptions { Channels = [.. Enumerable.Range(0, shape.ChannelCount).Select(c => $"c{c}")], Classes = classes, ExpectedRunTime = 1e9, PageHinkley = new() { Threshold = 1e9 } });

    /// <summary>What feeds a watch.</summary>
    public static DriftAlarms Of(DriftWatch watch, ReferenceWindows reference, WindowShape shape, LiveConfig live, WindowRing ring, ServiceState state) => new(
        watch, reference, ring, live, shape, _ => DriftAction.None("there is no service"), new Reporter(new Topics("edge", "device"), "boot", TimeProvider.System, _ => { }), state, NullLogger<DriftAlarms>.Instance);

    /// <summary>The default configuration with this inference.</summary>
    public static LiveConfig Live(InferenceSection inference, IReadOnlyList<string> classes) => new(new DeviceConfig { Inference = inference, Labels = new LabelsSection { Classes = classes } });
}
