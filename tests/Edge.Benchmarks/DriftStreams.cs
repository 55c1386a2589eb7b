using Edge.Config;
using Edge.Runtime.Sensors;
using Edge.Telemetry.Drift;
using Edge.Telemetry.Drift.Watching;

namespace Edge.Benchmarks;

/// <summary>Windows of the simulated IMU, 9 x 128 with stride 64, turned and weakened after a while where asked.</summary>
internal sealed class SimulatedWindows(int seed, double? degrees, double gain = 1)
{
    private const int Length = 128, Stride = 64, Channels = 9, ChangeAt = 2000;

    public IEnumerable<float[]> Take(int count)
    {
        var settings = new SensorSection
        {
            Seed = seed,
            Simulated = new SimulatedSensorSection { DriftAfterSeconds = degrees is null ? 0 : (ChangeAt + 1) * Stride / 50.0, DriftRotationDegrees = degrees ?? 0, DriftGain = degrees is null ? 1 : gain },
        };
        var imu = new SimulatedImu(settings, 0);
        var block = new SampleBlock(Channels, imu.BlockCapacity);
        float[] history = new float[Channels * Length];
        int filled = 0;
        for (int given = 0; given < count;)
        {
            imu.ReadAsync(block, CancellationToken.None).AsTask().GetAwaiter().GetResult();
            for (int c = 0; c < Channels; c++)
            {
                var row = history.AsSpan(c * Length, Length);
                row[block.SampleCount..].CopyTo(row);
                block.Values.AsSpan(c * block.Capacity, block.SampleCount).CopyTo(row[^block.SampleCount..]);
            }

            filled += block.SampleCount;
            if (filled < Length || filled % Stride != 0) continue;
            given++;
            yield return [.. history];
        }
    }

    /// <summary>A window turned about an axis (0: x): the three triads of UCI HAR.</summary>
    public static float[] Turned(float[] window, double degrees, int axis)
    {
        var (sin, cos) = Math.SinCos(degrees * Math.PI / 180);
        for (int triad = 0; triad < 3; triad++)
        {
            for (int t = 0; t < Length; t++)
            {
                int y = (3 * triad + (axis + 1) % 3) * Length + t, z = (3 * triad + (axis + 2) % 3) * Length + t;
                (window[y], window[z]) = ((float)(cos * window[y] - sin * window[z]), (float)(sin * window[y] + cos * window[z]));
            }
        }

        return window;
    }
}

/// <summary>Stands in for the device's encoder and classifier: random tanh features of a window's statistics, prototypes by six-means on the first 600.</summary>
internal sealed class Stand
{
    private const int Features = 27, EmbeddingLength = 128, FirstCount = 600, Classes = 6;
    private readonly float[] weights = new float[EmbeddingLength * Features], channels = new float[18], features = new float[Features], embedding = new float[EmbeddingLength];
    private readonly List<float[]> first = [];
    private readonly double[] centre = new double[Features], spread = new double[Features];
    private float[][] prototypes = [];
    private ulong windowId;
    private (double Novelty, double Margin, int Class) seen;

    public Stand()
    {
        var random = new Random(5);
        for (int i = 0; i < weights.Length; i++) weights[i] = (float)(Gaussian(random) / Math.Sqrt(Features));
    }

    public Stand(IEnumerable<float[]> windows) : this()
    {
        foreach (float[] window in windows) Encode(window);
    }

    /// <summary>The watch of a device whose configuration says nothing of drift.</summary>
    public static DriftWatch DefaultWatch()
    {
        var defaults = new DriftSection();
        return Watch(defaults.Detectors, defaults.DistanceTest, defaults.MarginTest, defaults.ExpectedRunWindows);
    }

    public static DriftWatch Watch(IReadOnlyList<string> detectors)
    {
        int calibrated = Math.Max(1, detectors.Count(DriftWatch.CalibratedNames.Contains));
        return Watch([.. detectors.Select(name => name.Split(' ')[0])], TestOf("distance"), TestOf("margin"), new DriftSection().ExpectedRunWindows * (4.0 / calibrated)); // Alone as within the watch of all four.

        string TestOf(string name) => detectors.Contains($"{name} by kswin") ? "kswin" : "adwin";
    }

    private static DriftWatch Watch(IReadOnlyList<string> detectors, string distanceTest, string marginTest, double expectedRunTime)
    {
        var defaults = new DriftSection();
        var watch = new DriftWatch(new DriftWatchOptions
        {
            Channels = ["totalX", "totalY", "totalZ", "bodyX", "bodyY", "bodyZ", "rateX", "rateY", "rateZ"],
            Classes = ["a", "b", "c", "d", "e", "f"],
            Detectors = detectors,
            DistanceTest = distanceTest,
            MarginTest = marginTest,
            ExpectedRunTime = expectedRunTime,
            ReferenceCount = defaults.ReferenceWindows,
            RefractorySeconds = defaults.RefractorySeconds,
            PageHinkley = new PageHinkleyOptions { MinInstances = defaults.MinWindows, Delta = defaults.Delta, Threshold = defaults.Threshold, Direction = DriftDirection.Up },
        });
        watch.SnapshotChanged("stand", EmbeddingLength);
        return watch;
    }

    /// <summary>Encodes one window.</summary>
    public void Encode(float[] window)
    {
        windowId++;
        ChannelStatistics.Measure(window, channels);
        channels.CopyTo(features, 0);
        for (int c = 0; c < 9; c++)
        {
            double steps = 0;
            for (int t = 1; t < 128; t++) steps += Math.Abs(window[c * 128 + t] - window[c * 128 + t - 1]);
            features[18 + c] = (float)Math.Log(1e-6 + steps / 127);
        }

        if (prototypes.Length == 0)
        {
            first.Add([.. features]);
            if (first.Count == FirstCount) Learn();
            return;
        }

        Embed(features, embedding);
        seen = Nearest(embedding);
    }

    /// <summary>Gives the latest window to a watch; the first ones have no embedding.</summary>
    public DriftEvent? Feed(DriftWatch watch) => watch.Observe(new WatchedWindow
    {
        WindowId = windowId, EndSeconds = windowId * 1.28, KnowsClasses = prototypes.Length > 0, Channels = channels, Embedding = prototypes.Length == 0 ? default : embedding, Novelty = seen.Novelty, Margin = seen.Margin, ClassIndex = prototypes.Length == 0 ? -1 : seen.Class,
    });

    public DriftEvent? Feed(DriftWatch watch, float[] window)
    {
        Encode(window);
        return Feed(watch);
    }

    /// <summary>The part of a window that the device pays beside its encoder.</summary>
    public void FeedEncoded(DriftWatch watch, float[] window, int index)
    {
        windowId++;
        ChannelStatistics.Measure(window, channels);
        seen.Class = index % 2 == 0 ? seen.Class : -1;
        Feed(watch);
    }

    public static float[] Normalised(float[] row)
    {
        float size = MathF.Sqrt(row.Sum(v => v * v));
        for (int i = 0; i < row.Length; i++) row[i] /= size;
        return row;
    }

    public static double Gaussian(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    private void Learn()
    {
        for (int k = 0; k < Features; k++)
        {
            centre[k] = first.Average(f => f[k]);
            spread[k] = Math.Max(1e-6, Math.Sqrt(first.Average(f => (f[k] - centre[k]) * (f[k] - centre[k]))));
        }

        float[][] rows = [.. first.Select(f =>
        {
            float[] row = new float[EmbeddingLength];
            Embed(f, row);
            return row;
        })];
        prototypes = [.. Enumerable.Range(0, Classes).Select(c => rows[c * (FirstCount / Classes)])];
        for (int round = 0; round < 20; round++)
        {
            var groups = rows.GroupBy(row => Nearest(row).Class).ToDictionary(g => g.Key, g => g.ToList());
            prototypes = [.. Enumerable.Range(0, Classes).Select(c => groups.TryGetValue(c, out var members) ? Normalised([.. Enumerable.Range(0, EmbeddingLength).Select(k => members.Average(m => m[k]))]) : prototypes[c])];
        }
    }

    private void Embed(float[] from, float[] into)
    {
        for (int i = 0; i < EmbeddingLength; i++)
        {
            double sum = 0;
            for (int k = 0; k < Features; k++) sum += weights[i * Features + k] * (from[k] - centre[k]) / spread[k];
            into[i] = (float)Math.Tanh(sum);
        }

        Normalised(into);
    }

    private (double Novelty, double Margin, int Class) Nearest(float[] row)
    {
        (double best, double second, int nearest) = (-2, -2, -1);
        for (int c = 0; c < prototypes.Length; c++)
        {
            double cosine = System.Numerics.Tensors.TensorPrimitives.Dot<float>(row, prototypes[c]);
            (best, second, nearest) = cosine > best ? (cosine, best, c) : (best, Math.Max(second, cosine), nearest);
        }

        return (1 - best, best - second, nearest);
    }
}

/// <summary>Detectors of one number on independent observations with a change.</summary>
internal static class NumberStreams
{
    private const int Before = 1000, TrialCount = 200, QuietCount = 100_000;

    public static IEnumerable<string> Rows()
    {
        yield return Row("adwin", "δ 0.002, clock 32", () => new Adwin(), false);
        yield return Row("adwin", "δ 1e-5, clock 32", () => new Adwin(new AdwinOptions { Delta = 1e-5 }), false);
        yield return Row("pageHinkley", "river's: δ 0.005, λ 50", () => new PageHinkley(), false);
        yield return Row("pageHinkley", "δ 0.5 σ, λ 10 σ", () => new PageHinkley(new PageHinkleyOptions { Delta = 0.5, Threshold = 10 }), false);
        yield return Row("kswin", "α 0.005", () => new Kswin(), false);
        yield return Row("kswin", "α 1e-4", () => new Kswin(new KswinOptions { Alpha = 1e-4 }), false);
        yield return Row("ddm", "2 σ, 3 σ", () => new Ddm(), true);
        yield return Row("hddmA", "0.005, 0.001", () => new HddmA(), true);
        yield return Row("hddmW", "λ 0.05, 0.005, 0.001", () => new HddmW(), true);
        yield return Row("adwin", "δ 0.002, clock 32", () => new Adwin(), true);
    }

    private static string Row(string name, string settings, Func<IDriftDetector> make, bool errors)
    {
        var random = new Random(3);
        List<double> delays = [];
        for (int trial = 0; trial < TrialCount; trial++)
        {
            var detector = make();
            for (int i = 0; i < Before; i++) detector.Update(Next(errors ? 0.1 : 0));
            int delay = 1;
            while (delay < 5000 && detector.Update(Next(errors ? 0.3 : 2)) != DriftState.Drift) delay++;
            delays.Add(delay < 5000 ? delay : double.PositiveInfinity);
        }

        var quiet = make();
        int alarms = Enumerable.Range(0, QuietCount).Count(_ => quiet.Update(Next(errors ? 0.1 : 0)) == DriftState.Drift);
        return DriftBenchmark.Text($"| {name} | {settings}{(errors ? ", errors" : "")} | {delays.Order().ElementAt(TrialCount / 2)}, {delays.Max()} | {alarms} |");

        double Next(double level) => errors ? (random.NextDouble() < level ? 1 : 0) : level + Stand.Gaussian(random);
    }
}
