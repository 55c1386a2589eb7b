using System.ComponentModel.DataAnnotations;

namespace Edge.Config;

/// <summary>When the stream counts as drifted, and what is watched for it.</summary>
public sealed record DriftSection
{
    /// <summary>
    /// What is watched: <c>inputs</c> (mean and spread of each channel), <c>embedding</c> (distribution of the embeddings within their classes), <c>prototypes</c> (distance to the nearest prototype, and margin, within
    /// classes), <c>pageHinkley</c> (the same distance as a sequential test), <c>distance</c> and <c>margin</c> (each within classes as a sequential test, see <c>distanceTest</c>, <c>marginTest</c>), <c>labelError</c> (right or wrong as labels come, without the answers to what the device asked for, since it asks where it is in doubt), <c>classMix</c> (how often each class is answered; it is told, and no round is asked for),
    /// <c>perClassKs</c> (the distances to the nearest prototype of each class for itself, by the test of Kolmogorov and Smirnov; it finds one class of several that changes by itself; of a class <c>referenceWindows</c> make its reference, and its latest 128 are compared with it).
    /// </summary>
    /// <value>Default all but <c>classMix</c> and <c>perClassKs</c>: what a person does changes with the hour, and a class by itself is judged late (a sensor turned by 20° <c>perClassKs</c> finds after 653 windows, <c>prototypes</c> after 42; Telemetry/results/drift.md). Empty: nothing is watched.</value>
    [Length(0, 9)]
    [AllowedValues("inputs", "embedding", "prototypes", "pageHinkley", "distance", "margin", "labelError", "classMix", "perClassKs")]
    [Change(ConfigChange.Pipeline)]
    public IReadOnlyList<string> Detectors { get; init; } = ["inputs", "embedding", "prototypes", "pageHinkley", "distance", "margin", "labelError"];

    /// <summary>Windows between two false alarms on a stream that stays as it is, on average, of <c>inputs</c>, <c>embedding</c>, <c>prototypes</c>, <c>classMix</c> and <c>perClassKs</c> together, as far as they are at work. Their thresholds are derived from it.</summary>
    /// <value>Default 10000 (3.6 h at 50 Hz and stride 64). Fewer: quicker alarms, more of them false; more: small changes are found late.</value>
    [Range(1000, 1e9)]
    [Change(ConfigChange.Pipeline)]
    public double ExpectedRunWindows { get; init; } = 10_000;

    /// <summary>Windows that make the reference with which the latest ones are compared. After an alarm, and for what depends on the model after a new snapshot, it is made anew.</summary>
    /// <value>Default 360 (7.7 min at 50 Hz and stride 64). Fewer: it has not seen all that is usual, and thresholds are high; more: longer blind.</value>
    [Range(100, 10_000)]
    [Change(ConfigChange.Pipeline)]
    public int ReferenceWindows { get; init; } = 360;

    /// <summary>Stream time after an alarm in which no other is told, seconds: one change of the world is one alarm.</summary>
    /// <value>Default 300. 0: every detector tells the same change.</value>
    [Range(0, 1e6)]
    [Change(ConfigChange.Pipeline)]
    public double RefractorySeconds { get; init; } = 300;

    /// <summary><c>pageHinkley</c> (Page 1954): change of the mean distance that is tolerated.</summary>
    /// <value>Default 0.05. 0: every change counts, so slow wander rings the alarm; above the size of a real change it never rings.</value>
    [Range(0, 10)]
    [Change(ConfigChange.Live)]
    public double Delta { get; init; } = 0.05;

    /// <summary><c>pageHinkley</c>: cumulated deviation at which the alarm rings. Higher: later and fewer alarms.</summary>
    /// <value>Default 8: with a delta of 0.05, 6 false alarms in 100,000 simulated windows and 3 in as many of UCI HAR, and a sensor turned by 20° found after 38 windows (Telemetry/results/drift.md). Below 1 noise rings it; at 1000 it is as good as off.</value>
    [Range(1e-6, 1e9)]
    [Change(ConfigChange.Live)]
    public double Threshold { get; init; } = 8;

    /// <summary><c>pageHinkley</c>: windows seen before an alarm can ring.</summary>
    /// <value>Default 60 (77 s at 50 Hz and stride 64). Fewer: the mean is still noise when the first alarm rings.</value>
    [Range(1, 1_000_000)]
    [Change(ConfigChange.Live)]
    public int MinWindows { get; init; } = 60;

    /// <summary>Sequential test of <c>distance</c>, over the mean of 16 windows each: <c>adwin</c> (Bifet, Gavaldà 2007), which compares means, or <c>kswin</c> (Raab et al. 2020), which compares distributions and needs longer.</summary>
    /// <value>Default <c>adwin</c>: no false alarm in 100,000 windows of either stream, a sensor turned by 20° found after 151 windows and kswin's 215, and small shifts found that the windowed tests miss (Telemetry/results/drift.md).</value>
    [AllowedValues("adwin", "kswin")]
    [Change(ConfigChange.Live)]
    public string DistanceTest { get; init; } = "adwin";

    /// <summary>Sequential test of <c>margin</c>, likewise.</summary>
    /// <value>Default <c>adwin</c>: no false alarm in 100,000 windows of either stream, where kswin had one.</value>
    [AllowedValues("adwin", "kswin")]
    [Change(ConfigChange.Live)]
    public string MarginTest { get; init; } = "adwin";

    /// <summary>Test of <c>labelError</c>: <c>hddmA</c> or <c>hddmW</c> (Frías-Blanco et al. 2015), <c>ddm</c> (Gama et al. 2004) or <c>adwin</c>.</summary>
    /// <value>Default <c>hddmA</c>: it assumes no distribution, looks at every label, and of 200 rises of the error from 10 % to 30 % found the median after 110 labels and the slowest after 287; ddm 92 and 764, hddmW 172 and 1570, adwin
    /// (looking every 32 labels) 120 and 248. None rang in 100,000 labels without a rise (Telemetry/results/drift.md).</value>
    [AllowedValues("hddmA", "hddmW", "ddm", "adwin")]
    [Change(ConfigChange.Live)]
    public string LabelErrorTest { get; init; } = "hddmA";
}
