using System.ComponentModel.DataAnnotations;

namespace Edge.Config;

/// <summary>Where samples come from.</summary>
public sealed record SensorSection
{
    /// <summary>Which sensor.</summary>
    /// <value><c>simulated</c> (default): an IMU in software. <c>uciHar</c>: the recorded UCI HAR archive as a class-incremental stream.</value>
    [AllowedValues("simulated", "uciHar")]
    [Change(ConfigChange.Pipeline)]
    public string Kind { get; init; } = "simulated";

    /// <summary>Samples per second of every channel, Hz.</summary>
    /// <value>Default 50. Higher: a window of the same <c>length</c> spans less time; lower: it spans more, and fast movements are lost. <c>uciHar</c> is
    /// recorded at 50 and accepts nothing else.</value>
    [Range(1, 10_000)]
    [Change(ConfigChange.Snapshot)]
    public double SampleRateHz { get; init; } = 50;

    /// <summary>How fast stream time runs against the clock.</summary>
    /// <value>
    /// Default 10: ten times faster than real time, so that a demonstration learns within a minute. 1 = real time. 0 = as fast as the pipeline takes it, and then nothing is ever dropped: every queue waits.
    /// </value>
    [Range(0, 1000)]
    [Change(ConfigChange.Pipeline)]
    public double Speed { get; init; } = 10;

    /// <summary>Generator seed for everything the sensor draws (simulated noise, activity order, class order, which windows get a label).</summary>
    /// <value>Default 1. The same seed gives the same stream; devices that are to differ need different ones.</value>
    [Range(0, int.MaxValue)]
    [Change(ConfigChange.Pipeline)]
    public int Seed { get; init; } = 1;

    /// <summary>Settings of the simulated IMU; used when <c>kind</c> is <c>simulated</c>.</summary>
    public SimulatedSensorSection Simulated { get; init; } = new();

    /// <summary>Settings of the recorded UCI HAR stream; used when <c>kind</c> is <c>uciHar</c>.</summary>
    public UciHarSensorSection UciHar { get; init; } = new();
}

/// <summary>A simulated 9-channel IMU: six activities, gravity, gait harmonics, noise, and drift that can be switched on.</summary>
public sealed record SimulatedSensorSection
{
    /// <summary>Seconds of stream time that one activity lasts on average.</summary>
    /// <value>Default 12. Near 2 most windows straddle two activities.</value>
    [Range(2, 3600)]
    [Change(ConfigChange.Pipeline)]
    public double ActivitySeconds { get; init; } = 12;

    /// <summary>Standard deviation of white noise, in g on acceleration and rad/s on rotation.</summary>
    /// <value>Default 0.05. 0 = no noise; above 0.5 activities blur into each other.</value>
    [Range(0, 5)]
    [Change(ConfigChange.Pipeline)]
    public double NoiseStd { get; init; } = 0.05;

    /// <summary>Range of the accelerometer, g: what lies beyond is clipped, as a real one does.</summary>
    /// <value>Default 16. Below 2 walking downstairs is clipped, below 1 gravity is, and postures look alike.</value>
    [Range(0.1, 1000)]
    [Change(ConfigChange.Pipeline)]
    public double RangeG { get; init; } = 16;

    /// <summary>Stream time after which the drift below sets in, seconds.</summary>
    /// <value>Default 0: from the start. Without effect while rotation is 0, gain 1 and bias 0.</value>
    [Range(0, 1e9)]
    [Change(ConfigChange.Pipeline)]
    public double DriftAfterSeconds { get; init; }

    /// <summary>Rotation of the device about its x axis once drifted, degrees.</summary>
    /// <value>Default 0. 20 is a badly refitted strap.</value>
    [Range(-180, 180)]
    [Change(ConfigChange.Pipeline)]
    public double DriftRotationDegrees { get; init; }

    /// <summary>Factor on every channel once drifted.</summary>
    /// <value>Default 1. 0.8 is a sensor that lost a fifth of its sensitivity; 0 silences it.</value>
    [Range(0, 10)]
    [Change(ConfigChange.Pipeline)]
    public double DriftGain { get; init; } = 1;

    /// <summary>Offset on acceleration channels once drifted, g.</summary>
    /// <value>Default 0. 0.1 is a badly calibrated sensor; beyond 1 gravity no longer shows which way is down.</value>
    [Range(-10, 10)]
    [Change(ConfigChange.Pipeline)]
    public double DriftBiasG { get; init; }
}

/// <summary>The recorded UCI HAR archive (Anguita 2013), streamed as three steps of two classes.</summary>
public sealed record UciHarSensorSection
{
    /// <summary>The zip file, or a folder that holds it.</summary>
    /// <value>Empty (default): the folder in the environment variable EDGE_DATA, then <c>../shared/data</c>.</value>
    [StringLength(4096)]
    [Change(ConfigChange.Pipeline)]
    public string Path { get; init; } = "";

    /// <summary>Names of the six classes in the order in which the stream brings them, two per step.</summary>
    /// <value>Empty (default): the order of the archive (walking, walkingUpstairs, walkingDownstairs, sitting, standing, laying).</value>
    [Length(0, 6)]
    [Change(ConfigChange.Pipeline)]
    public IReadOnlyList<string> ClassOrder { get; init; } = [];

    /// <summary>Whom the stream is judged on after each step.</summary>
    /// <value><c>test</c> (default): the nine people of the test split. <c>validation</c>: six of the 21 people of the training split, drawn by <c>sensor.seed</c>; they are left out of the stream, and the test split is not read. For
    /// choosing between settings: what was chosen on the test split says nothing there any more.</value>
    [AllowedValues("test", "validation")]
    [Change(ConfigChange.Pipeline)]
    public string JudgeOn { get; init; } = "test";
}
