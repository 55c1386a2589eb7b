using System.ComponentModel.DataAnnotations;

namespace Edge.Config;

/// <summary>How windows are classified.</summary>
public sealed record InferenceSection
{
    /// <summary>Execution providers in the order in which they are tried; the first that takes the whole graph runs.</summary>
    /// <value>Default TensorRT, CUDA, CPU. Must end in <c>cpu</c>, so that there is always one. Put <c>cpu</c> alone to keep a GPU free.</value>
    [Length(1, 3)]
    [AllowedValues("tensorrt", "cuda", "cpu")]
    [Change(ConfigChange.Pipeline)]
    public IReadOnlyList<string> Providers { get; init; } = ["tensorrt", "cuda", "cpu"];

    /// <summary>Threads of one inference.</summary>
    /// <value>Default 1: the models are small, and the second core is the trainer's.</value>
    [Range(1, 64)]
    [Change(ConfigChange.Pipeline)]
    public int ThreadCount { get; init; } = 1;

    /// <summary>Threads that share windows which have piled up, on the CPU: after a pause, or when a file is read faster than it can be classified. A window that comes alone is never shared.</summary>
    /// <value>Default 0: one for each core, at most 4. 1: windows that have piled up are scored by one thread, and the other cores are left alone; more than there are cores is of no use.</value>
    [Range(0, 64)]
    [Change(ConfigChange.Pipeline)]
    public int BacklogThreadCount { get; init; }

    /// <summary>
    /// Numbers that the running snapshot computes with: <c>float32</c>; <c>int8</c> (for CPUs, calibrated on the replay buffer); <c>float16</c> (for CUDA and TensorRT); <c>auto</c>: int8 on a CPU, else float16. Less than float32 is
    /// examined after a candidate is promoted and after the service has started, and refused where it costs more than half a point on the anchor set or is not faster; float32 runs then.
    /// </summary>
    /// <value>Default <c>float32</c>. A change is examined in the background after the restart that it brings, as soon as there are <c>promotion.minAnchors</c> anchors then, else at the next promotion; back to <c>float32</c> at once.</value>
    [AllowedValues("float32", "float16", "int8", "auto")]
    [Change(ConfigChange.Pipeline)]
    public string Precision { get; init; } = "float32";

    /// <summary>
    /// Share of windows of known classes that may be called "unknown", percent. The anchors say from which novelty on that is so: one less in a hundred than this share needs a hundred anchors, 2 needs 49. While there are fewer, and
    /// with 0, <see cref="UnknownBelowSimilarity"/> decides.
    /// </summary>
    /// <value>Default 2. More: more of what is new is noticed, and more of what is known is doubted. 0: never calibrated.</value>
    [Range(0, 50)]
    [Change(ConfigChange.Pipeline)]
    public double UnknownFalseAlarmPercent { get; init; } = 2;

    /// <summary>Before anchors have calibrated novelty: a window whose cosine to the nearest prototype is below this is "unknown", unless a ridge read-out gives its class nine tenths of the probability.</summary>
    /// <value>Default 0.2. 1: everything is unknown of which the read-out is not that sure; -1: nothing is, once there is one prototype.</value>
    [Range(-1, 1)]
    [Change(ConfigChange.Live)]
    public double UnknownBelowSimilarity { get; init; } = 0.2;

    /// <summary>Temperature of the softmax over prototype cosines. Votes of ridge read-outs are scaled so that it gives confidences that are right as often on the anchor set.</summary>
    /// <value>Default 0.1. Smaller: confidences go to 0 and 1; larger: to one over the number of classes. The ranking stays.</value>
    [Range(0.001, 10)]
    [Change(ConfigChange.Pipeline)]
    public double Temperature { get; init; } = 0.1;
}
