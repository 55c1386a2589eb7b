using Edge.Config;
using Edge.Storage;

namespace Edge.Runtime.Sensors;

/// <summary>
/// A waist-worn IMU in software, with the channels and classes of UCI HAR: total acceleration and body acceleration (g), rotation rate (rad/s). Gravity turns with the posture, gait
/// is a step frequency with harmonics whose amplitude and phase differ by activity and by person, everything carries white noise; rotation, gain and bias can set in as drift.
/// The same seed gives the same stream.
/// </summary>
public sealed class SimulatedImu : ISensor
{
    private const int BlockSamples = 16;
    private static readonly Gait[] s_gaits =
    [
        new("walking", 1.9, 0.28, 0.14, 0.9, 5),
        new("walkingUpstairs", 1.5, 0.22, 0.22, 0.7, 18),
        new("walkingDownstairs", 2.2, 0.45, 0.20, 1.1, -6),
        new("sitting", 0.25, 0.006, 0, 0.02, 25),
        new("standing", 0.3, 0.012, 0, 0.03, 2),
        new("laying", 0.22, 0.008, 0, 0.015, 88),
    ];

    private readonly SensorSection settings;
    private long nextSample;
    private double activityUntil;
    private long activityNumber;
    private Gait gait = s_gaits[0];
    private Random random = new(0);
    private double frequency, tilt, amplitude, phase;

    /// <summary>Creates the sensor; stream time goes on from <paramref name="startSeconds"/>.</summary>
    public SimulatedImu(SensorSection settings, double startSeconds)
    {
        this.settings = settings;
        // A new activity begins at the start, with a number that no earlier run has used (stream time only grows) and that begins a permutation of all six.
        activityNumber = (long)Math.Ceiling(startSeconds * 10 / s_gaits.Length) * s_gaits.Length - 1;
        nextSample = (long)Math.Ceiling(startSeconds * settings.SampleRateHz);
        activityUntil = double.NegativeInfinity;
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Channels => UciHarArchive.Channels;

    /// <inheritdoc/>
    public double SampleRateHz => settings.SampleRateHz;

    /// <inheritdoc/>
    public int BlockCapacity => BlockSamples;

    /// <inheritdoc/>
    public ValueTask<SensorReading> ReadAsync(SampleBlock block, CancellationToken cancel)
    {
        double start = nextSample / SampleRateHz;
        if (start >= activityUntil) BeginActivity(start);
        block.StartSeconds = start;
        block.Truth = gait.Name;
        block.SampleCount = BlockSamples;
        for (int i = 0; i < BlockSamples; i++) Fill(block, i, (nextSample + i) / SampleRateHz);
        nextSample += BlockSamples;
        return ValueTask.FromResult(SensorReading.Block);
    }

    private void BeginActivity(double start)
    {
        activityNumber++;
        random = new Random(HashCode(settings.Seed, activityNumber));
        // Six in a row are a permutation, so that no class is away for long.
        var order = s_gaits.ToArray();
        new Random(HashCode(settings.Seed + 7, activityNumber / s_gaits.Length)).Shuffle(order);
        gait = order[activityNumber % s_gaits.Length];
        activityUntil = start + settings.Simulated.ActivitySeconds * (0.6 + 0.8 * random.NextDouble());
        frequency = gait.StepHz * (0.88 + 0.24 * random.NextDouble());
        amplitude = 0.75 + 0.5 * random.NextDouble();
        tilt = (gait.TiltDegrees + 8 * (random.NextDouble() - 0.5)) * Math.PI / 180;
        phase = random.NextDouble() * 2 * Math.PI;
    }

    private void Fill(SampleBlock block, int index, double seconds)
    {
        double step = 2 * Math.PI * frequency * seconds + phase;
        double vertical = amplitude * (gait.VerticalG * Math.Sin(step) + 0.5 * gait.VerticalG * Math.Sin(2 * step + 0.7));
        double forward = amplitude * (0.6 * gait.VerticalG * Math.Sin(step + 1.2) + gait.ForwardG * Math.Sin(3 * step));
        double sideways = amplitude * 0.4 * gait.VerticalG * Math.Sin(step / 2 + 0.4);
        double turn = amplitude * gait.TurnRadPerS;
        Span<double> body = [vertical, sideways, forward];
        Span<double> gravity = [Math.Cos(tilt), 0.05, Math.Sin(tilt)];
        Span<double> rate = [turn * Math.Sin(step / 2), 0.5 * turn * Math.Sin(step + 0.9), 0.7 * turn * Math.Sin(step / 2 + 1.6)];

        var simulated = settings.Simulated;
        bool drifted = seconds >= simulated.DriftAfterSeconds;
        double angle = drifted ? simulated.DriftRotationDegrees * Math.PI / 180 : 0, gain = drifted ? simulated.DriftGain : 1, bias = drifted ? simulated.DriftBiasG : 0;
        Rotate(body, angle);
        Rotate(gravity, angle);
        Rotate(rate, angle);
        for (int axis = 0; axis < 3; axis++)
        {
            double noise = simulated.NoiseStd * Gaussian();
            block.Values[axis * block.Capacity + index] = (float)Math.Clamp(gain * (body[axis] + gravity[axis] + noise) + bias, -simulated.RangeG, simulated.RangeG);
            block.Values[(3 + axis) * block.Capacity + index] = (float)Math.Clamp(gain * (body[axis] + noise) + bias, -simulated.RangeG, simulated.RangeG);
            block.Values[(6 + axis) * block.Capacity + index] = (float)(gain * (rate[axis] + simulated.NoiseStd * Gaussian()));
        }
    }

    private static void Rotate(Span<double> vector, double angle)
    {
        (double sin, double cos) = Math.SinCos(angle);
        (vector[1], vector[2]) = (cos * vector[1] - sin * vector[2], sin * vector[1] + cos * vector[2]);
    }

    // Box-Muller.
    private double Gaussian() => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    private static int HashCode(int seed, long number)
    {
        ulong mixed = ((ulong)(uint)seed << 32) ^ (ulong)number * 0x9E3779B97F4A7C15UL;
        mixed ^= mixed >> 31;
        return (int)(mixed * 0xBF58476D1CE4E5B9UL >> 33);
    }

    private sealed record Gait(string Name, double StepHz, double VerticalG, double ForwardG, double TurnRadPerS, double TiltDegrees);
}
