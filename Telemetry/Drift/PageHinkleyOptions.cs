namespace Edge.Telemetry.Drift;

/// <summary>Which way the mean must move for the alarm to ring.</summary>
public enum DriftDirection
{
    /// <summary>Either way.</summary>
    Both,

    /// <summary>Upwards only.</summary>
    Up,

    /// <summary>Downwards only.</summary>
    Down,
}

/// <summary>Settings of <see cref="PageHinkley"/>. The defaults are those of river and MOA.</summary>
public sealed record PageHinkleyOptions
{
    /// <summary>Observations before an alarm can ring.</summary>
    /// <value>Default 30, at least 1.</value>
    public int MinInstances { get; init; } = 30;

    /// <summary>Change of the mean that is tolerated, in the units of the observations.</summary>
    /// <value>Default 0.005, at least 0.</value>
    public double Delta { get; init; } = 0.005;

    /// <summary>The alarm rings when the statistic is above this. Higher: later and fewer alarms.</summary>
    /// <value>Default 50, above 0.</value>
    public double Threshold { get; init; } = 50;

    /// <summary>Forgetting factor of the cumulated deviation, in (0, 1].</summary>
    /// <value>Default 0.9999. 1: nothing is forgotten, Page's original test.</value>
    public double Alpha { get; init; } = 0.9999;

    /// <summary>Which way the mean must move.</summary>
    /// <value>Default both.</value>
    public DriftDirection Direction { get; init; } = DriftDirection.Both;

    /// <summary>Throws when a value is out of range.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Names the first value that is.</exception>
    internal PageHinkleyOptions Checked()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MinInstances, 1, nameof(MinInstances));
        if (!(Delta >= 0 && double.IsFinite(Delta)))
        {
            throw new ArgumentOutOfRangeException(nameof(Delta), Delta, "Delta must be finite and at least 0.");
        }

        if (!(Threshold > 0 && double.IsFinite(Threshold)))
        {
            throw new ArgumentOutOfRangeException(nameof(Threshold), Threshold, "Threshold must be finite and above 0.");
        }

        if (!(Alpha > 0 && Alpha <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(Alpha), Alpha, "Alpha must be in (0, 1].");
        }

        return this;
    }
}
