namespace Edge.Telemetry.Drift;

/// <summary>Settings of <see cref="HddmA"/> and <see cref="HddmW"/>. The defaults are the authors'.</summary>
public sealed record HddmOptions
{
    /// <summary>Chance at which a difference of means is a drift, in (0, 1).</summary>
    /// <value>Default 0.001.</value>
    public double DriftConfidence { get; init; } = 0.001;

    /// <summary>Chance at which it is a warning, in (0, 1).</summary>
    /// <value>Default 0.005.</value>
    public double WarningConfidence { get; init; } = 0.005;

    /// <summary>Weight of the latest observation in the moving average of <see cref="HddmW"/>, in (0, 1).</summary>
    /// <value>Default 0.05.</value>
    public double Lambda { get; init; } = 0.05;

    /// <summary>Whether a falling mean counts as well.</summary>
    /// <value>Default false: errors that become fewer are no harm.</value>
    public bool TwoSided { get; init; }

    internal HddmOptions Checked()
    {
        foreach ((double value, string name) in new[] { (DriftConfidence, nameof(DriftConfidence)), (WarningConfidence, nameof(WarningConfidence)), (Lambda, nameof(Lambda)) })
        {
            if (!(value > 0 && value < 1))
            {
                throw new ArgumentOutOfRangeException(name, value, "Must be in (0, 1).");
            }
        }

        return this;
    }

    internal void Exchange(StateArchive archive)
    {
        archive.Same(DriftConfidence, "drift confidence");
        archive.Same(WarningConfidence, "warning confidence");
        archive.Same(Lambda, "lambda");
        archive.Same(TwoSided ? 1 : 0, "two-sided");
    }
}
