using Edge.Config;
using Edge.Runtime.Learning;
using Edge.Storage;

namespace Edge.Runtime.Stages;

/// <summary>What a run came to. Accuracies and forgetting are there at the end of a recorded stream, in percent and percentage points, on people who were never streamed (<see cref="JudgedOn"/>).</summary>
public sealed record RunSummary
{
    /// <summary>The counters of a run.</summary>
    public static RunSummary Of(ServiceState state, ReplayCounts now, DeviceConfig config, ReplayCounts before, string readOut) => new()
    {
        ReadOut = readOut,
        WindowsSeen = state.WindowsSeen,
        WindowsDropped = state.WindowsDropped,
        WindowsBroken = state.WindowsBroken,
        ExamplesStored = state.ExamplesStored,
        ReplayBufferExamples = now.ReplayCount,
        AnchorExamples = now.AnchorCount,
        FreshCapacity = config.Replay.FreshCapacity,
        JudgedOn = config.Sensor.Kind == "uciHar" ? config.Sensor.UciHar.JudgeOn : null,
        RoundsRun = state.RoundsRun,
        RoundsFailed = state.RoundsFailed,
        SnapshotsPromoted = state.SnapshotsPromoted,
        SnapshotsRefused = state.SnapshotsRefused,
        RequestsMade = state.RequestsMade,
        DriftAlarms = state.DriftAlarms,
        LatencyP50Ms = state.LatencyMs(50),
        LatencyP99Ms = state.LatencyMs(99),
        PeakRssMb = TrainingChild.ResidentMiB(Environment.ProcessId, "VmHWM") * 1.048576,
        Seconds = state.Uptime.TotalSeconds,
        StartedWithExamples = before.ReplayCount + before.AnchorCount + before.FreshCount,
    };

    /// <summary>Mean over steps of the accuracy on the step's classes after the last step (A_T).</summary>
    public double? AverageAccuracy { get; init; }

    /// <summary>Chaudhry et al. 2018: mean over all but the last step of (best accuracy before the last step - accuracy now).</summary>
    public double? Forgetting { get; init; }

    /// <summary>Mean over steps of the accuracy on the step's classes right after it.</summary>
    public double? LearningAccuracy { get; init; }

    /// <summary>Whom accuracies are measured on, as <c>sensor.uciHar.judgeOn</c> has it; null for a stream that is not judged.</summary>
    public string? JudgedOn { get; init; }

    /// <summary>Class name to its accuracy after each step.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<double>> PerClassAccuracy { get; init; } = new Dictionary<string, IReadOnlyList<double>>();

    /// <summary>
    /// Class name to the share of its windows that the device would call "unknown" after each step, percent: false alarms from the step on that brings the class, and before it what "unknown" is for. The accuracies above judge the
    /// class that has the votes, so that they say the same whatever false-alarm rate is asked for.
    /// </summary>
    public IReadOnlyDictionary<string, IReadOnlyList<double>> PerClassUnknown { get; init; } = new Dictionary<string, IReadOnlyList<double>>();

    /// <summary>How many windows of classes met so far would be called "unknown", percent, mean over the steps.</summary>
    public double? UnknownOfKnownPercent { get; init; }

    /// <summary>The same of classes not met yet; null where a stream brings all at once.</summary>
    public double? UnknownOfNewPercent { get; init; }

    /// <summary>Classes that each step brought.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Steps { get; init; } = [];

    /// <summary>Windows classified.</summary>
    public required long WindowsSeen { get; init; }

    /// <summary>Windows lost.</summary>
    public required long WindowsDropped { get; init; }

    /// <summary>Windows not classified because a sample was NaN, infinite or beyond what a sensor measures.</summary>
    public required long WindowsBroken { get; init; }

    /// <summary>Labelled windows made durable.</summary>
    public required long ExamplesStored { get; init; }

    /// <summary>Examples in the replay buffer at the end; it never holds more than its capacity.</summary>
    public required int ReplayBufferExamples { get; init; }

    /// <summary>Examples held out at the end; likewise.</summary>
    public required int AnchorExamples { get; init; }

    /// <summary>Most new examples that may wait for a round, beside the replay buffer.</summary>
    public required int FreshCapacity { get; init; }

    /// <summary>Rounds that brought a candidate.</summary>
    public required long RoundsRun { get; init; }

    /// <summary>Rounds that did not.</summary>
    public required long RoundsFailed { get; init; }

    /// <summary>Candidates promoted.</summary>
    public required long SnapshotsPromoted { get; init; }

    /// <summary>Candidates refused.</summary>
    public required long SnapshotsRefused { get; init; }

    /// <summary>Labels that the device asked for.</summary>
    public required long RequestsMade { get; init; }

    /// <summary>Drift alarms.</summary>
    public required long DriftAlarms { get; init; }

    /// <summary>Which branches voted at the end: <c>prototypes</c>, <c>frozen ridge</c>, …</summary>
    public required string ReadOut { get; init; }

    /// <summary>Median time from a window's last sample to its prediction, milliseconds.</summary>
    public required double LatencyP50Ms { get; init; }

    /// <summary>99th percentile of the same.</summary>
    public required double LatencyP99Ms { get; init; }

    /// <summary>Peak resident memory of the service (training runs in a child), MB (10^6 bytes).</summary>
    public required double PeakRssMb { get; init; }

    /// <summary>Wall time of the run.</summary>
    public required double Seconds { get; init; }

    /// <summary>Examples that were there before the run; above 0 the figures include earlier learning.</summary>
    public required int StartedWithExamples { get; init; }
}
