namespace Edge.Telemetry.Drift.Watching;

/// <summary>The tests for right (0) and wrong (1) as labels come, by their names in the configuration.</summary>
public static class LabelErrorTests
{
    /// <summary>The names.</summary>
    public static readonly IReadOnlyList<string> Names = ["hddmA", "hddmW", "ddm", "adwin"];

    /// <summary>Makes one, with its authors' settings; ADWIN looks for a change at every label, since labels are few.</summary>
    /// <exception cref="ArgumentException">There is none of that name.</exception>
    public static DriftDetector Make(string name) => name switch
    {
        "hddmA" => new HddmA(),
        "hddmW" => new HddmW(),
        "ddm" => new Ddm(),
        "adwin" => new Adwin(new AdwinOptions { Clock = 1 }),
        _ => throw new ArgumentException($"there is no test '{name}' of label errors; expected {string.Join(", ", Names)}", nameof(name)),
    };
}
