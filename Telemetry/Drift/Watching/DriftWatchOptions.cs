namespace Edge.Telemetry.Drift.Watching;

/// <summary>Settings of <see cref="DriftWatch"/>.</summary>
public sealed record DriftWatchOptions
{
    /// <summary>Names of the sensor's channels.</summary>
    public required IReadOnlyList<string> Channels { get; init; }

    /// <summary>Names of the classes.</summary>
    public required IReadOnlyList<string> Classes { get; init; }

    /// <summary>The same classes by the names that a record knows them by, where they are called otherwise now: a new name begins nothing anew.</summary>
    /// <value>Default null: the same names.</value>
    public IReadOnlyList<string>? StoredClasses { get; init; }

    /// <summary>Which detectors are at work, of <see cref="DriftWatch.DetectorNames"/>.</summary>
    /// <value>Default all.</value>
    public IReadOnlyList<string> Detectors { get; init; } = DriftWatch.DetectorNames;

    /// <summary>Mean number of windows between two false alarms of all calibrated detectors together.</summary>
    /// <value>Default 10,000 (3.6 h at 50 Hz and stride 64).</value>
    public double ExpectedRunTime { get; init; } = 10_000;

    /// <summary>Windows that make a reference.</summary>
    /// <value>Default 360.</value>
    public int ReferenceCount { get; init; } = 360;

    /// <summary>Latest windows that are compared with it. The class mix, which needs to see several activities, takes twice as many.</summary>
    /// <value>Default 64.</value>
    public int WindowCount { get; init; } = 64;

    /// <summary>Windows for which a stream stays as it is; see <see cref="ShiftOptions.BlockCount"/>.</summary>
    /// <value>Default 16.</value>
    public int BlockCount { get; init; } = 16;

    /// <summary>Stream time after an alarm in which no other is told, seconds: one change of the world is one alarm.</summary>
    /// <value>Default 300.</value>
    public double RefractorySeconds { get; init; } = 300;

    /// <summary>Page-Hinkley on the distance to the nearest prototype.</summary>
    public PageHinkleyOptions PageHinkley { get; init; } = new() { MinInstances = 60, Delta = 0.05, Threshold = 8, Direction = DriftDirection.Up };

    /// <summary>Sequential test of <c>distance</c>: <c>adwin</c> or <c>kswin</c>.</summary>
    public string DistanceTest { get; init; } = "adwin";

    /// <summary>Sequential test of <c>margin</c>: <c>adwin</c> or <c>kswin</c>.</summary>
    public string MarginTest { get; init; } = "adwin";

    /// <summary>Test of <c>labelError</c>, of <see cref="LabelErrorTests.Names"/>.</summary>
    public string LabelErrorTest { get; init; } = "hddmA";

    /// <summary>Seed of whatever is drawn.</summary>
    public int Seed { get; init; } = 1;
}

/// <summary>The sequential tests of a watch, which can be exchanged while it watches.</summary>
/// <param name="PageHinkley">Limits of <c>pageHinkley</c>.</param>
/// <param name="Distance">As <see cref="DriftWatchOptions.DistanceTest"/>.</param>
/// <param name="Margin">As <see cref="DriftWatchOptions.MarginTest"/>.</param>
/// <param name="LabelError">As <see cref="DriftWatchOptions.LabelErrorTest"/>.</param>
public sealed record SequentialTests(PageHinkleyOptions PageHinkley, string Distance, string Margin, string LabelError);
