using System.ComponentModel.DataAnnotations;

namespace Edge.Config;

/// <summary>When the input counts as drifted: Page-Hinkley (Page 1954) on the distance to the nearest prototype.</summary>
public sealed record DriftSection
{
    /// <summary>Change of the mean distance that is tolerated.</summary>
    /// <value>Default 0.005. 0: every change counts, so slow wander rings the alarm; above the size of a real change it never rings.</value>
    [Range(0, 10)]
    [Change(ConfigChange.Live)]
    public double Delta { get; init; } = 0.005;

    /// <summary>Cumulated deviation at which the alarm rings. Higher: later and fewer alarms.</summary>
    /// <value>Default 5. Below 1 noise rings it; at 1000 it is as good as off.</value>
    [Range(1e-6, 1e9)]
    [Change(ConfigChange.Live)]
    public double Threshold { get; init; } = 5;

    /// <summary>Windows seen before an alarm can ring.</summary>
    /// <value>Default 60 (77 s at 50 Hz and stride 64). Fewer: the mean is still noise when the first alarm rings.</value>
    [Range(1, 1_000_000)]
    [Change(ConfigChange.Live)]
    public int MinWindows { get; init; } = 60;
}
